"""The data sets in miniature, in the layouts of the real ones."""

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

CIFAR_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def write_all(root: Path) -> None:
    """MNIST, Fashion-MNIST, CIFAR-10, cats and dogs, and a folder `images` with two classes, below `root`."""
    write_fashion_mnist(root, name="MNIST")
    write_fashion_mnist(root)
    write_cifar10(root)
    for split in ("train", "test"):
        write_class_folders(root / "cifar_catdog" / split, ["cat", "dog"], size=(32, 32))
    write_class_folders(root / "images", ["one", "two"], size=(40, 48))


def write_fashion_mnist(root: Path, num_images: int = 40, name: str = "FashionMNIST") -> None:
    """torchvision's raw layout: IDX files (type 8 = bytes, number of dimensions, sizes, bytes)."""
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split in ("train", "t10k"):
        for name, array in (
            ("images-idx3-ubyte", rng.integers(0, 256, (num_images, 28, 28))),
            ("labels-idx1-ubyte", np.arange(num_images) % 10),
        ):
            header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            (folder / f"{split}-{name}").write_bytes(header + array.astype(np.uint8).tobytes())


def write_cifar10(root: Path, num_images: int = 40) -> dict[str, object]:
    """torchvision's Python layout, one batch a split; returns the attributes that name it and its checksums."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)

    def write(name: str, content: object) -> list[str]:
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return [name, hashlib.md5(data, usedforsecurity=False).hexdigest()]

    def batch() -> dict[str, object]:
        pixels = rng.integers(0, 256, (num_images, 3072)).astype(np.uint8)
        return {"data": pixels, "labels": [number % 10 for number in range(num_images)]}

    train, test = write("data_batch_1", batch()), write("test_batch", batch())
    meta = write("batches.meta", {"label_names": CIFAR_CLASSES})
    return {
        "train_list": [train],
        "test_list": [test],
        "meta": {"filename": meta[0], "key": "label_names", "md5": meta[1]},
    }


def write_class_folders(root: Path, classes: Sequence[str], *, size: tuple[int, int], num_images: int = 20) -> None:
    """PNGs in `root`/<class>/, each class of a brightness of its own."""
    for level, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for number in range(num_images):
            colour = (60 * level + 20, 100, number)
            Image.new("RGB", size, colour).save(root / name / f"{number:02d}.png")
