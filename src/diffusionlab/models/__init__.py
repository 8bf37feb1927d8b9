"""Networks with one contract: `network(x, time, label=None) -> tensor like x`.

`x` is (B, C, H, W) float; `time` is (B,) float, on a scale of about 0 to 1000 (a discrete schedule passes
its step index); `label` is (B,) int64 in [0, num_classes], where `num_classes` itself is the null label.
Every network carries `in_channels`, `image_size` and `num_classes` (None: unconditional, a label is an error).
"""

from diffusionlab.models.simple_unet import SimpleUNet
from diffusionlab.models.unet import UNet

__all__ = ["SimpleUNet", "UNet"]
