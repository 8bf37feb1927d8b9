"""`features=classifier`: a small network that learns the classes of the real training split, once for each data set."""

import logging
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.atomic import replaced
from diffusionlab.bars import tracked
from diffusionlab.data.arrays import ImageArrays
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.features import FeatureExtractor, fingerprint
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.tensors import to_float

log = logging.getLogger(__name__)

KIND = "classifier-1"
"""Of the network and its training; another one makes figures that do not compare."""

NUM_FEATURES = 128
BATCH_SIZE = 128
MIN_STEPS, MIN_EPOCHS = 500, 3
LR = 4e-3

TRUSTWORTHY = 0.7
"""Accuracy on real test images below which the features say little of the classes."""


class ClassifierNetwork(nn.Module):
    """One convolution at each resolution, halved down to four pixels or fewer, and the mean over them."""

    def __init__(self, *, channels: int, image_size: int, num_classes: int) -> None:
        super().__init__()
        widths = [channels]
        while image_size > 4:
            widths.append(min(32 * 2 ** (len(widths) - 1), NUM_FEATURES))
            image_size = -(-image_size // 2)
        widths.append(NUM_FEATURES)
        blocks = [_block(*pair) for pair in pairwise(widths)]
        halved = [nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), block) for block in blocks[1:]]
        self.body = nn.Sequential(blocks[0], *halved)
        self.head = nn.Linear(NUM_FEATURES, num_classes)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> (B, 128), what the last layer sees."""
        return self.body(images).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> logits (B, num_classes)."""
        return self.head(self.features(images))


class Classifier:
    """A trained `ClassifierNetwork` as a feature space; `accuracy` is that on the real test split.

    Its weights stand in its name: two machines do not train quite the same one, and figures of two do not compare.
    """

    num_features = NUM_FEATURES

    def __init__(self, network: ClassifierNetwork, accuracy: float, device: torch.device) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self.accuracy = accuracy
        self.device = device
        self.name = f"{KIND}-{fingerprint(network)}"

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) uint8 -> (B, 128) float32."""
        with torch.inference_mode():
            return self.network.features(to_float(images.to(self.device))).cpu()

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, 128) -> the predicted classes, (B,) int64."""
        with torch.inference_mode():
            return self.network.head(features.to(self.device)).argmax(dim=1).cpu()


def classifier_features(*, real: RealImages, cache_dir: Path, device: torch.device) -> FeatureExtractor:
    """The `MakeFeatures` of conf/features/classifier.yaml."""
    return trained_classifier(real, cache_dir, device)


def trained_classifier(real: RealImages, cache_dir: Path, device: torch.device) -> Classifier:
    """The classifier of these images, trained where `cache_dir` has none; the same images give the same.

    Raises UsageError for images without classes. The global random state is left as it was.
    """
    if len(real.class_names) < 2:
        raise UsageError(
            f"features=classifier learns to tell classes apart, and {real.name} has {len(real.class_names)}: "
            "type features=inception"
        )
    channels, image_size = real.train.images.shape[1], real.train.images.shape[-1]
    path = cache_dir / f"{KIND}-{real.hash[:16]}-{image_size}px.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ClassifierNetwork(channels=channels, image_size=image_size, num_classes=len(real.class_names))
        if path.is_file():
            test_accuracy = _load(network, path)
        else:
            fit(network.to(device), real.train, device)
            test_accuracy = _save(network, accuracy(network, real.test, device), path)
    if test_accuracy < TRUSTWORTHY:
        log.warning(
            "the classifier knows only %.0f %% of the real test images of %s: do not lean on its features",
            100 * test_accuracy,
            real.name,
        )
    return Classifier(network, test_accuracy, device)


def _block(width_in: int, width_out: int) -> nn.Module:
    conv = nn.Conv2d(width_in, width_out, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width_out), nn.ReLU())


def fit(network: ClassifierNetwork, data: ImageArrays, device: torch.device) -> None:
    """Train a fresh network: cross-entropy over at least three epochs and 500 steps, in an order by torch's seed."""
    network.to(memory_format=torch.channels_last).train()
    batch_size = min(BATCH_SIZE, len(data))
    num_epochs = max(MIN_EPOCHS, -(-MIN_STEPS * batch_size // len(data)))
    batches = [rows for _ in range(num_epochs) for rows in torch.randperm(len(data)).split(batch_size)]
    optimizer = torch.optim.AdamW(network.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=len(batches))
    for rows in tracked(batches, "training the classifier"):
        images = to_float(data.images[rows].to(device)).contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(network(images), data.labels[rows].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.inference_mode()
def accuracy(network: ClassifierNetwork, data: ImageArrays, device: torch.device) -> float:
    """The share of images that it gives their label, in [0, 1]."""
    network.eval()
    found = torch.cat([network(to_float(batch.to(device))).argmax(dim=1).cpu() for batch in data.images.split(500)])
    return (found == data.labels).double().mean().item()


def _save(network: ClassifierNetwork, test_accuracy: float, path: Path) -> float:
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    with replaced(path) as temporary:
        temporary.write_bytes(save(state, metadata={"accuracy": repr(test_accuracy)}))
    return test_accuracy


def _load(network: ClassifierNetwork, path: Path) -> float:
    try:
        with safe_open(path, framework="pt") as file:
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 (not a dict)
            return float((file.metadata() or {})["accuracy"])
    except (SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise UsageError(f"{path} is not a readable classifier: remove it, and it is trained anew") from error
