"""Pictures and words in one space, by open_clip: only where it is asked for and its weights are at hand.

python search.py "runs whose samples look like sneakers" search.embedder=open_clip search.clip_weights=FILE
python search.py --image shoe.png search.embedder=open_clip
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.search.answer.pictures import thumbnail

if TYPE_CHECKING:
    import numpy as np

MODEL = "ViT-B-32"
WEIGHTS = "laion2b_s34b_b79k"
_PICTURE_WORDS = re.compile(
    r"\b(?:whose|with|where|that\s+have|having)?\s*(?:the\s+|its\s+|their\s+)?(?:generated\s+)?(?:samples?|pictures?|images?|grids?)\s+"
    r"(?:that\s+)?(?:look(?:s|ing)?\s+like|resembl(?:e|es|ing)|show(?:s|ing)?|depict(?:s|ing)?|contain(?:s|ing)?)\s+(?P<what>[^?.!]+)",
    re.IGNORECASE,
)


def picture_words(question: str) -> tuple[str, str | None]:
    """The question without what it says of pictures, and that: ("runs", "sneakers")."""
    m = _PICTURE_WORDS.search(question)
    return (question, None) if m is None else ((question[: m.start()] + question[m.end() :]).strip(), m["what"].strip())


class OpenClip:
    """An open_clip model. `weights` is a file or a tag whose weights are in the local cache; nothing is downloaded.

    Raises ValueError, one line, where the package or the weights are missing.
    """

    def __init__(self, model: str = MODEL, weights: str | None = None) -> None:
        weights = weights or os.environ.get("DIFFUSIONLAB_CLIP_WEIGHTS") or WEIGHTS
        os.environ["HF_HUB_OFFLINE"] = "1"  # read on import; without it a missing file costs most of a minute
        try:
            import open_clip
            from huggingface_hub import constants

            constants.HF_HUB_OFFLINE = True  # where the hub was imported before
        except ImportError:
            raise ValueError(
                "search.embedder=open_clip needs the package open_clip: type `pip install open_clip_torch`"
            ) from None
        is_file = Path(weights).is_file()
        if is_file and not weights.endswith(".safetensors"):
            raise ValueError(f"{weights}: CLIP weights are read from .safetensors files only, which cannot run code")
        if not is_file and (os.sep in weights or weights.endswith((".pt", ".safetensors", ".bin"))):
            raise ValueError(f"there are no CLIP weights at {weights}: give a file with search.clip_weights=FILE")
        if model not in open_clip.list_models():
            raise ValueError(f"open_clip has no model {model[:60]!r}: try search.clip_model={MODEL}")
        logging.disable(logging.CRITICAL)  # open_clip logs what is raised below in one line
        try:
            self._model, _, self._preprocess = open_clip.create_model_and_transforms(model, pretrained=weights)
        except Exception as error:  # the hub, the file format or the shapes: each has its own exceptions
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:80]
            raise ValueError(
                f"the weights {weights!r} of {model} are not at hand ({first}): give a file with search.clip_weights=FILE"  # noqa: E501
            ) from None
        finally:
            logging.disable(logging.NOTSET)
        self._tokenizer = open_clip.get_tokenizer(model)
        self._model.eval()

    def text(self, words: str) -> np.ndarray:
        """Unit vector of a text."""
        import torch

        with torch.inference_mode():
            return _unit(self._model.encode_text(self._tokenizer([f"a picture of {words}"]))[0].numpy())

    def image(self, path: Path) -> np.ndarray:
        """Unit vector of a picture. ValueError where the file is none."""
        import torch
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(path) as picture:
                pixels = self._preprocess(picture.convert("RGB"))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
            raise ValueError(f"{path} is no picture that can be read") from None
        with torch.inference_mode():
            return _unit(self._model.encode_image(pixels[None])[0].numpy())


def _unit(vector: Any) -> np.ndarray:
    import numpy as np

    return vector / (np.linalg.norm(vector) or 1.0)


def by_pictures(
    rows: Sequence[Mapping[str, Any]], wanted: np.ndarray, embedder: OpenClip
) -> list[tuple[float, Mapping[str, Any]]]:
    """(cosine similarity of the sample grid to `wanted`, row), the most alike first; rows without a grid left out."""
    found = [(float(embedder.image(path) @ wanted), row) for row in rows if (path := thumbnail(row)) is not None]
    return sorted(found, key=lambda pair: (-pair[0], pair[1]["run_id"]))
