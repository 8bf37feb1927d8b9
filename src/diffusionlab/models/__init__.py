"""Networks: denoisers with one contract, `Network`, and the autoencoder; conf/model names the variants."""

from diffusionlab.models.autoencoder import Autoencoder
from diffusionlab.models.network import Network
from diffusionlab.models.simple_unet import SimpleUNet
from diffusionlab.models.unet import UNet

__all__ = ["Autoencoder", "Network", "SimpleUNet", "UNet"]
