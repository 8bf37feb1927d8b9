"""An antialiasing polygon filler for many pictures at once, in integers only.

Outlines are whole numbers of tenths of a unit, pixels are divided into 256 steps, and random draws come from a
counter-based hash (splitmix64): the same seed gives the same bytes on every machine and with every version of NumPy.
"""

import numpy as np

DESIGN = 280  # a picture is 28 units wide and high, whatever its size in pixels
_STEPS = 256  # to a pixel
_SUBROWS = 4  # scan lines per pixel row; along a row coverage is exact

Coordinate = np.ndarray | int  # one for each picture (N,), or the same for all
Point = tuple[Coordinate, Coordinate]


class Dice:
    """Draws for `indices` (N,) that depend on (seed, index, number of the draw) alone, never on N."""

    def __init__(self, seed: int, indices: np.ndarray) -> None:
        with np.errstate(over="ignore"):  # wrapping round 2^64 is what the hash does
            self._keys = _splitmix64(indices.astype(np.uint64) + _splitmix64(np.uint64(seed)))
        self._draws = 0

    def __call__(self, low: int, high: int) -> np.ndarray:
        """(N,) uniform whole numbers in [low, high]."""
        self._draws += 1
        with np.errstate(over="ignore"):
            bits = _splitmix64(self._keys ^ _splitmix64(np.uint64(self._draws)))
        return low + (bits >> np.uint64(11)).astype(np.int64) % (high - low + 1)


def _splitmix64(value: np.ndarray | np.uint64) -> np.ndarray:
    """Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators"."""
    x = np.atleast_1d(value) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Canvas:
    """N grey pictures (N, size, size), black at first, that take the same polygon each in its own proportions.

    `x` and `y` are the pixel centres in tenths of a unit, shaped to broadcast over the pictures. Each picture is
    scaled, tilted and shifted a little, by the first throws of its dice.
    """

    def __init__(self, dice: Dice, num_pictures: int, size: int) -> None:
        self.dice = dice
        self.size = size
        self.grey = np.zeros((num_pictures, size, size), np.int32)
        self._scale = dice(238, 264)[:, None]  # of 256
        self._tilt = dice(-15, 15)[:, None]  # of 256: up to 3.4 degrees
        self._shift = dice(-5, 5)[:, None], dice(-4, 4)[:, None]
        centre = (np.arange(size) * 2 + 1) * DESIGN // (2 * size)
        self.x, self.y = centre[None, None, :], centre[None, :, None]

    def fill(
        self, points: list[Point], shade: np.ndarray, *, rounding: int = 1, shown: np.ndarray | None = None
    ) -> None:
        """Paint over one closed polygon.

        `shade` is grey levels 0..255, (N,) or (1,) or a texture (N, size, size); `rounding` is how often corners are
        cut (a point given twice stays sharp); `shown` (N,) bool leaves some pictures without it.
        """
        every = [np.broadcast_to(coordinate, len(self.grey)) for point in points for coordinate in point]
        outline = self._placed(np.stack(every, axis=1).reshape(len(self.grey), len(points), 2))
        for _ in range(rounding):
            outline = _cut_corners(outline)
        rows, columns = _window(outline[..., 1], self.size), _window(outline[..., 0], self.size)
        cover = _coverage(outline, rows, columns)
        if shown is not None:
            cover = cover * shown[:, None, None]
        shade = shade[:, rows, columns] if shade.ndim == 3 else shade[:, None, None]
        grey = self.grey[:, rows, columns]  # a view: nothing outside the window changes
        grey += (shade.astype(np.int32) - grey) * cover >> 8

    def _placed(self, outline: np.ndarray) -> np.ndarray:
        """From design to pixel steps: scaled, tilted (two shears: nearly a rotation) and shifted about the centre."""
        x, y = (outline - DESIGN // 2).astype(np.int64).transpose(2, 0, 1) * self._scale
        x = x - y * self._tilt // 256
        y = y + x * self._tilt // 256
        placed = np.stack([x, y], axis=-1) + 256 * (np.stack(self._shift, axis=-1) + DESIGN // 2)
        return placed * self.size * _STEPS // (256 * DESIGN)


def mirrored(right: list[Point]) -> list[Point]:
    """The closed outline whose right half is given as (distance from the middle, y), from top to bottom."""
    middle = DESIGN // 2
    return [(middle + d, y) for d, y in right] + [(middle - d, y) for d, y in reversed(right)]


def _cut_corners(outline: np.ndarray) -> np.ndarray:
    """Chaikin (1974): each edge gives the points at 1/4 and 3/4 of it."""
    following = np.roll(outline, -1, axis=1)
    cut = np.stack([(3 * outline + following) >> 2, (outline + 3 * following) >> 2], axis=2)
    return cut.reshape(len(outline), -1, 2)


def _window(positions: np.ndarray, size: int) -> slice:
    """The pixels that `positions` (in steps) can touch in any of the pictures."""
    low, high = int(positions.min()) // _STEPS, -(-int(positions.max()) // _STEPS)
    return slice(min(max(low, 0), size - 1), max(min(high, size), 1))


def _coverage(outline: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Share of each pixel of the window inside the polygons (N, V, 2), as (N, rows, columns) int32 in 0..256.

    Along each scan line an edge switches the inside on or off from its crossing to the right; the running sum of
    these switches, each split between two pixels by its fraction, is the coverage.
    """
    height, width = rows.stop - rows.start, columns.stop - columns.start
    start, end = outline, np.roll(outline, -1, axis=1)
    lines = (np.arange(rows.start * _SUBROWS, rows.stop * _SUBROWS) * 2 + 1) * _STEPS // (2 * _SUBROWS)
    crosses = (start[..., 1, None] <= lines) != (end[..., 1, None] <= lines)
    picture, edge, line = np.nonzero(crosses)
    (x0, y0), (x1, y1) = start[picture, edge].T, end[picture, edge].T
    x = x0 + (lines[line] - y0) * (x1 - x0) // (y1 - y0) - columns.start * _STEPS
    column, fraction = np.divmod(np.clip(x, 0, width * _STEPS), _STEPS)
    direction = np.where(y1 > y0, 1, -1)
    cell = (picture * height + line // _SUBROWS) * (width + 2) + column
    switches = np.bincount(cell, direction * (_STEPS - fraction), minlength=len(outline) * height * (width + 2))
    switches += np.bincount(cell + 1, direction * fraction, minlength=len(switches))
    inside = np.cumsum(switches.astype(np.int32).reshape(-1, height, width + 2), axis=2)[..., :width]
    return np.abs(inside) // _SUBROWS
