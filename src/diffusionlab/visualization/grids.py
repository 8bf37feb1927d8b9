"""Grids of images with captions, large enough to be looked at."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from diffusionlab.atomic import replaced
from diffusionlab.visualization.fonts import Font, font_for

BACKGROUND, INK = (255, 255, 255), (60, 60, 60)
MIN_CELL = 64
GAP = 4


def image_grid(
    images: Tensor,
    *,
    columns: int,
    captions: Sequence[str] | None = None,
    row_captions: Sequence[str] | None = None,
    tile_captions: Sequence[str] | None = None,
) -> Image.Image:
    """`images`: (N, C, H, W) uint8, C = 1 or 3, laid out row by row; `captions`: one for each column, or one for all.

    `row_captions` stand at the left, each at the first of its equal share of the rows, `tile_captions` above each
    image.
    Small images are enlarged by a whole factor without smoothing, so that a pixel stays a pixel.
    """
    count, _, height, width = images.shape
    scale = max(1, -(-MIN_CELL // max(height, width)))
    header, above = 18 if captions else 0, 15 if tile_captions else 0
    cell_width, cell_height = width * scale + GAP, height * scale + GAP + above
    font = font_for("".join((*(captions or ()), *(row_captions or ()), *(tile_captions or ()))), 11)
    margin = max(30, *(ceil(font.getlength(caption)) + 8 for caption in row_captions)) if row_captions else 0
    rows = -(-count // columns)
    canvas = Image.new("RGB", (margin + columns * cell_width + GAP, rows * cell_height + GAP + header), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    for i, image in enumerate(images):
        tile = to_pil(image).convert("RGB").resize((width * scale, height * scale), Image.Resampling.NEAREST)
        x, y = margin + i % columns * cell_width + GAP, i // columns * cell_height + GAP + header
        canvas.paste(tile, (x, y + above))
        if tile_captions:
            caption = _fitted(tile_captions[i], width * scale, font)
            draw.text((x + width * scale / 2, y + above / 2), caption, INK, font, anchor="mm")
    for column, caption in enumerate(captions or ()):
        wide = columns // len(captions or ()) * cell_width - GAP
        middle = margin + column * (wide + GAP) + GAP + wide / 2
        draw.text((middle, header / 2 + 2), _fitted(caption, wide, font), INK, font, anchor="mm")
    for place, caption in enumerate(row_captions or ()):
        row = place * rows // len(row_captions or ())
        draw.text((margin - 4, header + GAP + (row + 0.5) * cell_height), caption, INK, font, anchor="rm")
    return canvas


def class_grid(
    images: Tensor, labels: Tensor, class_names: Sequence[str], *, row_captions: Sequence[str] | None = None
) -> Image.Image:
    """Columns are classes, in their order; `images` (N, C, H, W) uint8, `labels` (N,) equally many of each.

    Few classes take several columns each, up to ten in all, unless the rows mean something.
    """
    present = labels.unique().tolist()
    by_class = [images[labels == label] for label in present]
    count = min(len(group) for group in by_class)
    most = 1 if row_captions else max(1, 10 // len(present))
    wide = max(columns for columns in range(1, most + 1) if count % columns == 0)
    blocks = [group[:count].unflatten(0, (count // wide, wide)) for group in by_class]
    in_rows = torch.cat(blocks, dim=1).flatten(0, 1)
    captions = [class_names[label] for label in present for _ in range(wide)]
    return image_grid(in_rows, columns=len(captions), captions=captions, row_captions=row_captions)


def to_pil(image: Tensor) -> Image.Image:
    """(C, H, W) uint8 -> PIL, "L" for one channel and "RGB" for three."""
    array = image.cpu().permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def save_png(image: Image.Image, path: Path) -> None:
    """Write a picture that a viewer which watches the folder never sees half of."""
    with replaced(path) as temporary:
        image.save(temporary, format="PNG")


def _fitted(text: str, width: int, font: Font) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
