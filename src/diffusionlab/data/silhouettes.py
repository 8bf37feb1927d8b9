"""How each garment is cut: outlines in design units (28 wide and high, y downwards), varied by draws of the dice."""

from collections.abc import Callable

import numpy as np

from diffusionlab.data.drawing import Canvas, Coordinate, Dice, Point, mirrored
from diffusionlab.data.drawing import units as u

MIDDLE = u(14)


def draw(labels: np.ndarray, indices: np.ndarray, *, seed: int, size: int) -> np.ndarray:
    """Pictures (N, size, size) uint8 of the classes `labels` (N,); picture i depends on (seed, indices[i], class)."""
    pictures = np.zeros((len(labels), size, size), np.uint8)
    for label, silhouette in enumerate(SILHOUETTES.values()):
        places = np.flatnonzero(labels == label)
        if len(places):
            canvas = Canvas(Dice(seed * len(SILHOUETTES) + label, indices[places]), len(places), size)
            silhouette(canvas)
            pictures[places] = np.clip(canvas.grey, 0, 255)
    return pictures


# ---- cloth and pieces ----


def _cloth(canvas: Canvas, base: np.ndarray, *, patterned: int = 4) -> np.ndarray:
    """A texture (N, size, size) about the grey level `base`, rounded at the sides.

    `patterned` of ten are striped across, along, or checked.
    """
    dice = canvas.dice
    kind = dice.whole(0, 9)[:, None, None]
    period = dice(3.4, 6.0)[:, None, None]
    depth = dice.whole(25, 70)[:, None, None]
    striped = kind < patterned
    across = (canvas.y % period * 2 < period) & striped & (kind % 4 != 2)
    along = ((canvas.x + u(0.5)) % period * 2 < period) & striped & (kind % 4 >= 2)
    rounded = np.abs(canvas.x - MIDDLE) * 30 // MIDDLE
    fading = (canvas.y - MIDDLE) * dice.whole(-18, 18)[:, None, None] // MIDDLE
    checks = kind % 4 == 3  # where both directions meet, each takes half
    texture = base[:, None, None] - rounded + fading - depth * (across.astype(int) + along) // (1 + checks)
    return np.clip(texture, 30, 255)


def _darker(shade: np.ndarray, levels: np.ndarray | int) -> np.ndarray:
    """The same cloth in shadow, still lighter than the background."""
    if isinstance(levels, np.ndarray) and shade.ndim == 3:
        levels = levels[:, None, None]
    return np.clip(shade - levels, 20, 255)


def _contrast(base: np.ndarray, levels: int) -> np.ndarray:
    """A grey level that stands out from `base`: darker on light cloth, lighter on dark cloth."""
    return np.where(base > 140, base - levels, base + levels)


def _box(canvas: Canvas, left: Coordinate, top: Coordinate, right: Coordinate, bottom: Coordinate,
         shade: np.ndarray, shown: np.ndarray | None = None) -> None:  # fmt: skip
    canvas.fill([(left, top), (right, top), (right, bottom), (left, bottom)], shade, rounding=0, shown=shown)


def _band(canvas: Canvas, start: Point, end: Point, width: Coordinate, shade: np.ndarray,
          shown: np.ndarray | None = None) -> None:  # fmt: skip
    """A straight strap, `width` wide along x, from `start` to `end` (the middles of its ends)."""
    (x0, y0), (x1, y1), half = start, end, width // 2
    canvas.fill([(x0 - half, y0), (x0 + half, y0), (x1 + half, y1), (x1 - half, y1)], shade, rounding=0, shown=shown)


def _pair(canvas: Canvas, right: list[Point], shade: np.ndarray, rounding: int = 1) -> None:
    """The same piece on the right, given as (distance from the middle, y), and mirrored on the left."""
    canvas.fill([(MIDDLE + d, y) for d, y in right], shade, rounding=rounding)
    canvas.fill([(MIDDLE - d, y) for d, y in right], shade, rounding=rounding)


def _long_sleeves(canvas: Canvas, cloth: np.ndarray, neck: Coordinate, width: Coordinate, cuff: Coordinate,
                  trim: np.ndarray) -> None:  # fmt: skip
    reach = canvas.dice(11.4, 12.8)
    inner = reach - canvas.dice(2.6, 3.2)
    _pair(canvas, [(neck, u(2.6)), (u(6.6), u(3.2)), (u(9), u(5)), (reach, cuff), (reach, cuff), (inner, cuff + u(0.6)),
                   (inner, cuff + u(0.6)), (width - u(0.2), u(10)), (width - u(1.5), u(8))], _darker(cloth, 34))  # fmt: skip
    _pair(canvas, [(reach - u(0.2), cuff - u(1.6)), (reach, cuff), (inner, cuff + u(0.6)), (inner, cuff - u(1))], trim, rounding=0)


def _torso(canvas: Canvas, cloth: np.ndarray, neck: Coordinate, width: Coordinate, hip: Coordinate, hem: Coordinate) -> None:
    canvas.fill(mirrored([(neck, u(2)), (u(6.4), u(3.1)), (width, u(9)), (width, u(15)), (hip, hem), (hip, hem)]), cloth)


def _neckline(canvas: Canvas, half: Coordinate, depth: Coordinate, shade: np.ndarray, *, round_neck: bool = True) -> None:
    points = [(half, u(1)), (half, u(2.2)), (half // 2, u(2.2) + depth), (0, u(2.2) + depth)]
    canvas.fill(mirrored(points if round_neck else [points[0], points[1], points[3]]), shade, rounding=int(round_neck))


# ---- the ten classes ----


def _tshirt(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(120, 250)
    cloth = _cloth(canvas, base)
    width, hem, neck, reach = dice(6, 7.4), dice(23.5, 26), dice(2.4, 3.6), dice(11.4, 13)
    sleeve = dice(8.2, 11)
    _pair(canvas, [(neck, u(2.4)), (u(6.6), u(3.2)), (reach, sleeve), (reach, sleeve), (reach - u(2.6), sleeve + u(2.6)),
                   (reach - u(2.6), sleeve + u(2.6)), (width - u(1), u(9.6))], _darker(cloth, 26))  # fmt: skip
    _torso(canvas, cloth, neck, width, width - dice(-0.3, 0.5), hem)
    _neckline(canvas, neck, dice(1, 3.4), base * 0)
    chest = dice(1.6, 3)
    _box(canvas, MIDDLE - chest, u(9), MIDDLE + chest, u(9) + dice(3, 6), _contrast(base, 70), shown=dice.whole(0, 3) == 0)


def _trouser(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(100, 235)
    cloth = _cloth(canvas, base, patterned=2)
    waist, hip, outer, inner = dice(4, 5), dice(5, 6.2), dice(4.6, 7), dice(0.8, 2)
    crotch, ankle = dice(9, 11.5), dice(25.8, 27)
    canvas.fill(mirrored([(waist, u(1.2)), (waist, u(1.2)), (hip, u(8)), (outer, ankle), (outer, ankle), (inner, ankle),
                          (inner, ankle), (u(0.2), crotch)]), cloth)  # fmt: skip
    canvas.fill(mirrored([(waist - u(0.1), u(1.2)), (waist + u(0.2), u(3))]), _darker(base, 45), rounding=0)
    _box(canvas, MIDDLE - u(0.35), u(3), MIDDLE + u(0.35), crotch, _darker(base, 60))


def _pullover(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(95, 240)
    cloth = _cloth(canvas, base, patterned=3)
    width, hem, neck = dice(6.4, 7.4), dice(23, 25.4), dice(2.6, 3.6)
    rib = _contrast(base, 45)
    _long_sleeves(canvas, cloth, neck, width, dice(20, 22.5), rib)
    _torso(canvas, cloth, neck, width, width - u(0.3), hem)
    canvas.fill(mirrored([(width - u(0.2), hem - u(2.4)), (width - u(0.6), hem)]), rib, rounding=0)
    _neckline(canvas, neck + u(0.5), dice(1.6, 2.4), rib)
    _neckline(canvas, neck - u(0.6), dice(0.4, 0.9), base * 0)


def _dress(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(110, 250)
    cloth = _cloth(canvas, base, patterned=3)
    bust, waist, flare = dice(3.6, 4.8), dice(2.6, 3.6), dice(5.4, 9.8)
    waistline, hem = dice(10, 12.5), dice(25.5, 27)
    strap = dice(2.2, 3)
    canvas.fill(mirrored([(strap + u(1.3), u(1)), (strap + u(1.3), u(1)), (bust, u(6)), (waist, waistline), (waist, waistline),
                          (flare, hem), (flare, hem)]), cloth)  # fmt: skip
    fold = (canvas.dice(0.25, 0.5), _darker(base, 40))
    for place in (-1, 1):
        _band(canvas, (MIDDLE + place * waist // 3, waistline + u(2)), (MIDDLE + place * flare // 2, hem), *fold)
    _neckline(canvas, strap, dice(2, 4), base * 0)
    canvas.fill(mirrored([(waist + u(0.2), waistline - u(0.7)), (waist + u(0.2), waistline + u(0.8))]),
                _contrast(base, 75), rounding=0, shown=dice.whole(0, 2) > 0)  # fmt: skip


def _coat(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(85, 215)
    cloth = _cloth(canvas, base, patterned=1)
    width, hem, neck = dice(6.2, 7), dice(25.8, 27), dice(2.6, 3.4)
    seam = _darker(base, 75)
    _long_sleeves(canvas, cloth, neck, width, dice(21, 23.5), seam)
    _torso(canvas, cloth, neck, width, width + dice(0.2, 1.4), hem)
    opening = dice(8.5, 12)
    canvas.fill(mirrored([(neck, u(1.6)), (0, opening)]), base * 0 + 24, rounding=0)
    _pair(canvas, [(neck - u(0.4), u(1.4)), (neck + u(1.9), u(4.4)), (u(0.2), opening + u(0.6)), (u(0.2), opening - u(1))],
          np.clip(base + 38, 0, 255), rounding=0)  # fmt: skip
    _box(canvas, MIDDLE - u(0.35), opening, MIDDLE + u(0.35), hem, seam * 2 // 3)
    double = dice.whole(0, 1) == 0
    for row in range(3):
        top = opening + u(1.6 + 3.6 * row)
        for side, shown in ((1, None), (-1, double)):
            middle = MIDDLE + side * u(2.2)
            _box(canvas, middle - u(0.55), top, middle + u(0.55), top + u(1.1), _contrast(base, 85), shown=shown)


def _sandal(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(120, 245)
    heel = dice(0, 6)
    sole = _contrast(base, 50)
    canvas.fill([(u(1.5), u(20.6)), (u(10), u(20.8)), (u(17), u(20.2) - heel // 2), (u(25.6), u(19.6) - heel),
                 (u(26.2), u(21.4) - heel), (u(18), u(22.2) - heel // 2), (u(10), u(22.8)), (u(2), u(22.8))], sole)  # fmt: skip
    slim = dice(0, 1.2)
    canvas.fill([(u(21) + slim, u(20.2) - heel * 3 // 4), (u(26), u(20) - heel), (u(25.3) - slim // 2, u(23.2)),
                 (u(22.6) + slim, u(23.2))], sole, rounding=0)  # fmt: skip
    strap, top = dice(1.5, 2.6), dice(13.5, 16)
    _band(canvas, (u(4.4), u(21)), (u(8.4), top), strap, base)
    _band(canvas, (u(12.4), u(21)), (u(8.4), top), strap, _darker(base, 25))
    ankle = u(11.8) - heel * 2 // 3
    instep = dice.whole(0, 2) > 0
    _band(canvas, (u(14), u(20.4) - heel // 3), (u(17), ankle + u(0.6)), strap * 3 // 4, _darker(base, 25), shown=instep)
    _band(canvas, (u(24.6), u(20.5) - heel), (u(24.4), ankle - u(0.8)), strap, base)
    canvas.fill([(u(15.6), ankle), (u(25.4), ankle - u(1.6)), (u(25.4), ankle + u(0.2)), (u(15.6), ankle + u(1.8))], base, rounding=0)


def _shirt(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(130, 250)
    cloth = _cloth(canvas, base, patterned=5)
    width, hem, neck, reach = dice(5.6, 6.6), dice(24, 26), dice(2.2, 2.9), dice(10.2, 11.4)
    cuff = dice(14, 17)
    _pair(canvas, [(neck, u(2.6)), (u(6.2), u(3.2)), (reach, cuff), (reach, cuff), (reach - u(3), cuff + u(1)),
                   (reach - u(3), cuff + u(1)), (width - u(0.5), u(10))], _darker(cloth, 30))  # fmt: skip
    _pair(canvas, [(reach - u(0.3), cuff - u(1.4)), (reach, cuff), (reach - u(3), cuff + u(1)), (reach - u(3.2), cuff - u(0.4))],
          np.clip(base + 25, 0, 255), rounding=0)  # fmt: skip
    tail = dice(1, 2.4)
    canvas.fill(mirrored([(neck, u(2)), (u(6), u(3)), (width, u(9)), (width, u(15)), (width, hem - tail),
                          (width * 2 // 3, hem), (0, hem)]), cloth)  # fmt: skip
    line = _darker(base, 85)
    for side in (-1, 1):
        edge = MIDDLE + side * u(1)
        _box(canvas, edge - u(0.2), u(5), edge + u(0.2), hem - u(0.2), _darker(base, 55))
    for row in range(5):
        _box(canvas, MIDDLE - u(0.45), u(7.4 + 3.3 * row), MIDDLE + u(0.45), u(8.3 + 3.3 * row), line)
    canvas.fill(mirrored([(neck, u(1.4)), (0, u(5.2))]), base * 0 + 24, rounding=0)
    _pair(canvas, [(neck - u(0.5), u(0.8)), (neck + u(1.3), u(3)), (u(2.1), u(6.6)), (u(0.2), u(5))], np.clip(base + 35, 0, 255),
          rounding=0)  # fmt: skip
    _box(canvas, MIDDLE + u(2.1), u(9), MIDDLE + u(4.9), u(12.4), _darker(base, 45), shown=dice.whole(0, 1) == 0)


def _sneaker(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(90, 235)
    toe, tongue, collar = dice(15.4, 17), dice(8.4, 10.6), dice(9.8, 11.6)
    canvas.fill([(u(1.8), u(20)), (u(1.8), toe), (u(6), toe - u(2)), (u(11), u(12.6)), (u(15), tongue), (u(18), tongue - u(0.6)),
                 (u(19.5), collar + u(0.4)), (u(24), collar), (u(25.8), collar - u(0.6)), (u(26.2), u(15)), (u(26.2), u(20)),
                 (u(26.2), u(20))], np.clip(_cloth(canvas, base, patterned=0) + 10, 0, 255))  # fmt: skip
    cap = dice(5, 8)
    canvas.fill([(u(1.8), u(20)), (u(1.9), toe + u(0.3)), (cap, toe - u(1)), (cap + u(1.6), u(20))], _contrast(base, 45))
    stripe = _contrast(base, 85)
    stripes = dice.whole(0, 2)
    for place in range(3):
        shown = stripes >= place
        _band(canvas, (u(13.4 + 2.7 * place), u(19.4)), (u(15.6 + 2.7 * place), u(13)), u(1.2), stripe, shown=shown)
    for place in range(3):
        x, y = u(9.6 + 2 * place), u(12.9) - place * (u(12.9) - tongue) * 3 // 10
        _band(canvas, (x, y), (x + u(1.5), y + u(2.2)), u(0.9), np.clip(base + 110, 0, 255))
    white = dice.whole(0, 3) > 0
    rubber = np.where(white, np.clip(base + 90, 0, 255), base - 60)
    thick = dice(2, 3.2)
    canvas.fill([(u(1.4), u(19.2)), (u(1.4), u(19.2)), (u(26.6), u(19.2)), (u(26.6), u(19.2)), (u(26.4), u(19.2) + thick),
                 (u(3), u(19.2) + thick)], rubber)  # fmt: skip


def _bag(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(95, 240)
    top, bottom = dice(9.5, 12.5), dice(23, 26)
    wide, narrow = dice(9, 12), dice(8, 11)
    grip, rise, strap = dice(4, 6.6), dice(2, 5), dice(1, 1.8)
    canvas.fill(mirrored([(grip * 2 // 3, rise), (grip, rise + u(2.5)), (grip + u(0.6), top + u(2)), (grip + u(0.6), top + u(2))]),
                _darker(base, 30))  # fmt: skip
    canvas.fill(mirrored([(grip * 2 // 3 - strap // 2, rise + strap), (grip - strap, rise + u(2.5) + strap // 2),
                          (grip + u(0.6) - strap, top + u(2)), (grip + u(0.6) - strap, top + u(2))]), base * 0)  # fmt: skip
    canvas.fill(mirrored([(narrow, top), (narrow, top), (wide, bottom - u(2)), (wide - u(0.6), bottom), (wide - u(0.6), bottom)]),
                _cloth(canvas, base, patterned=2))  # fmt: skip
    flap, kind = top + dice(3, 6.5), dice.whole(0, 2)
    canvas.fill(mirrored([(narrow - u(0.2), top), (narrow - u(0.2), top), (narrow, flap - u(1.5)), (u(2), flap), (0, flap)]),
                _contrast(base, 48), shown=kind > 0)  # fmt: skip
    canvas.fill(mirrored([(narrow, top + u(2)), (narrow + u(0.2), top + u(3))]), _contrast(base, 60), rounding=0, shown=kind == 0)
    _box(canvas, MIDDLE - u(1.1), flap - u(0.9), MIDDLE + u(1.1), flap + u(1.3), _contrast(base, 105), shown=kind > 0)


def _ankle_boot(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice.whole(85, 235)
    shaft, front, toe = dice(2, 5), dice(11.6, 13.6), dice(15.8, 18)
    canvas.fill([(u(2), u(21.4)), (u(2), toe), (u(5.5), toe - u(2.2)), (u(10), u(13.6)), (front, u(10)), (front - u(0.2), shaft),
                 (front - u(0.2), shaft), (u(24), shaft - u(0.4)), (u(24), shaft - u(0.4)), (u(23.8), u(11)), (u(25.8), u(16)),
                 (u(25.8), u(21.4)), (u(25.8), u(21.4))], _cloth(canvas, base, patterned=0))  # fmt: skip
    seam = _contrast(base, 55)
    kind = dice.whole(0, 2)
    canvas.fill([(u(16), shaft + u(0.4)), (u(21), shaft + u(0.4)), (u(19.6), u(14)), (u(17.4), u(14))], seam, rounding=0, shown=kind == 0)
    canvas.fill([(front, shaft), (u(24), shaft - u(0.3)), (u(24), shaft + u(2.4)), (front, shaft + u(2.7))], seam, rounding=0,
                shown=kind == 1)  # fmt: skip
    for row in range(4):
        y = shaft + u(1.6) + row * (u(13) - shaft) // 5
        _band(canvas, (front + u(0.2), y), (front + u(3), y + u(0.5)), u(2.2), np.clip(base + 70, 0, 255), shown=kind == 2)
    _band(canvas, (u(10.2), u(14)), (u(13), u(20.8)), u(0.8), _darker(base, 45))
    heel, sole = dice(23, 26), _contrast(base, 75)
    block = dice(19, 21.6)
    _box(canvas, u(1.8), u(20.8), u(26), u(22.2), sole)
    canvas.fill([(block, u(22)), (u(26), u(22)), (u(25.7), heel), (block + u(0.5), heel)], sole, rounding=0)


SILHOUETTES: dict[str, Callable[[Canvas], None]] = {
    "T-shirt/top": _tshirt,
    "Trouser": _trouser,
    "Pullover": _pullover,
    "Dress": _dress,
    "Coat": _coat,
    "Sandal": _sandal,
    "Shirt": _shirt,
    "Sneaker": _sneaker,
    "Bag": _bag,
    "Ankle boot": _ankle_boot,
}
