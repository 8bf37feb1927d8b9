"""Images as numbered PNG files: 00000.png, 00001.png, ..."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffusionlab.atomic import replaced
from diffusionlab.untrusted import opened_image
from diffusionlab.visualization.grids import to_pil


class NumberedImages:
    """Images that are written as they come and read when they are asked for, so that few are ever in memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._count = 0

    def __len__(self) -> int:
        """How many were written, those included that were removed since."""
        return self._count

    def append(self, images: Tensor) -> None:
        """Write (B, C, H, W) uint8 under the next numbers."""
        for image in images:
            with replaced(self._file(self._count), sync=False) as temporary:
                to_pil(image).save(temporary, format="PNG")
            self._count += 1

    def __getitem__(self, numbers: Tensor) -> Tensor:
        """(M,) int64 -> (M, C, H, W) uint8."""
        return torch.stack([self._read(number) for number in numbers.tolist()])

    def split(self, size: int) -> Iterator[Tensor]:
        """All images in consecutive parts of at most `size`."""
        return (self[numbers] for numbers in torch.arange(self._count).split(size))

    def keep(self, numbers: Collection[int]) -> None:
        """Remove the files of all others."""
        for number in set(range(self._count)).difference(numbers):
            self._file(number).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.png"

    def _read(self, number: int) -> Tensor:
        with opened_image(self._file(number)) as image:
            pixels = torch.from_numpy(np.array(image))
        return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)
