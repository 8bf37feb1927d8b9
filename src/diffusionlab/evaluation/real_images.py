"""The real images that samples are judged by."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from diffusionlab.data.arrays import ImageArrays, content_hash
from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.image_folder import ImageFolder
from diffusionlab.data.mapped import parts
from diffusionlab.registry.record.canonical import own_folder


def recorded_name(data: ImageDataModule) -> str:
    """What records and protocols call the data set."""
    return own_folder(data.name) if isinstance(data, ImageFolder) else data.name


@dataclass(frozen=True)
class RealImages:
    """The whole training split, with the images held out for validation, and the test split.

    Both stand in an order that depends on the images alone and is as good as random, so that neither the validation
    split nor the seed of a run changes a figure. `trained_on` (N,) bool tells the images of `train` that the run saw.
    """

    name: str
    class_names: tuple[str, ...]
    train: ImageArrays
    test: ImageArrays
    trained_on: Tensor

    @classmethod
    def of(cls, data: ImageDataModule) -> "RealImages":
        """The images of a data module that is set up."""
        train = data.train.joined(data.val)
        order = _own_order(train)
        return cls(
            name=recorded_name(data),
            class_names=tuple(data.class_names),
            train=train.select(order),
            test=data.test.select(_own_order(data.test)),
            trained_on=order < len(data.train),
        )

    @cached_property
    def hash(self) -> str:
        """32 hex digits over every image of both splits, whatever order they came in."""
        return content_hash(self.train, self.test)

    def split(self, name: str) -> ImageArrays:
        """`train` or `test`."""
        return {"train": self.train, "test": self.test}[name]

    def labels_in_proportion(self, split: str, num_samples: int) -> Tensor:
        """(num_samples,) int64: the classes, sorted, each with its share of the split to within one."""
        labels = self.split(split).labels.sort().values
        return labels[(2 * torch.arange(num_samples) + 1) * len(labels) // (2 * num_samples)]


def _own_order(arrays: ImageArrays) -> Tensor:
    """(N,) int64: the rows sorted by a hash of pixels and label."""
    images = (image for part in parts(arrays.images) for image in part.contiguous().numpy())
    pairs = zip(images, arrays.labels.tolist(), strict=True)
    digests = [hashlib.blake2b(image.data, digest_size=8, salt=b"%d" % label).digest() for image, label in pairs]
    return torch.from_numpy(np.argsort(np.array(digests, dtype="S8"), kind="stable"))
