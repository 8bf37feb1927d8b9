"""The contract that every denoising network of the lab keeps."""

from torch import Tensor, nn


class Network(nn.Module):
    """`network(x, time, label=None, style=None, augment_label=None)` -> tensor of the shape and dtype of x.

    `x` is (B, C, H, W) float; `time` is (B,) float, on a scale of about 0 to 1000 (a discrete schedule passes its
    step index); `label` is (B,) int64 in [0, num_classes], where `num_classes` itself is the null label. Where
    `num_classes` is None the network is unconditional and a label is a ValueError; else no label means null.
    `style`, a second label, is the same with `num_styles`. `augment_label` is (B, augment_dim) float, what was done to
    the images before noise; None is nothing, all zeros. Where `augment_dim` is None, nothing else is accepted.
    """

    in_channels: int
    image_size: int  # pixels a side that it was built for
    num_classes: int | None
    num_styles: int | None = None
    augment_dim: int | None = None
    bottleneck: str | None = None
    """Name of the submodule whose output is the most condensed form of x, for maps of images; None if none is."""

    def time_features(self, time: Tensor) -> tuple[Tensor, Tensor] | None:
        """The fixed and the learned embedding of (B,) times, (B, d) each, for a figure; None if there are none."""
        return None

    @property
    def null_labels(self) -> tuple[int, ...]:
        """The null labels of what it takes: none, of the class, or of class and style."""
        return tuple(number for number in (self.num_classes, self.num_styles) if number is not None)
