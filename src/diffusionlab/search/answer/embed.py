"""Pictures and words in one space, by open_clip: only where it is asked for and its weights are at hand.

python search.py "runs whose samples look like sneakers" search.embedder=open_clip search.clip_weights=FILE
python search.py --image shoe.png search.embedder=open_clip
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.record.pictures import thumbnail
from diffusionlab.untrusted import ImageError, opened_image

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

    Raises ValueError, one line, if the model or its weights are not on this machine.
    """

    def __init__(self, model: str = MODEL, weights: str | None = None) -> None:
        from diffusionlab.models.pretrained import open_clip_model

        weights = weights or os.environ.get("DIFFUSIONLAB_CLIP_WEIGHTS") or WEIGHTS
        try:
            self._encoder = open_clip_model(model, weights)
        except ValueError as error:
            raise ValueError(
                f"search.clip_model={model}: {error}: give a file with search.clip_weights=FILE.safetensors"
            ) from None

    def text(self, words: str) -> np.ndarray:
        """Unit vector of a text."""
        return self._encoder.texts([f"a picture of {words}"])[0].numpy()

    def image(self, path: Path) -> np.ndarray:
        """Unit vector of the middle square of an image file. ValueError if it cannot be read."""
        import numpy as np
        import torch
        from PIL import Image, ImageOps

        size = self._encoder.image_size
        with opened_image(path) as image:
            square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
        pixels = np.asarray(square, dtype=np.float32)
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.inference_mode():
            return self._encoder(x)[0].numpy()


def by_pictures(
    rows: Sequence[Mapping[str, Any]], wanted: np.ndarray, embedder: OpenClip
) -> list[tuple[float, Mapping[str, Any]]]:
    """(cosine similarity of the sample grid to `wanted`, row), best first, of the rows that have a readable one."""
    found = [(float(vector @ wanted), row) for row in rows if (vector := _of_grid(row, embedder)) is not None]
    return sorted(found, key=lambda pair: (-pair[0], pair[1]["run_id"]))


def _of_grid(row: Mapping[str, Any], embedder: OpenClip) -> np.ndarray | None:
    path = thumbnail(row)
    try:
        return None if path is None else embedder.image(path)
    except ImageError:
        return None
