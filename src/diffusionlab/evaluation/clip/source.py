"""Where a CLIP comes from: a run of the lab's own on the same data, or weights of open_clip.

Never from the network unless that is asked for. A CLIP folder may be a stranger's (see models/pretrained.py), but is
taken only if it is asked for by name.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.clip.scorer import ClipScorer
from diffusionlab.models import DualEncoder
from diffusionlab.models.pretrained import local_clip, open_clip_model
from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.canonical import canonical
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.registry.storage.table import Registry

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChosenClip:
    """A CLIP, ready to score images of these classes.

    `run_id`: of the lab's run that it is; None for another's. `accuracy`: the share of real test images that it names
    rightly, None if that is not recorded.
    """

    name: str
    run_id: str | None
    scorer: ClipScorer
    accuracy: float | None = None


@dataclass(frozen=True, kw_only=True)
class LocalClip:
    """A CLIP that the lab trained. `run`: as one types a run; None: the newest finished one on the same data."""

    registry_uri: str
    prompts: Mapping[str, str]
    run: str | None = None

    def choose(self, dataset: str, class_names: Sequence[str], option: str) -> ChosenClip:
        """`dataset`: as the data module calls it, `option`: as one types it.

        Raises UsageError, which says how to train one, if there is none.
        """
        record = self.find(dataset, class_names)
        if record is None:
            raise UsageError(
                f"clip=local: no finished CLIP run on {dataset} with these classes in {self.registry_uri}: "
                f"type python train.py model=clip data={option}"
            )
        if record.path is None:
            raise UsageError(f"clip.run={record.run_id} was imported without a folder: there is no CLIP to load")
        encoder = local_clip(Path(record.path))
        accuracy = record.metrics.get("zero_shot_accuracy")
        chance = 1 / len(class_names)
        if accuracy is not None and accuracy < min(2 * chance, (1 + chance) / 2):
            log.warning(
                "the CLIP of run %s names %.0f %% of the real images rightly, chance %.0f %%: its scores say little; "
                "train it for longer: python train.py model=clip data=%s trainer.max_epochs=30",
                *(record.run_id, 100 * accuracy, 100 * chance, option),
            )
        return ChosenClip(
            f"run {record.run_id}", record.run_id, ClipScorer(encoder, class_names, self.prompts), accuracy
        )

    def find(self, dataset: str, class_names: Sequence[str]) -> RunRecord | None:
        """The run that is meant; None if it is not named and there is none. Raises UnknownRun."""
        return find_run(self.registry_uri, self.run) if self.run else self._newest(dataset, class_names)

    def _newest(self, dataset: str, class_names: Sequence[str]) -> RunRecord | None:
        registry = Registry(self.registry_uri)
        if not registry.exists():
            return None
        same = Compare("dataset", "=", canonical("dataset", dataset) or dataset) & Compare("status", "=", "finished")
        trained_here = _trained_here(registry)
        records = [
            record
            for record in registry.records(Contains("arch_tags", "clip") & same)
            if _class_names(record) == list(class_names) and trained_here(record)
        ]
        return max(records, key=lambda record: record.run_id, default=None)


def _class_names(record: RunRecord) -> Any:
    data = record.config.get("data")
    return data.get("class_names") if isinstance(data, dict) else None


def _trained_here(registry: Registry) -> Callable[[RunRecord], bool]:
    """Tells the runs whose folder is on this machine and their own from those that an import line names.

    An import line can give any path; only a run that is named by its own run folder is chosen without being asked for.
    """
    imported = registry.journal.read()[0] if registry.journal else {}

    def trained_here(record: RunRecord) -> bool:
        if record.run_id in imported or record.path is None:
            return False
        try:
            return read_record(record.path).run_id == record.run_id
        except (ValueError, OSError):
            return False

    return trained_here


@dataclass(frozen=True, kw_only=True)
class PretrainedClip:
    """A model of open_clip. `weights`: a tag, or a .safetensors file; `download`: whether a tag may be fetched."""

    model: str
    weights: str
    prompts: Mapping[str, str]
    download: bool = False

    def choose(self, dataset: str, class_names: Sequence[str], option: str) -> ChosenClip:
        """The same for all data."""
        encoder = self._load()
        return ChosenClip(
            f"{self.model} {Path(self.weights).name}", None, ClipScorer(encoder, class_names, self.prompts)
        )

    def _load(self) -> DualEncoder:
        try:
            return open_clip_model(self.model, self.weights, download=self.download)
        except UsageError as error:
            fetch = "" if self.download else "clip.download=true to fetch the weights of a tag, "
            raise UsageError(
                f"clip.model={self.model} clip.weights={self.weights}: {error}: "
                f"type {fetch}clip.weights=FILE.safetensors, or clip=local"
            ) from error
