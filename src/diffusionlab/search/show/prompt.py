"""`python search.py` without a question: one question after the other, with history, completion, and "those"."""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import COLUMNS, kind_of, short
from diffusionlab.search.query.where_text import column_of
from diffusionlab.search.read.known import Known
from diffusionlab.search.show.cli import Session, error_line, parser
from diffusionlab.search.words.lexicon import FIELDS

if TYPE_CHECKING:
    from prompt_toolkit.document import Document

WELCOME = """\
Ask about the runs in plain words; Tab completes, Ctrl-D ends. For example:
  best 3 runs on CIFAR-10          which of those used EMA
  runs per data set                --where 'lr < 1e-3 and unet' --sort fid
  compare run-019 and run-020      --sql "select dataset, avg(fid) from runs group by 1"
"""
LONGEST = 4  # words of what is completed
_PHRASES = (
    "best", "worst", "newest", "compare", "how many runs", "average", "which of those", "of those", "sorted by",
    "per data set", "images of", "like", "without", "help", "quit",
)  # fmt: skip


def run_prompt(session: Session, options: argparse.Namespace) -> None:
    """Read and answer lines until the end of input."""
    gc.enable()  # which the start of a single question turns off
    known = session.engine(options).known
    print(WELCOME)
    lines: PromptSession[str] = PromptSession(history=_history(), completer=Words(known), complete_while_typing=False)
    while True:
        try:
            line = lines.prompt("search> ").strip()
        except KeyboardInterrupt:  # drops the line
            continue
        except EOFError:
            return
        if line.lower() in ("quit", "exit"):
            return
        if line.lower() in ("help", "?"):
            print(WELCOME)
        elif line:
            _answer(session, options, line)


def _answer(session: Session, options: argparse.Namespace, line: str) -> None:
    """Answer one line; what is wrong with it, and Ctrl-C, end the answer only."""
    try:
        words = shlex.split(line) if "--" in line else [line]
        asked = parser().parse_intermixed_args(words)
        asked.now = asked.now or options.now
        session.answer(asked)
    except (ValueError, OSError) as error:
        print(f"error: {error_line(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    except SystemExit:  # --help has printed
        pass
    print()


def _history() -> History:
    """The questions of earlier sessions, kept for this user alone, if there is a place for them."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "diffusionlab"
    file = folder / "search_history"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        if os.access(file, os.R_OK | os.W_OK):
            return FileHistory(str(file))
    except OSError:
        pass
    return InMemoryHistory()


class Words(Completer):
    """Completes fields, and values of the registry; after a field first of all its own values."""

    def __init__(self, known: Known) -> None:
        self._known = known
        fields = [words.split(",")[0] for words in FIELDS.values()]
        values = [value for column in known.values for value in known.values[column]]
        names = [*sorted(known.ids), *known.names]
        words = (*_PHRASES, *fields, *map(short, COLUMNS), *values, *sorted(known.facets | known.tags), *names)
        self._words = tuple(dict.fromkeys(filter(_typeable, words)))

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The longest run of last words that begins something known is what is completed."""
        typed = document.text_before_cursor
        words = typed.split(" ")
        if own := self._values_after(words[:-1]):
            yield from _completions(own, words[-1])
        for count in range(min(LONGEST, len(words)), 0, -1):
            beginning = " ".join(words[-count:])
            if beginning.strip() and (found := list(_completions(self._words, beginning))):
                yield from found
                return

    def _values_after(self, words: list[str]) -> tuple[str, ...]:
        """The values of the field that stands last, with or without a sign after it."""
        said = [word for word in words if word and word not in ("=", "!=", "is", "in")]
        if not said:
            return ()
        try:
            column = column_of(said[-1].strip("("), self._known)
        except ValueError:
            return ()
        if kind_of(column) == "list":
            return tuple(sorted(self._known.facets if column == "arch_tags" else self._known.tags))
        return tuple(filter(_typeable, self._known.values.get(column, ())))


def _completions(candidates: Iterable[str], beginning: str) -> Iterator[Completion]:
    for candidate in candidates:
        if candidate.lower().startswith(beginning.lower()):
            yield Completion(candidate, start_position=-len(beginning))


def _typeable(text: str) -> bool:
    """Whether a text of the registry may be put into the line: it has no character that is not shown as it is."""
    return bool(text) and printable(text) == text and "\n" not in text
