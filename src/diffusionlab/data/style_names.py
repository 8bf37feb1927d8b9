"""What the styles of a data set are called. Imports neither torch nor numpy, so that a configuration can count them."""

import csv
from pathlib import Path

MEASURED = {
    "ink": ("light", "regular", "bold"),
    "brightness": ("dark", "medium", "bright"),
    "size": ("small", "average", "large"),
}
"""Style that is measured in the images (styles.py) -> the names of its bins, from the least to the most."""


def style_names(style: str | None, csv_file: str | None) -> list[str] | None:
    """The names whose places are the style labels; None without styles.

    Raises:
        ValueError: no such style, or a CSV that is missing or cannot be read.
    """
    if style is None:
        return None
    if style in MEASURED:
        return list(MEASURED[style])
    if style != "csv":
        raise ValueError(f"condition.style={style}: choose from {', '.join(MEASURED)}, csv")
    if csv_file is None:
        raise ValueError("condition.style=csv needs its file: type condition.csv=FILE")
    return sorted({name for _, _, name in read_csv(csv_file)})


def read_csv(csv_file: str) -> list[tuple[str, int, str]]:
    """(split, index, style) of every line; index counts the images of train or test from 0, in the set's own order.

    Raises:
        ValueError: the file is missing or a line is not of this kind; the message names it.
    """
    path = Path(csv_file).expanduser()
    if not path.is_file():
        raise ValueError(f"condition.csv={csv_file} is not a file; it needs the columns split, index and style")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"split", "index", "style"} <= set(reader.fieldnames or ()):
            raise ValueError(f"condition.csv={csv_file}: its first line must name the columns split, index and style")
        rows = []
        for number, row in enumerate(reader, start=2):
            split, index, style = row["split"], row["index"], row["style"]
            if split not in ("train", "test") or not str(index).isdecimal() or not style:
                raise ValueError(f"condition.csv={csv_file}: line {number} must read train or test, a number, a style")
            rows.append((split, int(index), style))
    return rows
