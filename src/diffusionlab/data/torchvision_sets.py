"""MNIST, Fashion-MNIST, CIFAR-10 and its cats and dogs, in torchvision's folder layouts."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any, ClassVar

import torch
from torchvision import datasets

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.errors import DataNotFoundError
from diffusionlab.data.image_folder import decode_classes
from diffusionlab.data.layout import has_splits

_UNREADABLE = (RuntimeError, AssertionError, ValueError, LookupError, EOFError, MemoryError)
"""What torchvision raises of files that are missing, cut off, or of another kind."""

_CONNECT_SECONDS = 20.0  # torchvision sets no limit: behind a silent firewall it would wait for minutes


class TorchvisionDataModule(ImageDataModule):
    """A set that torchvision fetches, verifies by checksum and lays out under `data_dir`."""

    dataset: ClassVar[Any]
    folder: ClassVar[str]  # torchvision's own, under data_dir
    label_files: ClassVar[dict[str, str]] = {}  # of each split, in `folder`; empty if images and labels are one file

    def prepare_data(self) -> None:
        """Fetch the set where it is missing and `download` allows it; Lightning calls this on one rank per node.

        Raises:
            DataNotFoundError: it is not there and cannot be fetched.
        """
        if not self.download:
            return
        try:
            with _time_limit(_CONNECT_SECONDS):
                self.dataset(self.data_dir, train=True, download=True)  # fetches only what is missing
        except (*_UNREADABLE, OSError, HTTPException) as error:
            raise self._not_found(f"cannot be fetched or read: {_last_line(error)}") from error

    def read(self) -> tuple[ImageArrays, ImageArrays]:
        """Both splits as torchvision reads them.

        CIFAR-10's batches are pickles. torchvision opens one only after its MD5 sum has matched the one in its
        source, so the bytes are those that the authors published, and nothing else can be executed.
        """
        return self._read(train=True), self._read(train=False)

    def _read(self, *, train: bool) -> ImageArrays:
        try:
            split = self.dataset(self.data_dir, train=train, download=False)
        except _UNREADABLE as error:
            there = (self.data_dir / self.folder).exists()
            why = f"cannot be read: {_last_line(error)}" if there else "data.download=false" * (not self.download)
            raise self._not_found(why) from error
        images = torch.as_tensor(split.data)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
        return ImageArrays(images, torch.as_tensor(split.targets, dtype=torch.int64))

    def label_source(self, split: str) -> str:
        return str(self.data_dir / self.folder / self.label_files.get(split, ""))

    def _not_found(self, reason: str) -> DataNotFoundError:
        return DataNotFoundError(self.name, self.data_dir / self.folder, reason)


class MNIST(TorchvisionDataModule):
    """60,000 + 10,000 grey 28x28 pictures of handwritten digits (LeCun et al. 1998)."""

    name = "MNIST"
    dataset = datasets.MNIST
    folder = "MNIST/raw"
    label_files: ClassVar[dict[str, str]] = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}
    native_channels = 1
    native_image_size = 28
    native_class_names: tuple[str, ...] = tuple("0123456789")


class FashionMNIST(MNIST):
    """60,000 + 10,000 grey 28x28 pictures of clothing, in MNIST's format (Xiao et al. 2017, arXiv:1708.07747)."""

    name = "Fashion-MNIST"
    dataset = datasets.FashionMNIST
    folder = "FashionMNIST/raw"
    native_class_names = tuple(datasets.FashionMNIST.classes)


class CIFAR10(TorchvisionDataModule):
    """50,000 + 10,000 colour 32x32 photographs (Krizhevsky 2009)."""

    name = "CIFAR-10"
    dataset = datasets.CIFAR10
    folder = datasets.CIFAR10.base_folder
    native_channels = 3
    native_image_size = 32
    native_class_names: tuple[str, ...] = (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    )  # fmt: skip


class CatDog(CIFAR10):
    """The cats and dogs of CIFAR-10, 5,000 + 1,000 of each; cat is label 0, dog 1.

    Class folders `{train,test}/{cat,dog}/*` under `<data_dir>/cifar_catdog` come first. Where there are none, the two
    classes are cut from CIFAR-10 itself. Folders may hold JPEG: `data_hash` tells the two apart.
    """

    name = "CIFAR-10 cats and dogs"
    native_class_names = ("cat", "dog")

    @property
    def _class_folders(self) -> Path:
        return self.data_dir / "cifar_catdog"

    def prepare_data(self) -> None:
        if not has_splits(self._class_folders):
            super().prepare_data()

    def read(self) -> tuple[ImageArrays, ImageArrays]:
        if not has_splits(self._class_folders):
            labels = [CIFAR10.native_class_names.index(class_name) for class_name in self.native_class_names]
            train, test = super().read()
            return train.only(labels), test.only(labels)
        decode = partial(
            decode_classes, classes=self.native_class_names, image_size=self.image_size, channels=self.channels
        )
        return decode(self._class_folders / "train"), decode(self._class_folders / "test")

    def _not_found(self, reason: str) -> DataNotFoundError:
        return DataNotFoundError(self.name, f"{self._class_folders} and {self.data_dir / self.folder}", reason)


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """New sockets give up after `seconds` without an answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
