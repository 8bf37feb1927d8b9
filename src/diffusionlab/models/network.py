"""The contract that every network of the lab keeps."""

from torch import nn


class Network(nn.Module):
    """`network(x, time, label=None)` -> tensor of the shape and dtype of x.

    `x` is (B, C, H, W) float; `time` is (B,) float, on a scale of about 0 to 1000 (a discrete schedule passes its
    step index); `label` is (B,) int64 in [0, num_classes], where `num_classes` itself is the null label. Where
    `num_classes` is None the network is unconditional and a label is a ValueError; else no label means null.
    """

    in_channels: int
    image_size: int  # pixels a side that it was built for
    num_classes: int | None
