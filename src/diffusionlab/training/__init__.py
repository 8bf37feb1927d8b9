"""Training with Lightning: the module, its moving average, and the callbacks that guard and show a run."""

from diffusionlab.training.diffusion_module import DiffusionModule as DiffusionModule
from diffusionlab.training.ema import EMA as EMA
