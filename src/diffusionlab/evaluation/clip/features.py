"""`features=clip`: what a CLIP sees in images, without a word."""

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from diffusionlab.evaluation.clip.source import LocalClip, PretrainedClip
from diffusionlab.evaluation.distances import cmmd
from diffusionlab.evaluation.features import Distance, FeatureExtractor, fingerprint
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.models import DualEncoder
from diffusionlab.tensors import to_float


class ClipFeatures:
    """The unit vectors of a CLIP's image tower; images of any size, grey or in colour."""

    distances: ClassVar[dict[str, Distance]] = {"cmmd": cmmd}

    def __init__(self, encoder: DualEncoder, name: str, device: torch.device) -> None:
        self.encoder = encoder.eval().requires_grad_(False).to(device)
        self.device = device
        self.name = f"clip {name} {fingerprint(encoder)}"
        self.num_features = self(torch.zeros(1, 1, encoder.image_size, encoder.image_size, dtype=torch.uint8)).shape[1]

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 1 or 3, H, W) uint8 -> (B, num_features) float32."""
        with torch.inference_mode():
            return self.encoder(to_float(images.to(self.device))).float().cpu()


def clip_features(
    *, clip: LocalClip | PretrainedClip, real: RealImages, cache_dir: Path, device: torch.device
) -> FeatureExtractor:
    """The `MakeFeatures` of conf/features/clip.yaml. Raises UsageError at once where the CLIP is not at hand."""
    chosen = clip.choose(real.name, real.class_names, "...")
    return ClipFeatures(chosen.scorer.encoder, chosen.name, device)
