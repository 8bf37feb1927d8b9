"""Training with Lightning: the modules, their moving average, and the callbacks that guard and show a run."""

from diffusionlab.training.autoencoder_module import AutoencoderLoss as AutoencoderLoss
from diffusionlab.training.autoencoder_module import AutoencoderModule as AutoencoderModule
from diffusionlab.training.averaged_module import AveragedModule as AveragedModule
from diffusionlab.training.clip_module import ClipLoss as ClipLoss
from diffusionlab.training.clip_module import ClipModule as ClipModule
from diffusionlab.training.diffusion_module import DiffusionModule as DiffusionModule
from diffusionlab.training.ema import EMA as EMA
