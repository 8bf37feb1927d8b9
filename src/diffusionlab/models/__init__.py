"""Networks: denoisers with one contract, `Network`, the autoencoder and CLIP; conf/model names the variants."""

from diffusionlab.models.autoencoder import Autoencoder
from diffusionlab.models.dual_encoder import DualEncoder, SmallClip
from diffusionlab.models.network import Network
from diffusionlab.models.pixel_transformer import PixelTransformer
from diffusionlab.models.simple_unet import SimpleUNet
from diffusionlab.models.unet import UNet

__all__ = ["Autoencoder", "DualEncoder", "Network", "PixelTransformer", "SimpleUNet", "SmallClip", "UNet"]
