"""CLIPs of open_clip and of this project's own runs: the only place where their weights are read.

Nothing is fetched unless that is asked for, and nothing in a file chooses code, a class or a host: the architecture is
one that open_clip ships under a name, or a `SmallClip` of checked numbers, and weights are safetensors.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diffusionlab.errors import UsageError, first_line
from diffusionlab.models.dual_encoder import DualEncoder, SmallClip
from diffusionlab.untrusted import inside

OPEN_CLIP_CONFIG = "open_clip_config.json"
"""In the folder of a CLIP run: its architecture, as open_clip reads it."""

CLIP_WEIGHTS = "weights.safetensors"

_LARGEST_CONFIG = 100_000  # bytes


def open_clip_model(model: str, weights: str, *, download: bool = False) -> DualEncoder:
    """An open_clip model with the weights of a tag or of a .safetensors file, frozen.

    Raises UsageError, in one line and at once, if the model is unknown or the weights are not on this machine.
    """
    import open_clip

    if model not in open_clip.list_models():
        raise UsageError(f"open_clip has no model {model[:60]!r}; ViT-B-32 is one")
    known = open_clip.list_pretrained_tags_by_model(model)
    is_tag = weights in known
    if not is_tag and not weights.endswith(".safetensors"):
        raise UsageError(f"{weights[:120]!r} is neither a .safetensors file nor weights of {model}: {', '.join(known)}")
    if not is_tag and not Path(weights).is_file():
        raise UsageError(f"there are no CLIP weights at {weights}")
    with _quiet(), _offline(not (is_tag and download)):
        try:
            clip = open_clip.create_model(model, pretrained=weights if is_tag else str(Path(weights).absolute()))
            return DualEncoder(clip, open_clip.get_tokenizer(model)).eval().requires_grad_(False)
        except Exception as error:  # the hub, the file format, the shapes: each has its own exceptions
            raise UsageError(f"the weights {weights} of {model} cannot be loaded ({first_line(error)})") from error


def local_clip(folder: Path) -> SmallClip:
    """The CLIP that `python train.py model=clip` wrote into a run folder, frozen.

    Raises UsageError if it has none, or one that no run of this project writes.
    """
    config, weights = inside(folder, OPEN_CLIP_CONFIG), inside(folder, CLIP_WEIGHTS)
    if config is None or weights is None:
        raise UsageError(f"{folder} holds no CLIP: clip.run takes a run of python train.py model=clip")
    from safetensors.torch import load_file

    try:
        if config.stat().st_size > _LARGEST_CONFIG:
            raise ValueError(f"{OPEN_CLIP_CONFIG} has {config.stat().st_size:,} bytes")
        clip = SmallClip.from_open_clip_config(json.loads(config.read_text(encoding="utf-8")))
        clip.clip.load_state_dict(load_file(weights))
    except Exception as error:  # JSON, safetensors and shapes: each has its own exceptions
        raise UsageError(f"the CLIP in {folder} cannot be loaded ({first_line(error)})") from error
    return clip.eval().requires_grad_(False)


@contextmanager
def _offline(wanted: bool) -> Iterator[None]:
    """Keep the hub from trying the network for most of a minute before it reports a missing file."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, wanted or constants.HF_HUB_OFFLINE
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip logs to the root logger what is raised here in one line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
