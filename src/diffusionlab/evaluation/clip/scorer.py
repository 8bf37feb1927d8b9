"""What a CLIP says of images: how much each is a good, a clear, a blurry one of its class."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from diffusionlab.models import DualEncoder

WANTED = ("good", "clear")
"""The prompts that an image should be like; together they stand for its class."""

NEEDED = (*WANTED, "blurry")


class ClipScorer:
    """Cosine similarity of images to the prompts of their classes. The texts are read once.

    `prompts`: name -> sentence with {} for the class, good, clear and blurry among them (conf/prompts).
    """

    def __init__(self, encoder: DualEncoder, class_names: Sequence[str], prompts: Mapping[str, str]) -> None:
        for name in NEEDED:
            if "{}" not in prompts.get(name, ""):
                raise ValueError(f"clip.prompts.{name}={prompts.get(name)}: a sentence with {{}} for the class")
        self.encoder = encoder
        self.names = tuple(prompts)
        self.class_names = tuple(class_names)
        sentences = [prompt.format(name.lower()) for name in class_names for prompt in prompts.values()]
        with torch.no_grad():
            self.texts = encoder.texts(sentences).unflatten(0, (len(class_names), len(prompts)))
        wanted = [self.names.index(name) for name in WANTED]
        self.classes = F.normalize(self.texts[:, wanted].mean(dim=1), dim=-1)

    def scores(self, images: Tensor, label: Tensor) -> Tensor:
        """(B, number of prompts) in [-1, 1]; `images`: (B, C, H, W) in [-1, 1], `label`: (B,) int64."""
        rows = torch.arange(len(label), device=images.device)
        return self.of_all_classes(images)[rows, label]

    def of_all_classes(self, images: Tensor) -> Tensor:
        """(B, number of classes, number of prompts) in [-1, 1]; `images`: (B, C, H, W) in [-1, 1]."""
        return torch.einsum("bd,cpd->bcp", self._features(images), self.texts)

    def similarity(self, images: Tensor, label: Tensor) -> Tensor:
        """(B,): to the mean of the wanted prompts of its class; its gradient reaches the images."""
        return (self._features(images) * self.classes[label]).sum(dim=1)

    def classify(self, images: Tensor) -> Tensor:
        """(B,) int64: the class whose wanted prompts are nearest."""
        return (self._features(images) @ self.classes.T).argmax(dim=1)

    def clearness(self, images: Tensor, label: Tensor) -> Tensor:
        """(B,): how much nearer the clear prompt is than the blurry one."""
        scores = self.scores(images, label)
        return scores[:, self.names.index("clear")] - scores[:, self.names.index("blurry")]

    def _features(self, images: Tensor) -> Tensor:
        if self.texts.device != images.device:
            self.encoder.to(images.device)
            self.texts, self.classes = self.texts.to(images.device), self.classes.to(images.device)
        return self.encoder(images)
