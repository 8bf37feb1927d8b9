"""The small unconditional U-Net of the diffusion tutorials: BatchNorm, no residual, one skip per stage."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from diffusionlab.models.checks import check_counts, check_embedding_dim, check_size, reject_label
from diffusionlab.models.embeddings import sinusoidal_embedding
from diffusionlab.models.network import Network


class Stage(nn.Module):
    """Two 3x3 convolutions with the time added between them, then a change of resolution by two.

    As in the first notebook, only the first convolution is followed by a ReLU.

    Down: (B, in, H, W) -> (B, out, H // 2, W // 2). Up: (B, 2 in, H, W) -> (B, out, 2 H, 2 W), since it takes
    its input with the skip of the same size beside it.
    """

    def __init__(self, in_channels: int, out_channels: int, *, time_embedding_dim: int, up: bool) -> None:
        super().__init__()
        self.time = nn.Linear(time_embedding_dim, out_channels)
        self.conv1 = nn.Conv2d(2 * in_channels if up else in_channels, out_channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(out_channels)
        resample = nn.ConvTranspose2d if up else nn.Conv2d
        self.resample = resample(out_channels, out_channels, 4, stride=2, padding=1)

    def forward(self, h: Tensor, time_embedding: Tensor) -> Tensor:
        h = self.norm1(self.conv1(h).relu())
        h = h + self.time(time_embedding)[:, :, None, None]
        h = self.norm2(self.conv2(h))
        return self.resample(h)


class SimpleUNet(Network):
    """(B, C, H, W), (B,) time -> (B, C, H, W), with H and W multiples of 2^(len(channels) - 1).

    An even `stem_kernel_size` widens the first feature map by one pixel, which the first down-stage drops
    again: 28 -> 29 -> 14 -> 7 -> 14 -> 28. Raises ValueError for a size that does not fit.
    """

    num_classes = None
    bottleneck = "middle"

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: int,
        channels: Sequence[int] = (64, 128, 256),
        time_embedding_dim: int = 64,
        stem_kernel_size: int = 3,
        num_middle_convs: int = 0,
    ) -> None:
        super().__init__()
        check_counts(channels=channels, stem_kernel_size=stem_kernel_size)
        if len(channels) < 2:
            raise ValueError(f"one width makes no stage: model.channels=[{channels[0]},{2 * channels[0]}]")
        check_embedding_dim(time_embedding_dim)
        self.in_channels = in_channels
        self.image_size = image_size
        self.time_embedding_dim = time_embedding_dim
        self.size_multiple = 2 ** (len(channels) - 1)
        check_size(image_size, image_size, multiple=self.size_multiple)

        self.time = nn.Linear(time_embedding_dim, time_embedding_dim)
        self.stem = nn.Conv2d(in_channels, channels[0], stem_kernel_size, padding=stem_kernel_size // 2)
        self.down = nn.ModuleList(
            Stage(fine, coarse, time_embedding_dim=time_embedding_dim, up=False) for fine, coarse in pairwise(channels)
        )
        self.middle = nn.Sequential(
            *(nn.Conv2d(channels[-1], channels[-1], 3, padding=1) for _ in range(num_middle_convs))
        )
        self.up = nn.ModuleList(
            Stage(coarse, fine, time_embedding_dim=time_embedding_dim, up=True)
            for coarse, fine in pairwise(reversed(channels))
        )
        self.head = nn.Conv2d(channels[0], in_channels, 1)

    def time_features(self, time: Tensor) -> tuple[Tensor, Tensor]:
        sinusoids = sinusoidal_embedding(time, self.time_embedding_dim)
        return sinusoids, self.time(sinusoids).relu()

    def forward(self, x: Tensor, time: Tensor, label: Tensor | None = None) -> Tensor:
        reject_label(label)
        check_size(*x.shape[-2:], multiple=self.size_multiple)
        time_embedding = self.time(sinusoidal_embedding(time, self.time_embedding_dim).to(x.dtype)).relu()
        h = self.stem(x)
        skips = []
        for stage in self.down:
            h = stage(h, time_embedding)
            skips.append(h)
        h = self.middle(h)
        for stage in self.up:
            h = stage(torch.cat([h, skips.pop()], dim=1), time_embedding)
        return self.head(h).to(x.dtype)
