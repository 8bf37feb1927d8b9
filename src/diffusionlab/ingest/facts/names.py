"""Data sets by the names that libraries give them."""

from __future__ import annotations

import re

DATASETS = {
    "mnist": "MNIST", "fashionmnist": "Fashion-MNIST", "kmnist": "KMNIST", "emnist": "EMNIST", "qmnist": "QMNIST",
    "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "svhn": "SVHN", "svhncropped": "SVHN", "stl10": "STL-10",
    "celeba": "CelebA", "celebahq": "CelebA-HQ", "ffhq": "FFHQ", "imagenet": "ImageNet", "imagenet1k": "ImageNet",
    "imagenet2012": "ImageNet", "tinyimagenet": "Tiny ImageNet", "flowers102": "Flowers-102",
    "oxfordflowers102": "Flowers-102", "oxfordiiitpet": "Oxford-IIIT Pet", "food101": "Food-101", "lsun": "LSUN",
    "omniglot": "Omniglot", "usps": "USPS", "caltech101": "Caltech-101", "caltech256": "Caltech-256",
    "places365": "Places365", "stanfordcars": "Stanford Cars", "lfwpeople": "LFW", "lfw": "LFW",
    "voc": "Pascal VOC", "coco": "COCO", "cococaptions": "COCO", "eurosat": "EuroSAT", "binarizedmnist": "MNIST",
    "pneumoniamnist": "PneumoniaMNIST", "animefaces": "Anime Faces", "butterflies": "Butterflies",
    "smithsonianbutterfliessubset": "Smithsonian Butterflies", "imdb": "IMDB", "reuters": "Reuters",
    "cityscapes": "Cityscapes", "bostonhousing": "Boston Housing", "dtd": "DTD", "gtsrb": "GTSRB",
    "country211": "Country211", "sun397": "SUN397", "fgvcaircraft": "FGVC Aircraft",
    "renderedsst2": "Rendered SST2", "pcam": "PCAM", "semeion": "SEMEION", "fer2013": "FER2013",
    "cars196": "Stanford Cars", "catsvsdogs": "Cats vs Dogs", "horsesorhumans": "Horses or Humans",
    "cifar": "CIFAR", "celebafaces": "CelebA", "pokemonblipcaptions": "Pokemon", "iris": "Iris", "digits": "Digits",
    "moons": "Moons",
}  # fmt: skip
FACES = {"CelebA", "CelebA-HQ", "FFHQ", "LFW", "Anime Faces"}
SIZES = {
    "MNIST": (28, 1),
    "Fashion-MNIST": (28, 1),
    "KMNIST": (28, 1),
    "CIFAR-10": (32, 3),
    "CIFAR-100": (32, 3),
    "SVHN": (32, 3),
}
CLASS_NAMES = {
    "CIFAR-10": ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    "Fashion-MNIST": [
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ],
    "MNIST": [str(i) for i in range(10)],
}
DATA_HOMES = (
    "torchvision.datasets.",
    "keras.datasets.",
    "tensorflow.keras.datasets.",
    "tensorflow.examples.tutorials.",
)


def canonical(name: str) -> str | None:
    return DATASETS.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def of_path(text: str) -> str | None:
    """A data set whose name is a part of a path."""
    for part in reversed(re.split(r"[/\\]", text)):
        words = [part, *re.split(r"[-_. ]", part)]
        found = next((name for word in words if (name := canonical(word))), None)
        if found and found not in ("Moons", "Digits", "CIFAR"):
            return found
    return None
