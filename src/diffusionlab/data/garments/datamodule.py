"""Ten kinds of clothing drawn by the project itself: a data set that needs no files and no network."""

from collections.abc import Sequence

import numpy as np
import torch

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.garments.silhouettes import SILHOUETTES, draw

_TEST_OFFSET = 1 << 32  # test pictures are further ones of the same sequence, never the training pictures


class Garments(ImageDataModule):
    """Grey silhouettes under Fashion-MNIST's class names, drawn anew from `drawing_seed` in about a second.

    Args:
        num_train: pictures in the training split, before `num_val` are held out; class k % 10 is drawn at place k.
        num_test: pictures in the test split.
        drawing_seed: of the pictures themselves; picture k depends on it and on k alone.

    The other arguments are `ImageDataModule`'s. Pictures are drawn at `image_size`, not resized.
    """

    name = "Garments"
    native_channels = 1
    native_image_size = 28
    native_class_names = tuple(SILHOUETTES)

    def __init__(
        self,
        *,
        num_train: int = 6000,
        num_test: int = 1000,
        drawing_seed: int = 0,
        batch_size: int = 128,
        num_val: int = 0,
        seed: int = 0,
        split_seed: int = 0,
        horizontal_flip: bool = False,
        random_crop: int = 0,
        colour_jitter: float = 0.0,
        image_size: int | None = None,
        channels: int | None = None,
        class_names: Sequence[str] | None = None,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            num_val=num_val,
            seed=seed,
            split_seed=split_seed,
            horizontal_flip=horizontal_flip,
            random_crop=random_crop,
            colour_jitter=colour_jitter,
            image_size=image_size,
            channels=channels,
            class_names=class_names,
            num_classes=num_classes,
        )
        least = len(self.native_class_names)
        for option, value in (("num_train", num_train), ("num_test", num_test)):
            if value < least:
                raise ValueError(f"data.{option}={value} must be {least} or more, one per class")
        if drawing_seed < 0:
            raise ValueError(f"data.drawing_seed={drawing_seed} must be 0 or more")
        self.num_train = num_train
        self.num_test = num_test
        self.drawing_seed = drawing_seed

    def read(self) -> tuple[ImageArrays, ImageArrays]:
        """Draw both splits."""
        return self._draw(0, self.num_train), self._draw(_TEST_OFFSET, self.num_test)

    def _draw(self, first: int, count: int) -> ImageArrays:
        labels = np.arange(count) % len(self.native_class_names)
        images = draw(labels, first + np.arange(count), seed=self.drawing_seed, size=self.image_size)
        return ImageArrays(torch.from_numpy(images)[:, None], torch.from_numpy(labels))
