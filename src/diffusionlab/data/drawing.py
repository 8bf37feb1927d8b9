"""An antialiasing polygon filler for many pictures at once, in integers only.

Every number is a whole number of 1/256 units, and random draws come from a counter-based hash (splitmix64), so the
same seed gives the same bytes on every machine and with every version of NumPy or Pillow.
"""

import numpy as np

UNIT = 256  # steps per design unit and per pixel
DESIGN = 28  # a picture is 28 design units wide and high, whatever its size in pixels
_SUBROWS = 4  # scan lines per pixel row; along a row coverage is exact

Coordinate = np.ndarray | int
Point = tuple[Coordinate, Coordinate]


def units(value: float) -> int:
    """Design units -> integer steps."""
    return round(value * UNIT)


class Dice:
    """Draws for `indices` (N,) that depend on (seed, index, number of the draw) alone, never on N."""

    def __init__(self, seed: int, indices: np.ndarray) -> None:
        with np.errstate(over="ignore"):  # wrapping round 2^64 is what the hash does
            self._keys = _splitmix64(indices.astype(np.uint64) + _splitmix64(np.uint64(seed)))
        self._draws = 0

    def __call__(self, low: float, high: float) -> np.ndarray:
        """(N,) uniform in [low, high] design units, as integer steps."""
        return self.whole(units(low), units(high))

    def whole(self, low: int, high: int) -> np.ndarray:
        """(N,) uniform whole numbers in [low, high]."""
        self._draws += 1
        with np.errstate(over="ignore"):
            bits = _splitmix64(self._keys ^ _splitmix64(np.uint64(self._draws)))
        return low + (bits >> np.uint64(11)).astype(np.int64) % (high - low + 1)


def _splitmix64(x: np.ndarray | np.uint64) -> np.ndarray:
    """Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators"."""
    x = np.asarray(x, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Canvas:
    """N grey pictures (N, size, size), black at first, that take the same polygon each in its own proportions."""

    def __init__(self, dice: Dice, num_pictures: int, size: int, *, max_tilt: float = 0.06) -> None:
        self.dice = dice
        self.size = size
        self.grey = np.zeros((num_pictures, size, size), np.int32)
        self._scale = dice.whole(units(0.93), units(1.03))
        self._tilt = dice(-max_tilt, max_tilt)
        self._shift = dice(-0.5, 0.5), dice(-0.4, 0.4)
        centre = (np.arange(size) * 2 + 1) * DESIGN * UNIT // (2 * size)  # of each pixel, in steps
        self.x, self.y = centre[None, None, :], centre[None, :, None]

    def fill(self, points: list[Point], shade: np.ndarray, *, rounding: int = 1, shown: np.ndarray | None = None) -> None:
        """Paint over one closed polygon.

        `shade` is grey levels 0..255, (N,) or a texture (N, size, size); `rounding` is how often corners are cut
        (Chaikin); `shown` (N,) bool leaves some pictures without it.
        """
        num_pictures = len(self.grey)
        outline = np.stack(
            [np.stack([np.broadcast_to(c, num_pictures) for c in point], axis=-1) for point in points], axis=1
        ).astype(np.int64)
        for _ in range(rounding):
            outline = _cut_corners(outline)
        cover = _coverage(self._placed(outline), self.size)
        if shown is not None:
            cover = cover * shown[:, None, None]
        shade = shade if shade.ndim == 3 else shade[:, None, None]
        self.grey += (shade.astype(np.int32) - self.grey) * cover >> 8

    def _placed(self, outline: np.ndarray) -> np.ndarray:
        """Scale, tilt (two shears: a rotation for small angles) and shift about the centre, then to pixel steps."""
        x, y = (outline - DESIGN * UNIT // 2).transpose(2, 0, 1)
        x, y = (v * self._scale[:, None] // UNIT for v in (x, y))
        x = x - y * self._tilt[:, None] // UNIT
        y = y + x * self._tilt[:, None] // UNIT
        placed = np.stack([x + self._shift[0][:, None], y + self._shift[1][:, None]], axis=-1)
        return (placed + DESIGN * UNIT // 2) * self.size // DESIGN


def mirrored(right: list[Point]) -> list[Point]:
    """The closed outline whose right half is given as (distance from the middle, y), from top to bottom."""
    middle = DESIGN * UNIT // 2
    return [(middle + d, y) for d, y in right] + [(middle - d, y) for d, y in reversed(right)]


def _cut_corners(outline: np.ndarray) -> np.ndarray:
    """Chaikin (1974): each edge gives the points at 1/4 and 3/4 of it."""
    following = np.roll(outline, -1, axis=1)
    cut = np.stack([(3 * outline + following) >> 2, (outline + 3 * following) >> 2], axis=2)
    return cut.reshape(len(outline), -1, 2)


def _coverage(outline: np.ndarray, size: int) -> np.ndarray:
    """Share of each pixel inside the polygons (N, V, 2), as (N, size, size) int32 in 0..256.

    Along each scan line an edge switches the inside on or off from its crossing to the right; the running sum of
    these switches, each split between two pixels by its fraction, is the coverage.
    """
    start, end = outline, np.roll(outline, -1, axis=1)
    lines = (np.arange(size * _SUBROWS) * 2 + 1) * UNIT // (2 * _SUBROWS)
    crosses = (start[..., 1, None] <= lines) != (end[..., 1, None] <= lines)
    picture, edge, line = np.nonzero(crosses)
    (x0, y0), (x1, y1) = start[picture, edge].T, end[picture, edge].T
    x = np.clip(x0 + (lines[line] - y0) * (x1 - x0) // (y1 - y0), 0, size * UNIT)
    direction = np.where(y1 > y0, 1, -1)
    column, fraction = x // UNIT, x % UNIT
    cell = (picture * size + line // _SUBROWS) * (size + 2) + column
    switches = np.bincount(cell, direction * (UNIT - fraction), minlength=len(outline) * size * (size + 2))
    switches += np.bincount(cell + 1, direction * fraction, minlength=len(switches))
    inside = np.cumsum(switches.astype(np.int32).reshape(-1, size, size + 2), axis=2)[..., :size]
    return np.abs(inside) // _SUBROWS
