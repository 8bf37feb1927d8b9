"""The training of a small CLIP on the data set itself, with captions made from class, style and quality."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.classification import BinaryAUROC, MulticlassAccuracy

from diffusionlab.data.quality import BLURRED, QUALITIES, Degradation
from diffusionlab.evaluation.clip.scorer import NEEDED, ClipScorer
from diffusionlab.models import DualEncoder, SmallClip
from diffusionlab.models.pretrained import OPEN_CLIP_CONFIG
from diffusionlab.training.averaged_module import AveragedModule


class CaptionAttributes(NamedTuple):
    """What the caption of each image says, (B,) int64 each: `quality` and `style` are -1 where they are left unsaid."""

    label: Tensor
    quality: Tensor
    style: Tensor


def prompts_of(words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Word -> what a caption with it says of a class {}; `words`: of each quality."""
    return {word: f"a {word} photo of a {{}}" for of_quality in words.values() for word in of_quality}


@dataclass(frozen=True, kw_only=True)
class ClipLoss:
    """The symmetric contrastive loss of CLIP (Radford et al. 2021, fig. 3), with all captions that are true as targets.

    A batch holds many sandals, so a caption is true of more images than its own, and these are no negatives: the
    targets are spread evenly over all that is true (UniCL, Yang et al. 2022, eq. 3).

    `words`: quality -> the words that call it; one is drawn a caption. `unsaid`: share of captions that leave the
    quality, and of those that leave the style, away. `blur`, `noise`: see Degradation.
    """

    class_names: Sequence[str]
    words: Mapping[str, Sequence[str]]
    style_names: Sequence[str] | None = None
    unsaid: float = 0.2
    blur: tuple[float, float] = (0.03, 0.09)
    noise: tuple[float, float] = (0.15, 0.8)

    def __post_init__(self) -> None:
        if not 0 <= self.unsaid <= 1:
            raise ValueError(f"loss.unsaid={self.unsaid}: a share between 0 and 1")
        if set(self.words) != set(QUALITIES) or not all(self.words.values()):
            raise ValueError(f"loss.words={dict(self.words)}: at least one word for each of {', '.join(QUALITIES)}")
        if missing := [word for word in NEEDED if word not in self.prompts]:
            raise ValueError(f"loss.words={dict(self.words)}: {missing[0]} must be among them, CLIPs are asked for it")
        if len(self.class_names) < 2:
            raise ValueError("a CLIP learns to tell classes apart: choose data with at least two")
        _ = self.degrade  # refuses what it cannot do

    @property
    def degrade(self) -> Degradation:
        """What makes an image of one quality of an image as it is."""
        return Degradation(blur=(self.blur[0], self.blur[1]), noise=(self.noise[0], self.noise[1]))

    @property
    def prompts(self) -> dict[str, str]:
        """See `prompts_of`."""
        return prompts_of(self.words)

    def __call__(
        self, encoder: DualEncoder, images: Tensor, *labels: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """`images`: (B, C, H, W) in [-1, 1]; `labels`: the class and, where styles are named, the style, (B,) int64."""
        quality = torch.randint(len(QUALITIES), (len(images),), device=images.device, generator=generator)
        style = labels[1] if self.style_names else torch.full_like(labels[0], -1)
        said = CaptionAttributes(labels[0], self._maybe_drop(quality, generator), self._maybe_drop(style, generator))
        captions = self.captions(said, generator)
        distinct = list(dict.fromkeys(captions))
        rows = torch.tensor([distinct.index(caption) for caption in captions], device=images.device)
        features = encoder(self.degrade(images, quality, generator))
        cosine = features @ encoder.texts(distinct)[rows].T
        return contrastive_loss(cosine / encoder.temperature, is_true(said, labels[0], quality, style))

    def captions(self, said: CaptionAttributes, generator: torch.Generator | None = None) -> list[str]:
        """`"a blurry photo of a bold sandal"`, without the words that are left unsaid."""
        draws = torch.rand(len(said.label), device=said.label.device, generator=generator).tolist()
        sentences = []
        for label, quality, style, draw in zip(*(part.tolist() for part in said), draws, strict=True):
            words = self.words[QUALITIES[quality]] if quality >= 0 else ("",)
            called = words[int(draw * len(words))]
            styled = self.style_names[style] if self.style_names and style >= 0 else ""
            sentences.append(" ".join(f"a {called} photo of a {styled} {self.class_names[label].lower()}".split()))
        return sentences

    def _maybe_drop(self, part: Tensor, generator: torch.Generator | None) -> Tensor:
        unsaid = torch.rand(len(part), device=part.device, generator=generator) < self.unsaid
        return torch.where(unsaid, -1, part)


def is_true(said: CaptionAttributes, label: Tensor, quality: Tensor, style: Tensor) -> Tensor:
    """(B, B) bool: whether what is said in column j is true of image i."""

    def agrees(part: Tensor, of_images: Tensor) -> Tensor:
        return (part[None, :] == of_images[:, None]) | (part[None, :] < 0)

    return agrees(said.label, label) & agrees(said.quality, quality) & agrees(said.style, style)


def contrastive_loss(logits: Tensor, true: Tensor) -> Tensor:
    """Mean cross-entropy of rows and of columns of (B, B) against even targets over what is `true`; shape ()."""
    rows, columns = (targets / targets.sum(dim=1, keepdim=True) for targets in (true.float(), true.T.float()))
    return (F.cross_entropy(logits, rows) + F.cross_entropy(logits.T, columns)) / 2


class ClipModule(AveragedModule):
    """Trains a CLIP; its moving average is judged on images that it was not trained on.

    `zero_shot_accuracy`: share of images whose class has the nearest prompts of all classes.
    `clear_auc`: area under the ROC curve of (clear - blurry) similarity, images as they are against blurred ones.
    Batches are (images, label, ...): (B, C, H, W) float32 in [-1, 1] and (B,) int64.
    """

    network: SmallClip

    def __init__(self, *, network: SmallClip, loss: ClipLoss, **training: Any) -> None:
        super().__init__(network=network, **training)
        self.loss = loss
        self.accuracy = MulticlassAccuracy(num_classes=len(loss.class_names), average="micro")
        self.clear_auc = BinaryAUROC()

    @property
    def averaged(self) -> SmallClip:
        """The moving average, which is judged and shipped."""
        return cast(SmallClip, self.ema.network)

    def export_state_dict(self) -> dict[str, Tensor]:
        """The averaged CLIP as open_clip names its tensors."""
        return self.averaged.clip.state_dict()

    def export_files(self) -> dict[str, str]:
        """What open_clip needs beside the tensors to load the folder."""
        return {OPEN_CLIP_CONFIG: json.dumps(self.averaged.open_clip_config, indent=1)}

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        """One loss."""
        images, *labels = batch
        loss = self.loss(self.network, images.contiguous(memory_format=self.memory_format), *labels)
        self.log_training(loss)
        return {"loss": loss}

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """The loss of the averaged weights on captions that are the same in every epoch, and the accuracy."""
        images, *labels = batch
        generator = torch.Generator(self.device).manual_seed(batch_idx)
        loss = self.loss(self.averaged, images, *labels, generator=generator)
        self.log("val/loss", loss, prog_bar=True, batch_size=len(images), sync_dist=True)
        self._log_accuracy("val/zero_shot_accuracy", images, labels[0])

    def test_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """Both figures on the set's own test split."""
        images, label = batch[:2]
        self._log_accuracy("test/zero_shot_accuracy", images, label)
        generator = torch.Generator(self.device).manual_seed(batch_idx)
        worse = self.loss.degrade(images, torch.full_like(label, BLURRED), generator)
        clearness = self._scorer().clearness(torch.cat([images, worse]), label.repeat(2))
        self.clear_auc.update(clearness, torch.arange(2, device=self.device).flip(0).repeat_interleave(len(label)))
        self.log("test/clear_auc", self.clear_auc, on_step=False, on_epoch=True)

    def _log_accuracy(self, name: str, images: Tensor, label: Tensor) -> None:
        self.accuracy(self._scorer().classify(images), label)
        self.log(name, self.accuracy, on_step=False, on_epoch=True, prog_bar=True)

    def _scorer(self) -> ClipScorer:
        return ClipScorer(self.averaged, self.loss.class_names, self.loss.prompts)
