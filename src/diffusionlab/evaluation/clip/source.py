"""Where a CLIP comes from: a run of the lab's own on the same data, or weights of open_clip. Never from the network
unless that is asked for."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.clip.scorer import ClipScorer
from diffusionlab.models import DualEncoder
from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.canonical import canonical
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry

OPEN_CLIP_CONFIG = "open_clip_config.json"
"""Beside the weights, what open_clip needs to load a folder."""


@dataclass(frozen=True)
class ChosenClip:
    """A CLIP, ready to score images of these classes. `run_id`: of the lab's run that it is; None for another's."""

    name: str
    run_id: str | None
    scorer: ClipScorer


@dataclass(frozen=True, kw_only=True)
class LocalClip:
    """A CLIP that the lab trained. `run`: as one types a run; None: the newest finished one on the same data."""

    registry_uri: str
    prompts: Mapping[str, str]
    run: str | None = None

    def choose(self, dataset: str, class_names: Sequence[str], option: str) -> ChosenClip:
        """`dataset`: as the data module calls it, `option`: as one types it.

        Raises UsageError that says how to train one where there is none.
        """
        record = find_run(self.registry_uri, self.run) if self.run else self._newest(dataset, class_names)
        if record is None:
            raise UsageError(
                f"clip=local: no finished CLIP run on {dataset} with these classes in {self.registry_uri}: "
                f"type python train.py model=clip data={option}"
            )
        if record.path is None:
            raise UsageError(f"clip.run={record.run_id} was imported without a folder: there is no CLIP to load")
        encoder = load_local(Path(record.path))
        return ChosenClip(f"run {record.run_id}", record.run_id, ClipScorer(encoder, class_names, self.prompts))

    def _newest(self, dataset: str, class_names: Sequence[str]) -> RunRecord | None:
        registry = Registry(self.registry_uri)
        if not registry.exists():
            return None
        same = Compare("dataset", "=", canonical("dataset", dataset) or dataset) & Compare("status", "=", "finished")
        records = [
            record
            for record in registry.records(Contains("arch_tags", "clip") & same)
            if list((record.config.get("data") or {}).get("class_names") or ()) == list(class_names)
            and record.path is not None
            and (Path(record.path) / OPEN_CLIP_CONFIG).is_file()
        ]
        return max(records, key=lambda record: record.run_id, default=None)


@dataclass(frozen=True, kw_only=True)
class PretrainedClip:
    """A model of open_clip. `weights`: a tag, or a .safetensors file; `download`: whether a tag may be fetched."""

    model: str
    weights: str
    prompts: Mapping[str, str]
    download: bool = False

    def choose(self, dataset: str, class_names: Sequence[str], option: str) -> ChosenClip:
        """The same for all data."""
        encoder = load_pretrained(self.model, self.weights, download=self.download)
        return ChosenClip(
            f"{self.model} {Path(self.weights).name}", None, ClipScorer(encoder, class_names, self.prompts)
        )


def load_local(folder: Path) -> DualEncoder:
    """The CLIP that `python train.py model=clip` left in a run folder, frozen; raises UsageError where it has none."""
    if not (folder / OPEN_CLIP_CONFIG).is_file():
        raise UsageError(f"{folder} holds no CLIP: clip.run takes a run of python train.py model=clip")
    return _frozen(f"local-dir:{folder}", told=f"the CLIP in {folder} cannot be loaded")


def load_pretrained(model: str, weights: str, *, download: bool = False) -> DualEncoder:
    """An open_clip model with the weights of a tag or of a .safetensors file, frozen.

    Nothing is fetched but with `download`. Raises UsageError, in one line and at once, where the weights are absent.
    """
    import open_clip

    if model not in open_clip.list_models():
        raise UsageError(f"clip.model={model}: open_clip has no such model; ViT-B-32 is one")
    known = open_clip.list_pretrained_tags_by_model(model)
    if weights not in known and not (Path(weights).is_file() and weights.endswith(".safetensors")):
        raise UsageError(f"clip.weights={weights} is no .safetensors file and no tag of {model}: {', '.join(known)}")
    told = f"the weights {weights} of {model} are not at hand"
    if weights in known and not download:
        told += ": type clip.download=true to fetch them, clip.weights=FILE.safetensors, or clip=local"
    with _offline(not download):
        return _frozen(model, pretrained=weights, told=told)


def _frozen(name: str, *, told: str, **options: Any) -> DualEncoder:
    import open_clip

    with _quiet():
        try:
            clip = open_clip.create_model(name, **options)
            tokenize = open_clip.get_tokenizer(name)
        except Exception as error:  # the hub, the file format, the shapes: each has its own exceptions
            raise UsageError(f"{told} ({_first_line(error)})") from error
    return DualEncoder(clip, tokenize).eval().requires_grad_(False)


@contextmanager
def _offline(wanted: bool) -> Iterator[None]:
    """Keep the hub from trying the network for most of a minute before it says that a file is not there."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, wanted or constants.HF_HUB_OFFLINE
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip logs to the root logger what is raised here in one line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
