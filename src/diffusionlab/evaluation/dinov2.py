"""`features=dinov2`: the network of FD-DINOv2, which agrees with people better than Inception (Stein et al. 2023)."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from diffusionlab.errors import UsageError, first_line
from diffusionlab.evaluation.features import FeatureExtractor, fingerprint
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.evaluation.weights import weights_file

SIZE = 224
"""Pixels a side that images are resized to, as published."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, for images in [0, 1]."""

SIZES = {"small": "vits14", "base": "vitb14", "large": "vitl14", "giant": "vitg14"}


class DINOv2:
    """The normed class token (Oquab et al. 2024); grey is repeated, images are resized in uint8 as Pillow does."""

    def __init__(self, model: str, weights: Path, device: torch.device) -> None:
        import timm

        try:
            with torch.random.fork_rng(devices=[]):
                network: Any = timm.create_model(model, num_classes=0, img_size=SIZE)
            network.load_state_dict(_as_timm_has_it(_read(weights), network))
        except (UnpicklingError, SafetensorError, RuntimeError, EOFError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(
                f"features.weights={weights} does not hold the weights of {model}: {first_line(error)}; "
                f"get {url_of(model)}"
            ) from error
        self.network = network.eval().requires_grad_(False).to(device)
        self.device = device
        self.num_features = int(network.num_features)
        self.name = f"{model.removesuffix('.lvd142m')} {fingerprint(network)}"

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 1 or 3, H, W) uint8 -> (B, num_features) float32."""
        large = F.interpolate(images, size=(SIZE, SIZE), mode="bicubic", antialias=True)  # rounded to uint8 again
        mean, std = (torch.tensor(values, device=self.device).view(-1, 1, 1) for values in (MEAN, STD))
        pixels = (large.to(self.device).float() / 255 - mean) / std  # one channel becomes three
        with torch.inference_mode():
            return self.network(pixels).float().cpu()


def dinov2_features(
    *, model: str, weights: str | None, real: RealImages, cache_dir: Path, device: torch.device
) -> FeatureExtractor:
    """The `MakeFeatures` of conf/features/dinov2.yaml. Raises UsageError at once where there are no weights."""
    return DINOv2(model, weights_file("dinov2", weights, url_of(model)), device)


def url_of(model: str) -> str:
    """Where Meta has the weights of a model that timm calls so."""
    size = SIZES.get(model.removeprefix("vit_").partition("_")[0])
    if size is None or "patch14_dinov2" not in model:
        raise UsageError(f"features.model={model}: vit_large_patch14_dinov2, or small, base, giant in place of large")
    return f"https://dl.fbaipublicfiles.com/dinov2/dinov2_{size}/dinov2_{size}_pretrain.pth"


def _read(path: Path) -> dict[str, Tensor]:
    """Tensors alone; whatever would run code is an UnpicklingError."""
    if path.suffix == ".safetensors":
        return load_file(path)
    state: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return state


def _as_timm_has_it(state: dict[str, Tensor], network: Any) -> dict[str, Tensor]:
    """Meta's names as timm's, the places of 37 x 37 patches interpolated to ours as Meta's own code does it."""
    from timm.models.vision_transformer import checkpoint_filter_fn

    places = state["pos_embed"]
    side = round((places.shape[1] - 1) ** 0.5)
    ours = SIZE // 14
    if side != ours:
        grid = places[:, 1:].float().unflatten(1, (side, side)).permute(0, 3, 1, 2)
        # the 0.1 keeps the size from being rounded down; it shifts the places a little, in the published features too
        grid = F.interpolate(grid, scale_factor=(ours + 0.1) / side, mode="bicubic")
        state = state | {"pos_embed": torch.cat([places[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)}
    converted: dict[str, Tensor] = checkpoint_filter_fn(dict(state), network)
    return converted
