"""Diffusion itself: schedules, parameterizations, the loss and the samplers. Knows no model; it is handed callables."""

from diffusionlab.diffusion.denoiser import Denoiser as Denoiser
from diffusionlab.diffusion.guidance import GuidedDenoiser as GuidedDenoiser
from diffusionlab.diffusion.loss import DenoisingLoss as DenoisingLoss
from diffusionlab.diffusion.loss import LossParts as LossParts
from diffusionlab.diffusion.noise import SampleNoise as SampleNoise
from diffusionlab.diffusion.parameterization import EDM as EDM
from diffusionlab.diffusion.parameterization import X0 as X0
from diffusionlab.diffusion.parameterization import Epsilon as Epsilon
from diffusionlab.diffusion.parameterization import Parameterization as Parameterization
from diffusionlab.diffusion.parameterization import V as V
from diffusionlab.diffusion.sampler import DDIM as DDIM
from diffusionlab.diffusion.sampler import DPMSolverPP2M as DPMSolverPP2M
from diffusionlab.diffusion.sampler import Heun as Heun
from diffusionlab.diffusion.sampler import Sampler as Sampler
from diffusionlab.diffusion.sampler import SampleStep as SampleStep
from diffusionlab.diffusion.sampling import SampleRequest as SampleRequest
from diffusionlab.diffusion.sampling import sample_batches as sample_batches
from diffusionlab.diffusion.schedule import CosineSchedule as CosineSchedule
from diffusionlab.diffusion.schedule import DiscreteSchedule as DiscreteSchedule
from diffusionlab.diffusion.schedule import EDMSchedule as EDMSchedule
from diffusionlab.diffusion.schedule import LinearSchedule as LinearSchedule
from diffusionlab.diffusion.schedule import NoiseSchedule as NoiseSchedule
from diffusionlab.diffusion.schedule import SigmoidSchedule as SigmoidSchedule
