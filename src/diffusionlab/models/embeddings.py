"""Time, class and style as vectors."""

import math

import torch
from torch import Tensor, nn

from diffusionlab.models.blocks import zeroed
from diffusionlab.models.checks import check_embedding_dim, reject_label


def sinusoidal_embedding(time: Tensor, dim: int) -> Tensor:
    """(B,) times -> (B, dim) float32: sines, then cosines, of wavelengths from 2 pi to 2 pi 10,000.

    Always float32: bfloat16 cannot tell time 999 from 1000. Source: "Attention is all you need", section 3.5,
    in the layout of DDPM (arXiv:2006.11239).
    """
    half = dim // 2
    exponent = torch.arange(half, device=time.device, dtype=torch.float32) / (half - 1)
    angle = time.float()[:, None] * torch.exp(-math.log(10_000.0) * exponent)[None, :]
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class ConditionEmbedding(nn.Module):
    """(B,) time, (B,) label and (B,) style -> (B, dim): the vectors of the labels are added to the time's.

    A table has a row for each label and a last one, the null label, which label dropout trains and classifier-free
    guidance (arXiv:2207.12598) needs. No label means the null label for the whole batch. What augmentation did, (B,
    augment_dim), is added linearly, without bias and from zero, so that nothing done adds nothing.
    """

    def __init__(
        self, *, dim: int, num_classes: int | None, num_styles: int | None = None, augment_dim: int | None = None
    ) -> None:
        super().__init__()
        check_embedding_dim(dim)
        self.dim = dim
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.label = None if num_classes is None else nn.Embedding(num_classes + 1, dim)
        self.style = None if num_styles is None else nn.Embedding(num_styles + 1, dim)
        # skip_init: no random number is drawn, so all other weights are those of a network without it
        told = None if augment_dim is None else nn.utils.skip_init(nn.Linear, augment_dim, dim, bias=False)
        self.augment = None if told is None else zeroed(told)

    def time_features(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Sines and cosines of (B,) times, and what the layers make of them: (B, dim) each."""
        sinusoids = sinusoidal_embedding(time, self.dim)
        return sinusoids, self.time(sinusoids)

    def forward(
        self,
        time: Tensor,
        label: Tensor | None,
        style: Tensor | None,
        dtype: torch.dtype,
        augment_label: Tensor | None = None,
    ) -> Tensor:
        embedding = self.time(sinusoidal_embedding(time, self.dim).to(dtype))
        for table, number, name in ((self.label, label, "label"), (self.style, style, "style")):
            if table is None:
                reject_label(number, name)
                continue
            if number is None:
                number = torch.full(time.shape, table.num_embeddings - 1, dtype=torch.int64, device=time.device)
            embedding = embedding + table(number)
        if augment_label is None:
            return embedding
        if self.augment is None:
            raise ValueError("this network is told of no augmentation: type loss.augment=0")
        return embedding + self.augment(augment_label.to(dtype))
