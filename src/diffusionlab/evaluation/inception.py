"""`features=inception`: the network of the usual FID, as torchmetrics has it."""

import hashlib
from pathlib import Path
from pickle import UnpicklingError
from urllib.request import Request, urlopen

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torchmetrics.image.fid import NoTrainInceptionV3

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.features import FeatureExtractor
from diffusionlab.evaluation.real_images import RealImages

SECONDS_TO_ANSWER = 5.0


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
    return Inception(_weights_file(weights), device)


def _weights_file(requested: str | None) -> Path:
    if requested is not None:
        if not Path(requested).expanduser().is_file():
            raise UsageError(f"features.weights={requested} is not a file: omit it to download {URL_INCEPTION_V3}")
        return Path(requested).expanduser()
    name = URL_INCEPTION_V3.rpartition("/")[2]
    path = Path(torch.hub.get_dir(), "checkpoints", name)
    if not path.is_file():
        _download(path)
    return path


def _download(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # torch's download waits for as long as the network pleases, so ask first whether there is one
        urlopen(Request(URL_INCEPTION_V3, method="HEAD"), timeout=SECONDS_TO_ANSWER).close()
        torch.hub.download_url_to_file(URL_INCEPTION_V3, str(path), hash_prefix=path.stem.rpartition("-")[2])
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"features=inception: its weights cannot be downloaded here; get {URL_INCEPTION_V3}, "
            "then type features.weights=FILE, or take features=classifier"
        ) from error
