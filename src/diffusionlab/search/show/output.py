"""Rows for programs (CSV, JSON, the evidence of each hit), and pictures of runs, in a terminal and as data URIs."""

from __future__ import annotations

import base64
import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.filter import Filter
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import COLUMNS, held_in, value_of
from diffusionlab.search.answer.result import GroupRow, Groups, Result, Row
from diffusionlab.search.query.query import Figure, name_of
from diffusionlab.search.read.text import Matches, Mentions, mentioned
from diffusionlab.untrusted import ImageError, opened_image

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.console import Console
    from rich.text import Text


# -- rows


def write_csv(result: Result, columns: Sequence[str], heads: Sequence[str] | None = None) -> None:
    """Rows as CSV on stdout, values unrounded; texts that a spreadsheet would run get an apostrophe."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(heads or columns)
    for rank, (row, score) in enumerate(zip(result.rows, result.scores, strict=True), 1):
        out.writerow([_plain(row, column, rank, score) for column in columns])


def write_groups_csv(groups: Groups) -> None:
    """Figures of groups as CSV on stdout."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    apart = [groups.mixed] if groups.mixed else []
    also = [name_of(term) for term in groups.figure.also]
    out.writerow([*apart, *groups.figure.heads, "value", "count", *also])
    for name, rows in groups.within or (("", groups.rows),):
        lead = [guarded(name)] if apart else []
        out.writerows([*lead, *map(guarded, row.keys), row.value, row.count, *row.also] for row in rows)


def _plain(row: Row, column: str, rank: int, score: float) -> Any:
    if column in ("rank", "score", "distance"):
        return {"rank": rank, "score": score, "distance": round(1 - score, 4)}[column]
    found = value_of(row, column)
    if isinstance(found, datetime):
        return found.isoformat()
    if isinstance(found, list):
        return ";".join(map(str, found))
    if isinstance(found, dict):
        return json.dumps(found)
    return guarded(found)


def guarded(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it; anything else as it is."""
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def evidence(result: Result) -> list[dict[str, Any]]:
    """Of each row: column -> value (and where it came from) for what a condition or the order asked about."""
    query = result.query
    columns = asked_about(query.condition)
    columns += [query.order.column] if query.order else []
    columns = list(dict.fromkeys([*columns, *query.show]))
    texts = [leaf for leaf in query.condition.leaves() if isinstance(leaf, Mentions)]
    return [_evidence(row, columns, texts) for row in result.rows]


def asked_about(condition: Filter) -> list[str]:
    """The columns, and `metrics.NAME`, that a condition looks at, but for those that texts are looked for in."""
    leaves = [leaf for leaf in condition.leaves() if not isinstance(leaf, Mentions | Matches)]
    return [c for leaf in leaves for c in ([leaf.column] if _is_column(leaf.column) else sorted(leaf.reads()))]


def _is_column(name: str) -> bool:
    return held_in(name) in COLUMNS


def _evidence(row: Row, columns: Sequence[str], texts: Sequence[Mentions]) -> dict[str, Any]:
    sources = row.get("sources") or {}
    found: dict[str, Any] = {}
    for column in columns:
        plain = _plain_json(row, column)
        found[column] = {"value": plain, "source": sources[column]} if column in sources else {"value": plain}
    for leaf in texts:
        if place := _mention(row, leaf):
            found.setdefault("text", {"value": []})["value"].append(place)
    return found


def _mention(row: Row, leaf: Mentions) -> str | None:
    for column in ("name", "description", "notes", "reason", "tags", "architecture", "search_text"):
        if row.get(column) and any(mentioned(str(row[column]), phrase) for phrase in leaf.phrases):
            return f"{column}: {str(row[column])[:160]}"
    return None


def _plain_json(row: Row, column: str) -> Any:
    found = value_of(row, column)
    return found.isoformat() if isinstance(found, datetime) else found


def _aggregate(groups: Groups | None) -> dict[str, Any] | None:
    if groups is None:
        return None
    figure = groups.figure
    return {
        "by": ",".join(key.column for key in figure.by) or None,
        "unit": ",".join(key.unit for key in figure.by if key.unit) or None,
        "how": figure.how,
        "of": figure.of,
        "part": figure.part.label if figure.part else None,
        "rows": [_group(row, figure) for row in groups.rows],
        "apart": groups.apart,
        "within": {name: [_group(row, figure) for row in rows] for name, rows in groups.within},
        "without_key": groups.without_key,
        "without_value": groups.without_value,
    }


def _group(row: GroupRow, figure: Figure) -> dict[str, Any]:
    """A group, and by their names all figures of it if several are asked for."""
    told: dict[str, Any] = {"key": row.key, "value": row.value, "count": row.count, "runs": list(row.runs)}
    if figure.also:
        names = [f"{how} {of}" if of else how for how, of in figure.terms]
        told["figures"] = dict(zip(names, (row.value, *row.also), strict=True))
    return told


def _pictures(result: Result, run_id: str) -> dict[str, Any]:
    """The paths of a run's pictures, and a thumbnail of the first, if they were asked for."""
    if run_id not in result.pictures:
        return {}

    paths = list(result.pictures[run_id])
    return {"pictures": paths, "thumbnail": thumbnail_uri(paths[0]) if paths else None}


def as_json(result: Result, interpretation: dict[str, Any], answer: str, warnings: Sequence[str]) -> str:
    """The answer for programs: query, interpretation, intent, total, hits, answer, warnings."""
    shown = (
        "name",
        "status",
        "created_at",
        "modified_at",
        "framework",
        "architecture",
        "arch_tags",
        "dataset",
        "batch_size",
        "lr",
        "optimizer",
        "epochs",
        "hardware",
        "num_parameters",
        "image_size",
        "schedule",
        "parameterization",
        "metrics",
        "protocol",
        "objective",
        "description",
        "path",
        "size_bytes",
    )
    hits = [
        {"run_id": row["run_id"], "score": score, **{c: row.get(c) for c in shown}, "evidence": told}
        | _pictures(result, row["run_id"])
        for row, score, told in zip(result.rows, result.scores, evidence(result), strict=True)
    ]
    return json.dumps(
        {
            "query": result.query.question,
            "interpretation": interpretation,
            "intent": result.query.intent,
            "total": result.total,
            "hits": hits,
            "answer": answer,
            "warnings": list(warnings),
            "aggregate": _aggregate(result.groups),
            "verdict": result.verdict,
            "unknown": result.unknown,
            "unread": list(result.unread),
        },
        ensure_ascii=False,
        default=datetime.isoformat,
    )


# -- pictures: as half blocks, two pixels a character, and as small PNGs

MOST = 3  # runs whose picture is drawn
SIDE = 128  # pixels of a thumbnail


def print_pictures(console: Console, result: Result) -> None:
    """The first picture of the first runs, if the terminal has colors."""
    if not console.is_terminal or console.color_system is None:
        return
    from rich.text import Text

    for run_id, paths in [(run_id, paths) for run_id, paths in result.pictures.items() if paths][:MOST]:
        image = _opened(paths[0], min(console.width, 96))
        if image is not None:
            console.print()
            console.print(Text(printable(run_id), style="dim"))
            console.print(half_blocks(image), no_wrap=True, overflow="crop")


def half_blocks(image: Image) -> Text:
    """An RGB image as characters whose upper and lower halves are a pixel each; an odd last line is left out."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    pixels = image.load()
    assert pixels is not None
    drawn = Text()
    for y in range(0, image.height - 1, 2):
        for x in range(image.width):
            upper, lower = (Color.from_rgb(*pixels[x, y + half][:3]) for half in (0, 1))  # type: ignore[index]
            drawn.append("▀", Style(color=upper, bgcolor=lower))
        drawn.append("\n")
    return drawn


def thumbnail_uri(path: str) -> str | None:
    """A picture as a small PNG in a data URI; None if it cannot be read."""
    image = _opened(path, SIDE)
    if image is None:
        return None
    out = io.BytesIO()
    image.save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def _opened(path: str, side: int) -> Image | None:
    """The picture in RGB, no side longer than `side`; None if it is none, is broken, or is very large."""
    from PIL import Image

    try:
        with opened_image(Path(path)) as file:
            image = file.convert("RGB")
    except ImageError:
        return None
    image.thumbnail((side, side), Image.Resampling.BOX)
    return image
