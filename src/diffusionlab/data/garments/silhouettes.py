"""How each garment is cut: outlines in tenths of a unit (280 wide and high, y downwards), varied by throws of the dice.

A draw of the dice stands for the proportion that it varies; what is written as a number is the same in all.
"""

from collections.abc import Callable

import numpy as np

from diffusionlab.data.garments.drawing import Canvas, Coordinate, Dice, Point, mirrored
from diffusionlab.data.garments.tailoring import (
    MIDDLE,
    band,
    box,
    buttons,
    contrast,
    darker,
    lighter,
    long_sleeves,
    pair,
    round_neck,
    short_sleeves,
    torso,
    woven,
)

BLACK = np.zeros(1, np.int64)


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


def _tshirt(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(120, 250)
    cloth = woven(canvas, base, patterned=4)
    width, hem, neck = dice(60, 74), dice(235, 260), dice(24, 36)
    short_sleeves(canvas, cloth, neck, width, dice(114, 130), dice(82, 110), slant=26)
    torso(canvas, cloth, neck, width, width - dice(-3, 5), hem)
    round_neck(canvas, neck, dice(10, 34), BLACK)
    print_half, print_end = dice(16, 30), 90 + dice(30, 60)
    box(canvas, (MIDDLE - print_half, MIDDLE + print_half), (90, print_end), contrast(base, 70), dice(0, 3) == 0)


def _trouser(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(100, 235)
    waist, hip, outer, inner = dice(40, 50), dice(50, 62), dice(46, 70), dice(8, 20)
    crotch, ankle = dice(90, 115), dice(258, 270)
    legs: list[Point] = [(outer, ankle), (outer, ankle), (inner, ankle), (inner, ankle), (2, crotch)]
    canvas.fill(mirrored([(waist, 12), (waist, 12), (hip, 80), *legs]), woven(canvas, base, patterned=2))
    canvas.fill(mirrored([(waist - 1, 12), (waist + 2, 30)]), darker(base, 45), rounding=0)
    box(canvas, (MIDDLE - 4, MIDDLE + 4), (30, crotch), darker(base, 60))


def _pullover(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(95, 240)
    cloth, rib = woven(canvas, base, patterned=3), contrast(base, 45)
    width, hem, neck = dice(64, 74), dice(230, 254), dice(26, 36)
    long_sleeves(canvas, cloth, neck, width, dice(200, 225), rib)
    torso(canvas, cloth, neck, width, width - 3, hem)
    canvas.fill(mirrored([(width - 2, hem - 24), (width - 6, hem)]), rib, rounding=0)
    round_neck(canvas, neck + 5, dice(16, 24), rib)
    round_neck(canvas, neck - 6, dice(4, 9), BLACK)


def _dress(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(110, 250)
    bust, waist, flare, strap = dice(36, 48), dice(26, 36), dice(54, 98), dice(22, 30)
    waistline, hem = dice(100, 125), dice(255, 270)
    bodice: list[Point] = [(strap + 13, 10), (strap + 13, 10), (bust, 60), (waist, waistline), (waist, waistline)]
    canvas.fill(mirrored([*bodice, (flare, hem), (flare, hem)]), woven(canvas, base, patterned=3))
    for side in (-1, 1):  # folds of the skirt
        top, end = (MIDDLE + side * waist // 3, waistline + 20), (MIDDLE + side * flare // 2, hem)
        band(canvas, top, end, dice(3, 6), darker(base, 40))
    round_neck(canvas, strap, dice(20, 40), BLACK)
    belt: list[Point] = [(waist + 2, waistline - 7), (waist + 2, waistline + 8)]
    canvas.fill(mirrored(belt), contrast(base, 75), rounding=0, shown=dice(0, 2) > 0)


def _coat(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(85, 215)
    cloth, seam, button = woven(canvas, base, patterned=1), darker(base, 75), contrast(base, 85)
    width, hem, neck, opening = dice(62, 70), dice(258, 270), dice(26, 34), dice(85, 120)
    long_sleeves(canvas, cloth, neck, width, dice(210, 235), seam)
    torso(canvas, cloth, neck, width, width + dice(2, 14), hem)
    canvas.fill(mirrored([(neck, 16), (0, opening)]), BLACK + 24, rounding=0)
    lapel: list[Point] = [(neck - 4, 14), (neck + 19, 44), (2, opening + 6), (2, opening - 10)]
    pair(canvas, lapel, lighter(base, 38), rounding=0)
    box(canvas, (MIDDLE - 4, MIDDLE + 4), (opening, hem), seam * 2 // 3)
    rows: list[Coordinate] = [opening + 16, opening + 52, opening + 88]
    buttons(canvas, MIDDLE + 22, rows, 6, 11, button)
    buttons(canvas, MIDDLE - 22, rows, 6, 11, button, dice(0, 1) == 0)


def _sandal(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(120, 245)
    heel, slim, top, slits = dice(-5, 60), dice(0, 14), dice(136, 156), dice(0, 2)
    sole = contrast(base, 55)
    back = 120 - heel * 2 // 3
    canvas.fill([(226, 205 - heel), (234, back + 4), (260, back - 6), (264, 205 - heel)], base)
    block: list[Point] = [
        (204 + slim, 204 - heel * 3 // 4),
        (262, 200 - heel),
        (256 - slim // 2, 236),
        (220 + slim, 236),
    ]
    canvas.fill(block, darker(sole, 30), rounding=0)
    bed: list[Point] = [(12, 208), (40, 200), (110, 206), (170, 198 - heel // 2), (260, 190 - heel)]
    canvas.fill([*bed, (264, 214 - heel), (180, 224 - heel // 2), (110, 236), (22, 234)], sole)
    over_toes: list[Point] = [(44, 210), (54, 170), (84, top), (112, top), (136, 174), (146, 206 - heel // 3)]
    canvas.fill([*over_toes, (110, 214), (80, 216)], base)
    for slit in range(2):
        x = 76 + 26 * slit + dice(-3, 3)
        band(canvas, (x, 206), (x + 8, top + 6), 10, BLACK, slits > slit)
    ankle = 126 - heel * 2 // 3
    band(canvas, (126, 186), (164, ankle + 10), dice(10, 16), darker(base, 45), dice(0, 1) == 0)
    canvas.fill([(150, ankle + 4), (254, ankle - 14), (254, ankle + 6), (152, ankle + 25)], base, rounding=0)
    box(canvas, (174, 190), (ankle - 4, ankle + 23), lighter(base, 60), dice(0, 1) == 0)


def _shirt(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(130, 250)
    cloth = woven(canvas, base, patterned=5)
    width, hem, neck, reach = dice(56, 66), dice(240, 260), dice(22, 29), dice(102, 114)
    cuff, tail = dice(140, 170), dice(10, 24)
    short_sleeves(canvas, cloth, neck, width, reach, cuff, slant=10)
    rolled: list[Point] = [(reach - 3, cuff - 14), (reach, cuff), (reach - 28, cuff + 10), (reach - 30, cuff - 4)]
    pair(canvas, rolled, lighter(base, 25), rounding=0)
    body: list[Point] = [(neck, 20), (60, 30), (width, 90), (width, 150), (width, hem - tail), (width * 2 // 3, hem)]
    canvas.fill(mirrored([*body, (0, hem)]), cloth)
    for edge in (MIDDLE - 10, MIDDLE + 10):
        box(canvas, (edge - 2, edge + 2), (50, hem - 2), darker(base, 55))
    buttons(canvas, MIDDLE, [74 + 33 * row for row in range(5)], 5, 9, darker(base, 85))
    canvas.fill(mirrored([(neck, 14), (0, 52)]), BLACK + 24, rounding=0)
    pair(canvas, [(neck - 5, 8), (neck + 13, 30), (21, 66), (2, 50)], lighter(base, 35), rounding=0)
    box(canvas, (MIDDLE + 21, MIDDLE + 49), (90, 124), darker(base, 45), dice(0, 1) == 0)


def _sneaker(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(90, 235)
    toe, tongue, collar, cap = dice(154, 170), dice(84, 106), dice(98, 116), dice(50, 80)
    front: list[Point] = [(18, 200), (18, toe), (60, toe - 20), (110, 126), (150, tongue), (180, tongue - 6)]
    back: list[Point] = [(195, collar + 4), (240, collar), (258, collar - 6), (262, 150), (262, 200), (262, 200)]
    canvas.fill(front + back, lighter(woven(canvas, base, patterned=0), 10))
    canvas.fill([(18, 200), (19, toe + 3), (cap, toe - 10), (cap + 16, 200)], contrast(base, 45))
    stripes = dice(0, 2)
    for place in range(3):
        x = 134 + 27 * place
        band(canvas, (x, 194), (x + 22, 130), 12, contrast(base, 85), stripes >= place)
    for place in range(3):  # laces
        x, y = 96 + 20 * place, 129 - place * (129 - tongue) * 3 // 10
        band(canvas, (x, y), (x + 15, y + 22), 9, lighter(base, 110))
    white, bottom = dice(0, 3) > 0, 192 + dice(20, 32)
    rubber = np.where(white, lighter(base, 90), base - 60)
    canvas.fill([(14, 192), (14, 192), (266, 192), (266, 192), (264, bottom), (30, bottom)], rubber)


def _bag(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(95, 240)
    top, bottom, wide, narrow = dice(95, 125), dice(230, 260), dice(90, 120), dice(80, 110)
    grip, rise, strap = dice(40, 66), dice(20, 50), dice(10, 18)
    for inset, shade in ((0, darker(base, 30)), (strap, BLACK)):  # the handle and the hole in it
        foot = (grip + 6 - inset, top + 20)
        handle: list[Point] = [
            (grip * 2 // 3 - inset // 2, rise + inset),
            (grip - inset, rise + 25 + inset // 2),
            foot,
            foot,
        ]
        canvas.fill(mirrored(handle), shade)
    body: list[Point] = [(narrow, top), (narrow, top), (wide, bottom - 20), (wide - 6, bottom), (wide - 6, bottom)]
    canvas.fill(mirrored(body), woven(canvas, base, patterned=2))
    flap, kind = top + dice(30, 65), dice(0, 2)
    cover: list[Point] = [(narrow - 2, top), (narrow - 2, top), (narrow, flap - 15), (20, flap), (0, flap)]
    canvas.fill(mirrored(cover), contrast(base, 48), shown=kind > 0)
    seam: list[Point] = [(narrow, top + 20), (narrow + 2, top + 30)]
    canvas.fill(mirrored(seam), contrast(base, 60), rounding=0, shown=kind == 0)
    box(canvas, (MIDDLE - 11, MIDDLE + 11), (flap - 9, flap + 13), contrast(base, 105), kind > 0)


def _ankle_boot(canvas: Canvas) -> None:
    dice = canvas.dice
    base = dice(85, 235)
    shaft, front, toe, kind = dice(20, 50), dice(116, 136), dice(158, 180), dice(0, 2)
    vamp: list[Point] = [(20, 214), (20, toe), (55, toe - 22), (100, 136), (front, 100), (front - 2, shaft)]
    back: list[Point] = [(240, shaft - 4), (240, shaft - 4), (238, 110), (258, 160), (258, 214), (258, 214)]
    canvas.fill([*vamp, (front - 2, shaft), *back], woven(canvas, base, patterned=0))
    seam = contrast(base, 55)
    gusset: list[Point] = [(160, shaft + 4), (210, shaft + 4), (196, 140), (174, 140)]
    canvas.fill(gusset, seam, rounding=0, shown=kind == 0)
    collar: list[Point] = [(front, shaft), (240, shaft - 3), (240, shaft + 24), (front, shaft + 27)]
    canvas.fill(collar, seam, rounding=0, shown=kind == 1)
    for row in range(4):  # laces
        y = shaft + 16 + row * (130 - shaft) // 5
        band(canvas, (front + 2, y), (front + 30, y + 5), 22, lighter(base, 70), kind == 2)
    band(canvas, (102, 140), (130, 208), 8, darker(base, 45))
    heel, block, sole = dice(230, 260), dice(190, 216), contrast(base, 75)
    box(canvas, (18, 260), (208, 222), sole)
    canvas.fill([(block, 220), (260, 220), (257, heel), (block + 5, heel)], sole, rounding=0)


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
