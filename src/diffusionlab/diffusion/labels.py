"""The labels of a batch as one object: class, style, and what stands for neither."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Labels:
    """The class and the style of each sample, (B,) int64, None for one that the network does not take.

    `nulls`: the null label of the class and of the style, for as many as the network takes. Iterating gives the tensors
    that there are, so a denoiser is called as `denoiser(x_t, t, *labels)`; labels of no kind are false.
    """

    label: Tensor | None = None
    style: Tensor | None = None
    nulls: tuple[int, ...] = ()

    @classmethod
    def of(cls, tensors: Sequence[Tensor], nulls: Sequence[int]) -> "Labels":
        """The first of `tensors`, class then style, for as many as there are `nulls`."""
        return cls(nulls=tuple(nulls))._with(tensors[: len(nulls)])

    @property
    def null(self) -> "Labels":
        """As many null labels; raises ValueError if it is not known which they are."""
        given = tuple(self)
        if len(self.nulls) < len(given):
            raise ValueError("a guidance scale other than 1 needs the null labels of a class-conditional network")
        return self._with([torch.full_like(one, null) for one, null in zip(given, self.nulls, strict=False)])

    def to(self, device: torch.device | str) -> "Labels":
        """On another device."""
        return self._with([one.to(device) for one in self])

    def repeat(self, count: int) -> "Labels":
        """All samples `count` times, one after another."""
        return self._with([one.repeat(count) for one in self])

    def followed_by(self, other: "Labels") -> "Labels":
        """These samples, then those of `other`."""
        return self._with([torch.cat(pair) for pair in zip(self, other, strict=True)])

    def dropped(self, where: Sequence[Tensor]) -> "Labels":
        """With null labels where these masks (B,) are true, one mask for each kind."""
        return self._with(list(map(torch.where, where, self.null, self)))

    def __getitem__(self, rows: slice | list[int] | Tensor) -> "Labels":
        return self._with([one[rows] for one in self])

    def __iter__(self) -> Iterator[Tensor]:
        return (one for one in (self.label, self.style) if one is not None)

    def __len__(self) -> int:
        """The number of samples; 0 without labels."""
        return 0 if self.label is None else len(self.label)

    def _with(self, tensors: Sequence[Tensor]) -> "Labels":
        label, style = [*tensors, None, None][:2]
        return replace(self, label=label, style=style)


NO_LABELS = Labels()
