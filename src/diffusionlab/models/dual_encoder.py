"""Images and sentences in one space: a CLIP of open_clip behind the lab's own images.

open_clip takes seconds to import, so it is imported where it is used.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DualEncoder(nn.Module):
    """A CLIP (Radford et al. 2021): images and texts become unit vectors (B, D), alike where they belong together.

    `clip`: a model of open_clip, with the `preprocess_cfg` that open_clip gives it; `tokenize`: sentences -> (B, L).
    """

    image_size: int
    """Pixels a side that the image tower takes."""
    mean: Tensor
    std: Tensor

    def __init__(self, clip: Any, tokenize: Callable[[list[str]], Tensor], in_channels: int = 3) -> None:
        super().__init__()
        self.clip = clip
        self.tokenize = tokenize
        self.in_channels = in_channels
        preprocess: dict[str, Any] = clip.visual.preprocess_cfg
        self.image_size = max(preprocess["size"]) if isinstance(preprocess["size"], tuple) else preprocess["size"]
        for name in ("mean", "std"):  # of images in [0, 1], as open_clip has them
            self.register_buffer(name, torch.tensor(preprocess[name]).view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`x`: (B, C, H, W) in [-1, 1], C = 1 or 3, of any size: resized, grey repeated. Gradients reach it."""
        if x.shape[-2:] != (self.image_size, self.image_size):
            x = F.interpolate(x, size=(self.image_size, self.image_size), mode="bicubic", antialias=True)
        pixels = ((x + 1) / 2 - self.mean) / self.std  # one channel becomes three
        return self.clip.encode_image(pixels, normalize=True)

    def texts(self, sentences: Sequence[str]) -> Tensor:
        """One unit vector a sentence."""
        return self.clip.encode_text(self.tokenize(list(sentences)).to(self.mean.device), normalize=True)

    @property
    def temperature(self) -> Tensor:
        """By what the cosines are divided before a softmax, shape (); learned."""
        return 1 / self.clip.logit_scale.exp().clamp(max=100)


class SmallClip(DualEncoder):
    """A CLIP of the lab's size: open_clip's ModifiedResNet for images, its transformer for sentences.

    The image tower takes multiples of 32 pixels, so it sees images at the next one from `image_size`.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: int,
        embed_dim: int = 64,
        width: int = 16,
        blocks: Sequence[int] = (1, 1, 1, 1),
        num_heads: int = 8,
        text_width: int = 32,
        text_layers: int = 2,
        text_heads: int = 2,
        context_length: int = 24,
    ) -> None:
        from open_clip.model import CLIP, set_model_preprocess_cfg
        from open_clip.tokenizer import SimpleTokenizer
        from open_clip.transform import PreprocessCfg

        if len(blocks) != 4 or min(blocks) < 1:
            raise ValueError(f"model.blocks={list(blocks)}: four numbers, each at least 1")
        if (32 * width) % num_heads:
            raise ValueError(f"model.num_heads={num_heads} must divide 32 model.width = {32 * width}")
        tokenize = SimpleTokenizer(context_length=context_length)
        size = 32 * -(-image_size // 32)
        config: dict[str, Any] = {
            "model_cfg": {
                "embed_dim": embed_dim,
                "vision_cfg": {
                    "image_size": size,
                    "layers": list(blocks),
                    "width": width,
                    "head_width": 32 * width // num_heads,
                },
                "text_cfg": {
                    "context_length": context_length,
                    "vocab_size": tokenize.vocab_size,
                    "width": text_width,
                    "heads": text_heads,
                    "layers": text_layers,
                },
            },
            "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"},
        }
        clip = CLIP(**config["model_cfg"])
        set_model_preprocess_cfg(clip, vars(PreprocessCfg(size=size, **config["preprocess_cfg"])))
        super().__init__(clip, tokenize, in_channels)
        self.open_clip_config = config

    @classmethod
    def from_open_clip_config(cls, config: Any) -> "SmallClip":
        """The architecture that an `open_clip_config` states, from its numbers alone; the weights are random.

        open_clip would let the file choose a tokenizer class, remote code and a host. Raises ValueError if it states
        anything but what a SmallClip states, or a number that no small CLIP has.
        """
        try:
            model = config["model_cfg"]
            image, text = model["vision_cfg"], model["text_cfg"]
            width, head_width = _number(image["width"], 1024), _number(image["head_width"], 32 * 1024)
            if not isinstance(image["layers"], list):
                raise ValueError("layers of the image tower are no list")
            clip = cls(
                in_channels=3,
                image_size=_number(image["image_size"], 1024),
                embed_dim=_number(model["embed_dim"], 8192),
                width=width,
                blocks=[_number(blocks, 64) for blocks in image["layers"]],
                num_heads=max(1, 32 * width // head_width),
                text_width=_number(text["width"], 8192),
                text_layers=_number(text["layers"], 64),
                text_heads=_number(text["heads"], 1024),
                context_length=_number(text["context_length"], 1024),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no architecture of a small CLIP: {error}") from error
        if json.loads(json.dumps(clip.open_clip_config)) != config:
            raise ValueError("it states more than the architecture of a small CLIP")
        return clip


def _number(value: Any, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{str(value)[:20]} is no whole number from 1 to {most}")
    return value
