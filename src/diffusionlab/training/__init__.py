"""Training with Lightning: the modules, their moving average, and the callbacks that guard and show a run."""

from diffusionlab.training.autoencoder_module import AutoencoderLoss as AutoencoderLoss
from diffusionlab.training.autoencoder_module import AutoencoderModule as AutoencoderModule
from diffusionlab.training.averaged_module import AveragedModule as AveragedModule
from diffusionlab.training.clip_module import ClipLoss as ClipLoss
from diffusionlab.training.clip_module import ClipModule as ClipModule
from diffusionlab.training.diffusion_module import DiffusionModule as DiffusionModule
from diffusionlab.training.ema import EMA as EMA
from diffusionlab.training.lr_schedule import Constant as Constant
from diffusionlab.training.lr_schedule import Cosine as Cosine
from diffusionlab.training.lr_schedule import Linear as Linear
from diffusionlab.training.lr_schedule import LRSchedule as LRSchedule
from diffusionlab.training.lr_schedule import OneCycle as OneCycle
from diffusionlab.training.lr_schedule import WarmupStableDecay as WarmupStableDecay
from diffusionlab.training.muon import Muon as Muon
from diffusionlab.training.schedule_free import ScheduleFree as ScheduleFree
