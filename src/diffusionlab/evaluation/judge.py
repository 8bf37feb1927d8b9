"""All figures of one set of samples, and what real images would get in their place."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from torch import Tensor

from diffusionlab.data.mapped import Images
from diffusionlab.evaluation.classifier import Classifier
from diffusionlab.evaluation.distances import frechet_distance, kernel_distance
from diffusionlab.evaluation.features import Distance, FeatureExtractor, extract, extract_once
from diffusionlab.evaluation.neighbours import (
    DENSITY_NEIGHBOURS,
    density_coverage,
    nearest,
    precision_recall,
    share_memorised,
)
from diffusionlab.evaluation.real_images import RealImages

OTHER = {"train": "test", "test": "train"}
MIN_SAMPLES = DENSITY_NEIGHBOURS + 1
"""Fewer have no density."""

MIN_PER_CLASS = 50
"""Fewer samples of a class have no distance of their own: its bias would be all there is to see."""

NUM_SHOWN = 5
"""Nearest training images that are looked up for each sample."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`metrics` of the samples; `floor`, the same of `floor_samples` real images; `classes`, those of each class.

    `distances` and `rows`, both (N, NUM_SHOWN): of each sample the nearest images that the run was trained on, nearest
    first, as rows of `real.train`.
    """

    metrics: dict[str, float]
    floor: dict[str, float]
    floor_samples: int
    classes: dict[str, dict[str, float]]
    distances: Tensor
    rows: Tensor


def figures(
    reference: Tensor, generated: Tensor, further: Mapping[str, Distance] = MappingProxyType({})
) -> dict[str, float]:
    """fid, kid, kid_low, kid_high (its 95 % interval), precision, recall, density, coverage of (N, D) against (M, D).

    And the `further` distances. The Fréchet distance is to the whole reference; the others take equally many of it, its
    first.
    """
    matched = reference[: len(generated)]
    kid = kernel_distance(matched, generated)
    precision, recall = precision_recall(matched, generated[: len(matched)])
    density, coverage = density_coverage(matched, generated[: len(matched)])
    distances = {"fid": frechet_distance(reference, generated), "kid": kid.value}
    distances |= {"kid_low": kid.low, "kid_high": kid.high}
    distances |= {name: distance(matched, generated) for name, distance in further.items()}
    return distances | {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


@dataclass
class Judge:
    """Judges samples by the real images, against the split `reference`.

    The floor is what real images of the other split get in the samples' place: no model need be better. `classifier`
    names the class of each sample; None where the data have no classes. `shown`: whether bars tell of the progress.
    """

    real: RealImages
    features: FeatureExtractor
    classifier: Classifier | None
    _: KW_ONLY
    reference: str = "train"
    cache_dir: Path
    shown: bool = True

    @cached_property
    def of_split(self) -> dict[str, Tensor]:
        """The features (N, D) of both real splits, from the cache where it has them."""
        return {
            split: extract_once(self.features, self.real, split, self.cache_dir, shown=self._words(f"real {split}"))
            for split in OTHER
        }

    def distance(self, images: Images) -> float:
        """The Fréchet distance alone of `images` (N, C, H, W) uint8."""
        generated = extract(self.features, images, shown=self._words("the samples"))
        return frechet_distance(self.of_split[self.reference], generated)

    def judge(self, images: Images, label: Tensor | None, *, per_class: bool = True) -> Judgement:
        """`images` (N, C, H, W) uint8; `label` (N,) int64, the class that each was meant to be, None for no class."""
        generated = extract(self.features, images, shown=self._words("the samples"))
        reference, other = self.of_split[self.reference], self.of_split[OTHER[self.reference]][: len(generated)]
        metrics = self._figures(reference, generated)
        classes: dict[str, dict[str, float]] = {}
        if label is not None:
            right = self._right(images, generated, label)
            metrics |= {"label_accuracy": right.mean().item()} if right is not None else {}
            if per_class:
                classes = self._classes(generated, label, right)
        trained_on = self.of_split["train"][self.real.trained_on]
        distances, places = nearest(generated, trained_on, NUM_SHOWN)
        metrics["memorised"] = share_memorised(distances[:, 0], nearest(self.of_split["test"], trained_on)[0][:, 0])
        return Judgement(
            metrics=metrics,
            floor=self._figures(reference, other),
            floor_samples=len(other),
            classes=classes,
            distances=distances,
            rows=self.real.trained_on.nonzero().squeeze(1)[places],
        )

    def _figures(self, reference: Tensor, generated: Tensor) -> dict[str, float]:
        return figures(reference, generated, getattr(self.features, "distances", {}))

    def best_floor(self) -> float:
        """The Fréchet distance between the two real splits, all their images taken."""
        return frechet_distance(self.of_split[self.reference], self.of_split[OTHER[self.reference]])

    def _right(self, images: Images, generated: Tensor, label: Tensor) -> Tensor | None:
        """(N,) float64: 1 where the classifier takes a sample for the class that it was meant to be."""
        if self.classifier is None:
            return None
        own = generated if self.classifier is self.features else extract(self.classifier, images)
        return (self.classifier.classify(own) == label).double()

    def _classes(self, generated: Tensor, label: Tensor, right: Tensor | None) -> dict[str, dict[str, float]]:
        """Figures by the name of the class; distances, with their floor, where there are images enough."""
        classes: dict[str, dict[str, float]] = {}
        for number, name in enumerate(self.real.class_names):
            chosen = label == number
            found = {} if right is None or not chosen.any() else {"label_accuracy": right[chosen].mean().item()}
            own = {split: taken[self.real.split(split).labels == number] for split, taken in self.of_split.items()}
            reference, other = own[self.reference], own[OTHER[self.reference]][: int(chosen.sum())]
            if min(len(reference), len(other), int(chosen.sum())) >= MIN_PER_CLASS:
                found |= self._figures(reference, generated[chosen]) | {"fid_floor": frechet_distance(reference, other)}
            classes[name] = found
        return classes

    def _words(self, what: str) -> str | None:
        return f"features of {what}" if self.shown else None
