"""One data module for every set: a subclass says what the set is called and how its arrays are read."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch

from diffusionlab.data.arrays import ImageArrays, content_hash, stratified_split
from diffusionlab.data.augmentation import Augmentation
from diffusionlab.data.loader import CPU, NONE, BatchLoader
from diffusionlab.data.styles import Styler


class ImageDataModule(pl.LightningDataModule):
    """Images as uint8 in memory, or in a file that is mapped into it; batches as `(x0, label)`, x0 float32 in [-1, 1].

    Known before anything is loaded: `name`, `channels`, `image_size`, `num_classes`, `class_names`. Known after
    `setup`: `train`, `val`, `test` (`ImageArrays`) and `data_hash`.

    Args:
        data_dir: the folder that holds the data sets, each in a folder of its own.
        batch_size: images per batch and device.
        num_val: images held out of the training split for validation, each class its share; 0 keeps them all.
        seed: of the order and the flips of training batches.
        split_seed: of the choice of validation images. Apart from `seed`, so that runs with different seeds are
            judged on the same images and no checkpoint is ever judged on images that it was trained on.
        horizontal_flip: mirror every training image with probability 1/2.
        random_crop: shift every training image by up to so many pixels, the edge filled by reflection.
        colour_jitter: strength s of random brightness, contrast and saturation, factors from [1 - s, 1 + s].
        image_size: height and width in pixels; None is the set's own, another size resizes (antialiased).
        channels: 1 or 3; None is the set's own.
        class_names: the classes to keep, whose places are the labels; None keeps all.
        num_classes: how many these are, for configurations that state it.
        download: whether `prepare_data` may download a missing set.

    Raises:
        ValueError: an argument that does not fit the set; the message names the override.
    """

    name: str
    native_channels: int
    native_image_size: int
    native_class_names: tuple[str, ...]
    styler: Styler | None = None
    """Set before `setup`: what gives the images a second label, so that batches are `(x0, label, style)`."""

    def __init__(
        self,
        *,
        data_dir: str | Path = "data",
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
        download: bool = True,
    ) -> None:
        super().__init__()
        self.data_dir = Path(data_dir).expanduser()
        self.batch_size = batch_size
        self.num_val = num_val
        self.seed = seed
        self.split_seed = split_seed
        self.augmentation = Augmentation(
            horizontal_flip=horizontal_flip, random_crop=random_crop, colour_jitter=colour_jitter
        )
        self.image_size = self.native_image_size if image_size is None else image_size
        self.channels = self.native_channels if channels is None else channels
        self.class_names = self.native_class_names if class_names is None else tuple(map(str, class_names))
        self.download = download
        self._arrays: tuple[ImageArrays, ImageArrays, ImageArrays] | None = None
        self._check_arguments(num_classes)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def _check_arguments(self, num_classes: int | None) -> None:
        for option, least in (("batch_size", 1), ("num_val", 0), ("seed", 0), ("split_seed", 0), ("image_size", 4)):
            value = getattr(self, option)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"data.{option}={value} must be a whole number, {least} or more")
        if self.image_size > 1024:
            raise ValueError(f"data.image_size={self.image_size} must lie between 4 and 1024 pixels")
        if self.channels != self.native_channels:
            raise ValueError(
                f"{self.name} has {self.native_channels} channel(s): type data.channels={self.native_channels}"
            )
        if len(set(self.class_names)) < max(1, len(self.class_names)):
            raise ValueError(f"data.class_names={list(self.class_names)} must name at least one class, each once")
        for class_name in self.class_names:
            if class_name not in self.native_class_names:
                near = get_close_matches(class_name, self.native_class_names, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise ValueError(
                    f"{self.name} has no class {class_name!r}; {hint}data.class_names takes some of "
                    f"{', '.join(self.native_class_names)}"
                )
        if num_classes is not None and num_classes != self.num_classes:
            raise ValueError(
                f"data.num_classes={num_classes} but {self.num_classes} classes are named in data.class_names; "
                f"type data.num_classes={self.num_classes}"
            )

    # ---- what a subclass says ----

    def read(self) -> tuple[ImageArrays, ImageArrays]:
        """The training and the test split with the set's own labels, at any size.

        Raises:
            DataNotFoundError: the files are not where they should be.
        """
        raise NotImplementedError

    def label_source(self, split: str) -> str:
        """Where the labels of `train` or `test` come from, for an error about one of them."""
        return f"{self.name}, {split}"

    def split_validation(self, train: ImageArrays) -> tuple[np.ndarray, np.ndarray]:
        """`(kept, held_out)` rows of the training split; each class gives its share. By place: most sets never grow."""
        return stratified_split(train.labels, self.num_val, self.split_seed)

    def fit_sizes(self, train: ImageArrays) -> None:
        """Make `num_val` and `batch_size` fit the training split, validation images included. Most sets are large."""

    # ---- what Lightning asks for ----

    def setup(self, stage: str | None = None) -> None:
        """Read, choose classes, resize and split; a second call does nothing."""
        if self._arrays is not None:
            return
        splits = self.read()
        for split, arrays in zip(("train", "test"), splits, strict=True):
            self._check_labels(split, arrays)
        train, test = map(self._fitted, splits if self.styler is None else self.styler(*splits))
        if not len(train):
            raise ValueError(f"{self.name} has no training images: add some")
        self.fit_sizes(train)
        if self.num_val >= len(train):
            raise ValueError(
                f"data.num_val={self.num_val} leaves nothing of the {len(train)} training images of {self.name}; "
                f"type data.num_val={len(train) // 10}"
            )
        kept, held_out = self.split_validation(train)
        if self.batch_size * self.world_size > len(kept):
            raise ValueError(
                f"data.batch_size={self.batch_size} on {self.world_size} device(s) exceeds the {len(kept)} training "
                f"images of {self.name}; type data.batch_size={max(1, len(kept) // self.world_size)} or less"
            )
        self._arrays = train.select(torch.from_numpy(kept)), train.select(torch.from_numpy(held_out)), test

    def _check_labels(self, split: str, arrays: ImageArrays) -> None:
        outside = (arrays.labels < 0) | (arrays.labels >= len(self.native_class_names))
        if outside.any():
            index = int(outside.nonzero()[0])
            raise ValueError(
                f"{self.label_source(split)}: image {index} has label {int(arrays.labels[index])}, and there are only "
                f"{len(self.native_class_names)} classes, counted from 0: repair or replace the file"
            )

    def _fitted(self, arrays: ImageArrays) -> ImageArrays:
        if self.class_names != self.native_class_names:
            arrays = arrays.only([self.native_class_names.index(class_name) for class_name in self.class_names])
        return arrays.resized(self.image_size)

    @property
    def train(self) -> ImageArrays:
        return self._split(0)

    @property
    def val(self) -> ImageArrays:
        return self._split(1)

    @property
    def test(self) -> ImageArrays:
        return self._split(2)

    def _split(self, index: int) -> ImageArrays:
        if self._arrays is None:
            raise RuntimeError(f"{self.name} is not loaded: call prepare_data() and setup() first")
        return self._arrays[index]

    @cached_property
    def data_hash(self) -> str:
        """32 hex digits over every byte of train, val and test."""
        return content_hash(self.train, self.val, self.test)

    @property
    def world_size(self) -> int:
        return self.trainer.world_size if self.trainer is not None else 1

    def train_dataloader(self) -> BatchLoader:
        """Shuffled full batches; what the last one would hold comes in another epoch.

        With `trainer.overfit_batches` the same unchanged batches every epoch: Lightning can stop only torch's own
        loaders from shuffling.
        """
        vary = self.trainer is None or not self.trainer.overfit_batches  # type: ignore[attr-defined]
        return self._loader(self.train, shuffle=vary, augmentation=self.augmentation if vary else NONE, drop_last=True)

    def val_dataloader(self) -> BatchLoader | list[BatchLoader]:
        """The images held out of training in a fixed order; no loader where none are."""
        return self._loader(self.val) if len(self.val) else []

    def test_dataloader(self) -> BatchLoader:
        """The set's own test split in a fixed order."""
        return self._loader(self.test)

    def _loader(
        self,
        arrays: ImageArrays,
        *,
        shuffle: bool = False,
        augmentation: Augmentation = NONE,
        drop_last: bool = False,
    ) -> BatchLoader:
        device = torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device
        return BatchLoader(
            arrays,
            batch_size=self.batch_size,
            shuffle=shuffle,
            seed=self.seed,
            augmentation=augmentation,
            rank=self.trainer.global_rank if self.trainer is not None else 0,
            world_size=self.world_size,
            drop_last=drop_last,
            device=device if device.type == "cuda" else CPU,
        )
