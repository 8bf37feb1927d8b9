"""Networks of other libraries, at about the parameters of `conditional_unet`, and the training loop that they show.

They live in an environment of their own, .venv-peers; nothing of theirs is part of the lab.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from loops import batches
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.diffusion import LinearSchedule
from diffusionlab.diffusion.denoiser import per_image


class _Diffusers(nn.Module):
    """(x_t, time) -> noise, of a `UNet2DModel`, which answers with an object."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_t: Tensor, time: Tensor) -> Tensor:
        return self.network(x_t, time).sample


def diffusers_unet() -> nn.Module:
    """UNet2DModel of diffusers, narrowed: https://github.com/huggingface/diffusers, examples/unconditional."""
    from diffusers import UNet2DModel

    network = UNet2DModel(
        sample_size=28, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(16, 32, 64),
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"), norm_num_groups=8,
    )  # fmt: skip
    return _Diffusers(network)


def ddpm_unet() -> nn.Module:
    """Unet of denoising-diffusion-pytorch, narrowed: https://github.com/lucidrains/denoising-diffusion-pytorch."""
    from denoising_diffusion_pytorch import Unet

    return Unet(dim=20, dim_mults=(1, 2, 2), channels=1, flash_attn=False)


def smalldiffusion_unet() -> nn.Module:
    """Unet of smalldiffusion, as narrow as its groups of 32 let it be: https://github.com/yuanchenyang/smalldiffusion."""
    from smalldiffusion import Unet

    return Unet(28, 1, 1, ch=32, ch_mult=(1, 1, 2), embed_ch_mult=2, num_res_blocks=1, attn_resolutions=(7,), dropout=0)


PEERS: dict[str, Callable[[], nn.Module]] = {
    "diffusers UNet2DModel": diffusers_unet,
    "denoising-diffusion-pytorch Unet": ddpm_unet,
    "smalldiffusion Unet": smalldiffusion_unet,
}


def step_flops(network: nn.Module) -> float:
    """FLOP of one image through the network, forward; a multiply-add counts as two."""
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        network(torch.zeros(1, 1, 28, 28), torch.zeros(1))
    return float(flops.get_total_flops())


def peer_loop(network: nn.Module, data: ImageDataModule, *, bf16: bool) -> Callable[[], Any]:
    """A step as the examples of these libraries write it: epsilon, Adam, clipping, a moving average."""
    network = copy.deepcopy(network)
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer, schedule = torch.optim.Adam(network.parameters(), 1e-4), LinearSchedule()
    stream = batches(data, torch.device("cpu"))
    weights, averages = list(network.parameters()), list(average.parameters())

    def step() -> Tensor:
        x0 = next(stream)[0]
        t, noise = schedule.draw_times(len(x0), x0.device), torch.randn_like(x0)
        alpha, sigma = (per_image(value) for value in schedule(t))
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = F.mse_loss(network(alpha * x0 + sigma * noise, t * 1000).float(), noise)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        with torch.no_grad():
            for mean, weight in zip(averages, weights, strict=True):
                mean.lerp_(weight, 0.001)
        return loss

    return step
