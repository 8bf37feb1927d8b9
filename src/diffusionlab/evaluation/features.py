"""Feature spaces: what each of them can do, and how features are taken and kept."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from diffusionlab.atomic import replaced
from diffusionlab.bars import tracked
from diffusionlab.data.mapped import Images
from diffusionlab.evaluation.real_images import RealImages

Distance = Callable[[Tensor, Tensor], float]
"""Between features (N, D) of real and (M, D) of generated images."""


class FeatureExtractor(Protocol):
    """Maps images (B, C, H, W) uint8 to features (B, num_features) float32 on the CPU.

    `name` tells the space and, by `fingerprint`, its weights; it stands in the protocol of each figure that was
    measured in it. A space for which further distances were published may have them as `distances`, by name.
    """

    name: str
    num_features: int

    def __call__(self, images: Tensor) -> Tensor: ...


class MakeFeatures(Protocol):
    """What an option of conf/features builds: the feature space for some real images.

    `cache_dir` is where what is costly to make is kept. Raises UsageError where there can be none.
    """

    def __call__(self, *, real: RealImages, cache_dir: Path, device: torch.device) -> FeatureExtractor: ...


def extract(features: FeatureExtractor, images: Images, *, shown: str | None = None, batch_size: int = 250) -> Tensor:
    """(N, C, H, W) uint8 -> (N, num_features) float32; `shown`: the words beside a progress bar, None for no bar."""
    starts = range(0, len(images), batch_size)
    batches = (images[start : start + batch_size] for start in (starts if shown is None else tracked(starts, shown)))
    return torch.cat([features(batch) for batch in batches])


def extract_once(
    features: FeatureExtractor, real: RealImages, split: str, cache_dir: Path, *, shown: str | None = None
) -> Tensor:
    """The features of a real split, kept in `cache_dir` under what they depend on: weights and images."""
    path = cache_dir / "features" / f"{slug(features.name)}-{split}-{real.hash[:16]}.safetensors"
    if path.is_file():
        return load_file(path)["features"]
    found = extract(features, real.split(split).images, shown=shown)
    with replaced(path) as temporary:
        temporary.write_bytes(save({"features": found}))
    return found


def slug(text: str) -> str:
    """A text as part of a file name: lower case, everything but letters, digits, `.` and `=` a hyphen."""
    return re.sub(r"[^a-z0-9.=]+", "-", text.lower()).strip("-.")


def fingerprint(network: nn.Module) -> str:
    """8 hex digits over every weight."""
    digest = hashlib.blake2b(digest_size=4)
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().data)
    return digest.hexdigest()
