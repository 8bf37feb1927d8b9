"""What a CLIP says of images: how much each is a good, a clear, a blurry one of its class."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from diffusionlab.errors import UsageError
from diffusionlab.models import DualEncoder

OPEN_CLIP_CONFIG = "open_clip_config.json"
"""Beside the weights, what open_clip needs to load a folder."""

PROMPTS: Mapping[str, str] = MappingProxyType(
    {"good": "a good photo of a {}", "clear": "a clear photo of a {}", "blurry": "a blurry photo of a {}"}
)
WANTED = ("good", "clear")
"""The prompts that an image should be like; together they stand for its class."""


class ClipScorer:
    """Cosine similarity of images to the prompts of their classes. The texts are read once.

    `prompts`: name -> sentence with {} for the class, good, clear and blurry among them.
    """

    def __init__(
        self, encoder: DualEncoder, class_names: Sequence[str], prompts: Mapping[str, str] = PROMPTS
    ) -> None:
        for name in PROMPTS:
            if "{}" not in prompts.get(name, ""):
                raise ValueError(f"clip.prompts.{name}={prompts.get(name)}: a sentence with {{}} for the class")
        self.encoder = encoder
        self.names = tuple(prompts)
        sentences = [prompt.format(name.lower()) for name in class_names for prompt in prompts.values()]
        with torch.no_grad():
            self.texts = encoder.texts(sentences).unflatten(0, (len(class_names), len(prompts)))
        wanted = [self.names.index(name) for name in WANTED]
        self.classes = F.normalize(self.texts[:, wanted].mean(dim=1), dim=-1)

    def scores(self, images: Tensor, label: Tensor) -> Tensor:
        """(B, number of prompts) in [-1, 1]; `images`: (B, C, H, W) in [-1, 1], `label`: (B,) int64."""
        return torch.einsum("bd,bpd->bp", self.encoder(images), self.texts[label])

    def similarity(self, images: Tensor, label: Tensor) -> Tensor:
        """(B,): to the mean of the wanted prompts of its class; its gradient reaches the images."""
        return (self.encoder(images) * self.classes[label]).sum(dim=1)

    def classify(self, images: Tensor) -> Tensor:
        """(B,) int64: the class whose wanted prompts are nearest."""
        return (self.encoder(images) @ self.classes.T).argmax(dim=1)

    def clearness(self, images: Tensor, label: Tensor) -> Tensor:
        """(B,): how much nearer the clear prompt is than the blurry one."""
        scores = self.scores(images, label)
        return scores[:, self.names.index("clear")] - scores[:, self.names.index("blurry")]


def load_local(folder: Path) -> DualEncoder:
    """The CLIP that `python train.py model=clip` left in a run folder, frozen; raises UsageError where it has none."""
    if not (folder / OPEN_CLIP_CONFIG).is_file():
        raise UsageError(f"{folder} holds no CLIP: clip.run takes a run of python train.py model=clip")
    return _frozen(f"local-dir:{folder}", told=f"the CLIP in {folder} cannot be loaded")


def load_pretrained(model: str, weights: str, *, download: bool = False) -> DualEncoder:
    """An open_clip model with the weights of a tag or of a .safetensors file, frozen.

    Nothing is fetched but with `download`. Raises UsageError, in one line and at once, where the weights are absent.
    """
    import open_clip

    if model not in open_clip.list_models():
        raise UsageError(f"clip.model={model}: open_clip has no such model; ViT-B-32 is one")
    known = open_clip.list_pretrained_tags_by_model(model)
    if weights not in known and not (Path(weights).is_file() and weights.endswith(".safetensors")):
        raise UsageError(f"clip.weights={weights} is no .safetensors file and no tag of {model}: {', '.join(known)}")
    told = f"the weights {weights} of {model} are not at hand"
    if weights in known and not download:
        told += ": type clip.download=true to fetch them, clip.weights=FILE.safetensors, or clip=local"
    with _offline(not download):
        return _frozen(model, pretrained=weights, told=told)


def _frozen(name: str, *, told: str, **options: Any) -> DualEncoder:
    import open_clip

    with _quiet():
        try:
            clip = open_clip.create_model(name, **options)
            tokenize = open_clip.get_tokenizer(name)
        except Exception as error:  # the hub, the file format, the shapes: each has its own exceptions
            raise UsageError(f"{told} ({_first_line(error)})") from error
    return DualEncoder(clip, tokenize).eval().requires_grad_(False)


@contextmanager
def _offline(wanted: bool) -> Iterator[None]:
    """Keep the hub from trying the network for most of a minute before it says that a file is not there."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, wanted or constants.HF_HUB_OFFLINE
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip logs to the root logger what is raised here in one line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
