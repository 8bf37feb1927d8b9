"""Cloth and the pieces that several garments share. Lengths are tenths of a unit, colours grey levels 0..255."""

import numpy as np

from diffusionlab.data.garments.drawing import DESIGN, Canvas, Coordinate, Point, mirrored

MIDDLE = DESIGN // 2


def woven(canvas: Canvas, base: np.ndarray, *, patterned: int) -> np.ndarray:
    """A texture (N, size, size) about the grey level `base`, rounded at the sides.

    `patterned` of ten are striped across, along, or checked.
    """
    dice = canvas.dice
    kind = dice(0, 9)[:, None, None]
    period = dice(34, 60)[:, None, None]
    depth = dice(25, 70)[:, None, None]
    striped = kind < patterned
    across = (canvas.y % period * 2 < period) & striped & (kind % 4 != 2)
    along = ((canvas.x + 5) % period * 2 < period) & striped & (kind % 4 >= 2)
    rounded = np.abs(canvas.x - MIDDLE) * 30 // MIDDLE
    fading = (canvas.y - MIDDLE) * dice(-18, 18)[:, None, None] // MIDDLE
    checks = kind % 4 == 3  # where both directions meet, each takes half
    texture = base[:, None, None] - rounded + fading - depth * (across.astype(int) + along) // (1 + checks)
    return np.clip(texture, 30, 255)


def darker(shade: np.ndarray, levels: int) -> np.ndarray:
    """The same cloth in shadow, still lighter than the background."""
    return np.clip(shade - levels, 20, 255)


def lighter(shade: np.ndarray, levels: int) -> np.ndarray:
    """The same cloth in the light."""
    return np.clip(shade + levels, 20, 255)


def contrast(base: np.ndarray, levels: int) -> np.ndarray:
    """A grey level that stands out from `base`: darker on light cloth, lighter on dark cloth."""
    return np.where(base > 140, base - levels, base + levels)


def box(canvas: Canvas, x: tuple[Coordinate, Coordinate], y: tuple[Coordinate, Coordinate], shade: np.ndarray,
         shown: np.ndarray | None = None) -> None:  # fmt: skip
    """An upright rectangle."""
    canvas.fill([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])], shade, rounding=0, shown=shown)


def band(canvas: Canvas, start: Point, end: Point, width: Coordinate, shade: np.ndarray,
          shown: np.ndarray | None = None) -> None:  # fmt: skip
    """A straight strap, `width` wide along x, from `start` to `end` (the middles of its ends)."""
    (x0, y0), (x1, y1), half = start, end, width // 2
    canvas.fill([(x0 - half, y0), (x0 + half, y0), (x1 + half, y1), (x1 - half, y1)], shade, rounding=0, shown=shown)


def pair(canvas: Canvas, right: list[Point], shade: np.ndarray, rounding: int = 1) -> None:
    """The same piece on the right, given as (distance from the middle, y), and mirrored on the left."""
    for side in (1, -1):
        canvas.fill([(MIDDLE + side * d, y) for d, y in right], shade, rounding=rounding)


def torso(canvas: Canvas, cloth: np.ndarray, neck: Coordinate, width: Coordinate, hip: Coordinate,
           hem: Coordinate) -> None:  # fmt: skip
    """Shoulders, sides and a straight hem."""
    canvas.fill(mirrored([(neck, 20), (64, 31), (width, 90), (width, 150), (hip, hem), (hip, hem)]), cloth)


def long_sleeves(canvas: Canvas, cloth: np.ndarray, neck: Coordinate, width: Coordinate, cuff: Coordinate,
                  trim: np.ndarray) -> None:  # fmt: skip
    """Sleeves to the cuffs at height `cuff`, which take the shade `trim`."""
    reach = canvas.dice(114, 128)
    inner = reach - canvas.dice(26, 32)
    outside: list[Point] = [(neck, 26), (66, 32), (90, 50), (reach, cuff), (reach, cuff)]
    inside: list[Point] = [(inner, cuff + 6), (inner, cuff + 6), (width - 2, 100), (width - 15, 80)]
    pair(canvas, outside + inside, darker(cloth, 34))
    pair(canvas, [(reach - 2, cuff - 16), (reach, cuff), (inner, cuff + 6), (inner, cuff - 10)], trim, rounding=0)


def short_sleeves(canvas: Canvas, cloth: np.ndarray, neck: Coordinate, width: Coordinate, reach: Coordinate,
                   end: Coordinate, slant: int) -> None:  # fmt: skip
    """Sleeves that end at (`reach`, `end`) outside and `slant` lower inside."""
    inner, low = reach - 28, end + slant
    outline: list[Point] = [
        (neck, 25),
        (64, 32),
        (reach, end),
        (reach, end),
        (inner, low),
        (inner, low),
        (width - 8, 98),
    ]
    pair(canvas, outline, darker(cloth, 28))


def round_neck(canvas: Canvas, half: Coordinate, depth: Coordinate, shade: np.ndarray) -> None:
    """A neckline `half` wide to each side and `depth` deep."""
    canvas.fill(mirrored([(half, 10), (half, 22), (half // 2, 22 + depth), (0, 22 + depth)]), shade)


def buttons(canvas: Canvas, x: int, tops: list[Coordinate], half: int, height: int, shade: np.ndarray,
             shown: np.ndarray | None = None) -> None:  # fmt: skip
    """A column of buttons about `x`, one below each of `tops`."""
    for top in tops:
        box(canvas, (x - half, x + half), (top, top + height), shade, shown)
