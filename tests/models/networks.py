"""Small networks of every kind, with weights at which no branch is silent."""

import torch
from torch import Tensor, nn

from diffusionlab.models import Network, PixelTransformer, SimpleUNet, UNet

PICTURE = {"in_channels": 2, "image_size": 8, "time_embedding_dim": 16}
SIMPLE = {**PICTURE, "channels": (8, 12, 16)}
TRANSFORMER = {"in_channels": 2, "image_size": 8, "patch_size": 2, "channels": 16, "depth": 2, "num_heads": 2}
UNET = {**PICTURE, "channels": (8, 16), "blocks_per_level": 1, "num_heads": 2}

FACTORIES = {
    "simple": lambda: SimpleUNet(**SIMPLE),
    "simple_even_stem": lambda: SimpleUNet(**SIMPLE, stem_kernel_size=2, num_middle_convs=1),
    "plain": lambda: UNet(**UNET, attention_max_size=0),
    "attention": lambda: UNet(**UNET),
    "linear_attention": lambda: UNet(**UNET, attention="linear"),
    "patches": lambda: UNet(**UNET, patch_size=2),
    "conditional": lambda: UNet(**{**UNET, "blocks_per_level": 2}, num_classes=3, dropout=0.1),
    "augmented": lambda: UNet(**UNET, num_classes=3, augment_dim=9),
    "augmented_transformer": lambda: PixelTransformer(**TRANSFORMER, augment_dim=9),
    "transformer": lambda: PixelTransformer(**TRANSFORMER),
    "conditional_transformer": lambda: PixelTransformer(**TRANSFORMER, num_classes=3, dropout=0.1),
}


def build(name: str, seed: int = 0) -> Network:
    """The named network with every parameter drawn at random, so that zero-initialised branches speak too."""
    torch.manual_seed(seed)
    return awaken(FACTORIES[name]())


def awaken(module: nn.Module) -> nn.Module:
    """Adds noise to every parameter, since a zero hides whatever stands before it."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def batch(network: Network, size: int = 3, seed: int = 1) -> dict[str, Tensor]:
    """Arguments for one call: images, times from 0 to 999, and labels and augmentation where the network takes them."""
    torch.manual_seed(seed)
    arguments = {
        "x": torch.randn(size, network.in_channels, network.image_size, network.image_size),
        "time": torch.linspace(0, 999, size),
    }
    if network.num_classes is not None:
        arguments["label"] = torch.arange(size) % (network.num_classes + 1)
    if network.augment_dim is not None:
        arguments["augment_label"] = torch.randn(size, network.augment_dim)
    return arguments
