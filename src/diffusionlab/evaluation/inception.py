"""`features=inception`: the network of the usual FID, as torchmetrics has it."""

import hashlib
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torchmetrics.image.fid import NoTrainInceptionV3

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.features import FeatureExtractor
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.evaluation.weights import weights_file


class Inception:
    """The 2048 pooled features; images of any size, enlarged to 299 pixels by the network itself, grey as three."""

    num_features = 2048

    def __init__(self, weights: Path, device: torch.device) -> None:
        self.name = f"inception-{hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"
        self.device = device
        try:
            # torch-fidelity would unpickle anything; what passes here holds tensors alone
            torch.load(weights, weights_only=True, map_location="cpu", mmap=True)
            network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(weights))
        except (UnpicklingError, RuntimeError, EOFError, TypeError, AttributeError) as error:
            raise UsageError(
                f"features.weights={weights} does not hold torch-fidelity's Inception weights: get {URL_INCEPTION_V3}"
            ) from error
        self.network = network.requires_grad_(False).to(device)

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 1 or 3, H, W) uint8 -> (B, 2048) float32."""
        colour = images.expand(-1, 3, -1, -1).to(self.device)
        with torch.inference_mode():
            return self.network(colour).float().cpu()


def inception_features(
    *, weights: str | None, real: RealImages, cache_dir: Path, device: torch.device
) -> FeatureExtractor:
    """The `MakeFeatures` of conf/features/inception.yaml. Raises UsageError at once where there are no weights."""
    name = URL_INCEPTION_V3.rpartition("/")[2]
    hash_prefix = Path(name).stem.rpartition("-")[2]
    return Inception(weights_file("inception", weights, URL_INCEPTION_V3, hash_prefix=hash_prefix), device)
