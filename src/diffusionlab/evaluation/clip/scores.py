"""A CLIP's scores of many samples: which are the best, which classes are hard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from diffusionlab.evaluation.clip.scorer import WANTED, ClipScorer
from diffusionlab.tensors import to_float


class InParts(Protocol):
    """Images that are read a part at a time."""

    def split(self, size: int, /) -> Iterable[Tensor]:
        """Consecutive parts of at most `size`."""


@dataclass(frozen=True)
class ClipScores:
    """`values`: (N, number of prompts) cosine similarities to the prompts `names` of each sample's class.

    `label`: (N,) int64, places in `class_names`.
    """

    names: tuple[str, ...]
    values: Tensor
    label: Tensor
    class_names: Sequence[str]

    @property
    def quality(self) -> Tensor:
        """(N,): good + clear, what a selection goes by."""
        return self.values[:, [self.names.index(name) for name in WANTED]].sum(dim=1)

    def best(self, count: int) -> Tensor:
        """The numbers of the `count` best samples, best first."""
        return self.quality.argsort(descending=True, stable=True)[:count]

    def by_class(self) -> list[dict[str, Any]]:
        """Of each class the mean scores and the number of samples, the hardest class first."""
        rows = []
        for label in self.label.unique().tolist():
            own = self.label == label
            means = dict(zip(self.names, self.values[own].mean(dim=0).tolist(), strict=True))
            quality = float(self.quality[own].mean())
            rows.append({"class": self.class_names[label], "samples": int(own.sum()), "quality": quality, **means})
        return sorted(rows, key=lambda row: row["quality"])

    def by_sample(self) -> list[dict[str, Any]]:
        """Of each sample its number, class and scores."""
        return [
            {"sample": number, "class": self.class_names[label], **dict(zip(self.names, values, strict=True))}
            for number, (label, values) in enumerate(zip(self.label.tolist(), self.values.tolist(), strict=True))
        ]


@torch.no_grad()
def score_samples(scorer: ClipScorer, images: InParts, label: Tensor, batch_size: int = 256) -> ClipScores:
    """`images`: (N, C, H, W) uint8, a tensor or in files; `label`: (N,) int64."""
    batches = zip(images.split(batch_size), label.split(batch_size), strict=True)
    values = torch.cat([scorer.scores(to_float(batch), own).cpu() for batch, own in batches])
    return ClipScores(scorer.names, values, label, scorer.class_names)
