"""What a network refuses, in one line that names the override to type."""

from collections.abc import Sequence

from torch import Tensor


def check_counts(**counts: int | Sequence[int]) -> None:
    """Raises ValueError unless every count, or every entry of a non-empty list of counts, is at least 1."""
    for name, count in counts.items():
        entries = [count] if isinstance(count, int) else list(count)
        if not entries or min(entries) < 1:
            mended = 1 if isinstance(count, int) else [max(entry, 1) for entry in entries] or [64]
            raise ValueError(f"{name}={count} must be at least 1: model.{name}={mended}".replace(", ", ","))


def check_embedding_dim(dim: int) -> None:
    """Raises ValueError unless `dim` splits into at least two sines and as many cosines."""
    if dim < 4 or dim % 2:
        nearest = max(4, dim + 1)
        raise ValueError(f"time_embedding_dim={dim} is odd or under 4: model.time_embedding_dim={nearest}")


def check_heads(num_heads: int, channels: int) -> None:
    """Raises ValueError, which names the nearest number of heads below, unless the heads divide the channels."""
    if channels % num_heads:
        fitting = max(heads for heads in range(1, num_heads) if channels % heads == 0)
        raise ValueError(f"{channels} channels do not split into {num_heads} heads: model.num_heads={fitting}")


def check_size(height: int, width: int, *, multiple: int) -> None:
    """Raises ValueError, which names the nearest size that fits, unless both are multiples of `multiple`."""
    if height % multiple == 0 and width % multiple == 0:
        return
    wrong = height if height % multiple else width
    below = wrong // multiple * multiple
    above = below + multiple
    nearest = below if below and wrong - below < above - wrong else above
    shape = f"{height}" if height == width else f"{height}x{width}"
    raise ValueError(
        f"image size {shape} does not fit a U-Net of this depth, which takes multiples of {multiple}: "
        f"data.image_size={nearest}, or fewer entries in model.channels"
    )


def reject_label(label: Tensor | None, name: str = "label") -> None:
    """Raises ValueError if a network that does not take this label, or style, is handed one."""
    advice = {
        "label": "this model is unconditional and takes no label: choose model=conditional_unet",
        "style": "this model takes no style: train model=conditional_unet with condition.style=ink",
    }
    if label is not None:
        raise ValueError(advice[name])
