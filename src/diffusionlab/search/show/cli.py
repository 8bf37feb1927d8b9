"""`python search.py QUERY`: a plain question about the runs, an exact answer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from diffusionlab.invocation import as_typed
from diffusionlab.search.show.options import asks_nothing, parser
from diffusionlab.search.show.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Answer one question, or without one and on a terminal all that are typed.

    Returns 0 when answered (also with "none"), 2 with one line on stderr for what cannot be read.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = parser().parse_intermixed_args(arguments)
        session = Session(options)
        if asks_nothing(options) and sys.stdin.isatty() and sys.stdout.isatty():
            from diffusionlab.search.show.prompt import run_prompt

            run_prompt(session, options)
        else:
            session.answer(options)
        sys.stdout.flush()
        session.registry.leave_snapshot()  # the next question need not wake LanceDB
        return 0
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        line = error_line(error)
        print(f"error: {line}", file=sys.stderr)
        if "--json" in arguments:
            words = " ".join(word for word in arguments if not word.startswith("--"))
            said = {"answer": line, "warnings": [line], "total": 0, "hits": []}
            print(json.dumps({"query": words, "interpretation": None, "intent": "error", **said}))
        return 2


def error_line(error: Exception) -> str:
    """An error as one line that cannot drive the terminal."""
    from diffusionlab.registry.manage.display import printable

    return as_typed(" ".join(printable(error).split()))
