"""`python search.py QUERY`: a plain question about the runs, an exact answer."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diffusionlab.invocation import as_typed
from diffusionlab.registry.storage.table import Registry, default_uri
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Result
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.query.where_values import column_of
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.options import parser, query_of

_SETTING = re.compile(r"(search\.(?:embedder|clip_model|clip_weights)|registry\.uri)=(.*)")


def main(argv: Sequence[str] | None = None) -> int:
    """Answer one question; 0 when answered (also with "none"), 2 with one line for what cannot be read."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = parser().parse_intermixed_args(arguments)
        registry = _run(options)
        sys.stdout.flush()
        registry.leave_snapshot()  # the next question need not wake LanceDB
        return 0
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        line = as_typed(" ".join(str(error).split()))
        print(f"error: {line}", file=sys.stderr)
        if "--json" in arguments:
            words = " ".join(a for a in arguments if not a.startswith("--"))
            print(
                json.dumps(
                    {
                        "query": words,
                        "interpretation": None,
                        "intent": "error",
                        "total": 0,
                        "hits": [],
                        "answer": line,
                        "warnings": [line],
                    }
                )
            )
        return 2


def _run(options: argparse.Namespace) -> Registry:
    settings: dict[str, str] = {m[1]: m[2] for word in options.query if (m := _SETTING.fullmatch(word))}
    question = " ".join(word for word in options.query if not _SETTING.fullmatch(word)).strip()
    now = _moment(options.now) if options.now else datetime.now(UTC)
    engine = Engine(Registry(options.registry or settings.get("registry.uri") or default_uri()), now)
    picture, question = _picture(options, settings, question)
    query = query_of(options, question, engine.known, now, picture is not None)
    result = engine.answer(query)
    if picture is not None:
        _by_picture(result, picture, settings, options)
    if options.skip and not (result.query.order and result.query.order.skip):
        result.rows, result.scores = result.rows[options.skip :], result.scores[options.skip :]
    _print(result, engine, options)
    return engine.registry


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"--now: {text[:40]!r} is no time; type 2025-06-18 or 2025-06-18T12:00+00:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


# -- pictures


def _picture(options: argparse.Namespace, settings: dict[str, str], question: str) -> tuple[str | Path | None, str]:
    """What the samples shall look like (words or a file), and the question without it."""
    embedder = settings.get("search.embedder", "default")
    if embedder not in ("default", "open_clip"):
        raise ValueError(f"search.embedder={embedder[:40]} is none of: default, open_clip")
    if options.image:
        if embedder != "open_clip":
            raise ValueError("--image needs search.embedder=open_clip, which compares pictures")
        if not Path(options.image).is_file():
            raise ValueError(f"there is no picture at {options.image}")
        return Path(options.image), question
    if embedder == "open_clip":
        from diffusionlab.search.answer.embed import picture_words

        question, words = picture_words(question)
        return words, question
    return None, question


def _by_picture(result: Result, picture: str | Path, settings: dict[str, str], options: argparse.Namespace) -> None:
    from diffusionlab.search.answer.embed import MODEL, OpenClip, by_pictures

    embedder = OpenClip(settings.get("search.clip_model", MODEL), settings.get("search.clip_weights"))
    wanted = embedder.text(picture) if isinstance(picture, str) else embedder.image(picture)
    ranked = by_pictures(result.rows, wanted, embedder)
    if missing := len(result.rows) - len(ranked):
        result.warnings.append(f"{missing} of {len(result.rows)} runs have no sample grid at hand and are left out")
    ranked = ranked[: options.limit]
    result.scores, result.rows = [round(score, 4) for score, _ in ranked], [row for _, row in ranked]
    result.total = len(ranked)


# -- output


def _print(result: Result, engine: Engine, options: argparse.Namespace) -> None:
    from diffusionlab.search.answer.answer import answer, disagreements
    from diffusionlab.search.show.output import as_json, write_csv
    from diffusionlab.search.show.render import WIDE

    known = engine.known
    columns = [column_of(name.strip(), known) for name in options.columns.split(",")] if options.columns else None
    warnings = [*result.warnings, *disagreements(result.rows)]
    if options.json:
        query = result.query
        interpretation: dict[str, Any] = {
            "reading": reading(query, known),
            "flags": flag_line(result, known),
            "where": format_where(query.condition, known),
            "conditions": [format_where(c, known) for c in query.conditions],
            "sort": query.order.column if query.order else None,
            "limit": query.order.count if query.order else query.limit,
            "groups": [side.label for side in query.sides],
        }
        print(as_json(result, interpretation, answer(result, engine), warnings))
    elif options.csv:
        from diffusionlab.search.show.render import USUAL

        chosen = list(WIDE.values()) if options.wide else columns or list(USUAL)
        write_csv(result, chosen, list(WIDE) if options.wide else None)
    else:
        from diffusionlab.search.show.page import print_page

        print_page(result, engine, warnings, columns, options.wide, options.explain)
