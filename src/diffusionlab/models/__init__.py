"""Networks with one contract, `Network`; a variant is an argument, and conf/model names the variants."""

from diffusionlab.models.network import Network
from diffusionlab.models.simple_unet import SimpleUNet
from diffusionlab.models.unet import UNet

__all__ = ["Network", "SimpleUNet", "UNet"]
