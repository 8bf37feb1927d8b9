"""Runs whose samples look like words or a picture: `search.embedder=open_clip`."""

from __future__ import annotations

import argparse
from pathlib import Path

from diffusionlab.search.answer.result import Result


def wanted_picture(
    options: argparse.Namespace, settings: dict[str, str], question: str
) -> tuple[str | Path | None, str]:
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


def rank_by_picture(result: Result, picture: str | Path, settings: dict[str, str], options: argparse.Namespace) -> None:
    from diffusionlab.search.answer.embed import MODEL, OpenClip, by_pictures

    embedder = OpenClip(settings.get("search.clip_model", MODEL), settings.get("search.clip_weights"))
    wanted = embedder.text(picture) if isinstance(picture, str) else embedder.image(picture)
    ranked = by_pictures(result.rows, wanted, embedder)
    if missing := len(result.rows) - len(ranked):
        result.warnings.append(f"{missing} of {len(result.rows)} runs have no sample grid at hand and are left out")
    ranked = ranked[: options.limit]
    result.scores, result.rows = [round(score, 4) for score, _ in ranked], [row for _, row in ranked]
    result.total = len(ranked)
