"""Data sets as Lightning data modules that yield `(x0, label)`.

The names load on first use (PEP 562): `diffusionlab.data.layout` is read while a configuration is composed and
must not bring torch and Lightning with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusionlab.data.arrays import ImageArrays
    from diffusionlab.data.datamodule import ImageDataModule
    from diffusionlab.data.errors import DataNotFoundError
    from diffusionlab.data.garments.datamodule import Garments
    from diffusionlab.data.image_folder import ImageFolder
    from diffusionlab.data.loader import BatchLoader
    from diffusionlab.data.torchvision_sets import CIFAR10, MNIST, CatDog, FashionMNIST

__all__ = [
    "CIFAR10",
    "MNIST",
    "BatchLoader",
    "CatDog",
    "DataNotFoundError",
    "FashionMNIST",
    "Garments",
    "ImageArrays",
    "ImageDataModule",
    "ImageFolder",
]

_MODULES = {
    "BatchLoader": "loader",
    "CIFAR10": "torchvision_sets",
    "CatDog": "torchvision_sets",
    "DataNotFoundError": "errors",
    "FashionMNIST": "torchvision_sets",
    "Garments": "garments.datamodule",
    "ImageArrays": "arrays",
    "ImageDataModule": "datamodule",
    "ImageFolder": "image_folder",
    "MNIST": "torchvision_sets",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
