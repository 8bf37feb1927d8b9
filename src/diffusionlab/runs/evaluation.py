"""Measuring the samples of a run under one protocol, against real images of its data set."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from diffusionlab.data.mapped import MappedImages, in_temporary_file
from diffusionlab.diffusion import Guidance, Sampler
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.classifier import Classifier, trained_classifier
from diffusionlab.evaluation.features import FeatureExtractor, MakeFeatures
from diffusionlab.evaluation.judge import MIN_SAMPLES, OTHER, Judge, Judgement
from diffusionlab.registry.record.run_record import utc_now
from diffusionlab.runs.checkpoint import saved_step
from diffusionlab.runs.settings import make, option
from diffusionlab.visualization.grids import image_grid

if TYPE_CHECKING:
    from diffusionlab.runs.run import Run

log = logging.getLogger(__name__)

ENOUGH = 2000
"""Samples below which the Fréchet distance is reported with its bias."""

NUM_ROWS = 12
"""Samples in the picture of nearest training images."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The figures of one run under one protocol, as its JSON file holds them; see `Judgement` for what they are.

    `step`: how many optimizer steps the weights have behind them, None if their file does not say.
    `classifier_accuracy` is that of the classifier on real test images, None if there is none.
    """

    run_id: str
    step: int | None
    protocol: str
    evaluated_at: str
    seed: int
    num_samples: int
    metrics: dict[str, float]
    floor: dict[str, float]
    floor_samples: int
    classes: dict[str, dict[str, float]]
    classifier_accuracy: float | None

    @property
    def for_registry(self) -> dict[str, float]:
        """The metrics, and under `NAME/CLASS` those of each class."""
        of_classes = {f"{name}/{label}": value for label, own in self.classes.items() for name, value in own.items()}
        return self.metrics | of_classes


class Evaluator:
    """Makes ready all that an evaluation needs, so that what cannot be measured is refused before the first sample.

    `features`: an option of conf/features that needs no other group, or a `MakeFeatures`. `reference`: the real split
    to compare with, train or test. `cache_dir`: for what is made once and used again.
    """

    def __init__(
        self,
        run: "Run",
        *,
        num_samples: int,
        features: str | MakeFeatures = "classifier",
        sampler: str | Sampler | Mapping[str, Any] | None = None,
        num_steps: int | None = None,
        guidance_scale: float | Guidance | None = None,
        reference: str = "train",
        per_class: bool = True,
        seed: int = 0,
        batch_size: int = 250,
        cache_dir: Path | str = "outputs/cache",
    ) -> None:
        if num_samples < MIN_SAMPLES:
            raise UsageError(f"num_samples={num_samples}: at least {MIN_SAMPLES}, and {ENOUGH} for a figure to trust")
        if reference not in OTHER:
            raise UsageError(f"reference={reference}: train or test")
        if batch_size < 1:
            raise UsageError(f"batch_size={batch_size}: at least 1")
        self.run, self.num_samples, self.reference = run, num_samples, reference
        self.per_class, self.seed, self.batch_size = per_class, seed, batch_size
        self.sampler: Sampler = run.sampler(sampler, num_steps)  # refuses a run that has saved nothing yet
        self.step = saved_step(run.folder, run.checkpoint)
        self.guidance: Guidance = run.guidance(guidance_scale)
        self.real = run.real_images
        self.label: Tensor | None = None
        if run.model.network.null_labels:  # each class as often as the real split has it
            self.label = self.real.labels_in_proportion(reference, num_samples)
        if isinstance(features, str):
            features = make({"features": option("features", features)}, "features")
        self.cache_dir = cache_dir = Path(cache_dir)
        self.features: FeatureExtractor = features(real=self.real, cache_dir=cache_dir, device=run.device)  # type: ignore[operator]
        self.classifier = None if self.label is None else self._classifier(cache_dir)
        self.judge = Judge(self.real, self.features, self.classifier, reference=reference, cache_dir=cache_dir)

    def _classifier(self, cache_dir: Path) -> Classifier | None:
        """The features' own, or one beside them; None if there is only one class to name."""
        if isinstance(self.features, Classifier):
            return self.features
        several = len(self.real.class_names) > 1
        return trained_classifier(self.real, cache_dir, self.run.device) if several else None

    def evaluate(self) -> Evaluation:
        """Sample and measure."""
        judgement = self.judgement
        if self.num_samples < ENOUGH:
            self._warn_of_bias(judgement)
        return Evaluation(
            run_id=self.run.record.run_id,
            step=self.step,
            protocol=self.protocol,
            evaluated_at=utc_now().isoformat(timespec="seconds"),
            seed=self.seed,
            num_samples=self.num_samples,
            metrics=judgement.metrics,
            floor=judgement.floor,
            floor_samples=judgement.floor_samples,
            classes=judgement.classes,
            classifier_accuracy=None if self.classifier is None else self.classifier.accuracy,
        )

    @cached_property
    def images(self) -> MappedImages:
        """The samples, (num_samples, C, H, W) uint8, in a file that is gone with this process."""
        batches = self.run.sample_batches(
            self.num_samples,
            label=self.label,
            guidance_scale=self.guidance,
            sampler=self.sampler,
            seed=self.seed,
            batch_size=self.batch_size,
            progress=True,
        )
        return in_temporary_file(batches, self.cache_dir)

    @cached_property
    def judgement(self) -> Judgement:
        """Of the samples."""
        return self.judge.judge(self.images, self.label, per_class=self.per_class)

    @property
    def protocol(self) -> str:
        """All that a figure depends on beside the run: only figures of one protocol compare."""
        num_steps = len(self.sampler.times(self.run.model.denoiser.schedule)) - 1
        return (
            f"{self.features.name}, {self.num_samples} samples against {self.real.name} {self.reference} "
            f"({self.real.hash[:8]}), {self.sampler} {num_steps} steps, guidance {self.guidance}"
            + ("" if self.run.ema is None else f", EMA {self.run.ema:g}")
            + ("" if self.run.checkpoint is None else f", checkpoint {self.run.checkpoint}")
        )

    def picture(self) -> Image.Image:
        """A sample and its nearest training images a row: the nearest first, then ever farther ones."""
        judgement = self.judgement
        order = judgement.distances[:, 0].argsort()
        spread = torch.linspace(0, 1, min(NUM_ROWS, len(order))).square() * (len(order) - 1)
        chosen = order[spread.long()]
        rows = torch.cat([self.images[chosen][:, None], self.real.train.images[judgement.rows[chosen]]], dim=1)
        captions = ["sample", "nearest", *(f"{place}." for place in range(2, rows.shape[1]))]
        far = [f"{distance:.2g}" for distance in judgement.distances[chosen, 0].tolist()]
        return image_grid(rows.flatten(0, 1), columns=rows.shape[1], captions=captions, row_captions=far)

    def _warn_of_bias(self, judgement: Judgement) -> None:
        log.warning(
            "%d samples put the Fréchet distance too high: %d real images are at %.4g, all that there are at %.4g; "
            "num_samples=%d or more for a figure to trust",
            self.num_samples,
            judgement.floor_samples,
            judgement.floor["fid"],
            self.judge.best_floor(),
            ENOUGH,
        )
