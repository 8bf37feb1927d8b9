"""Progress bars on stderr: on a terminal alone, where they are gone afterwards. A log gets none, and no empty line."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")


def tracked(items: Sequence[Item], label: str) -> Iterator[Item]:
    """The items one after the other, and a bar of how many there have been."""
    with _bar() as bar:
        yield from bar.track(items, description=label)


@contextmanager
def counted(label: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar that moves by one of `total` with each call of what is yielded."""
    with _bar() as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    console, one_line = Console(stderr=True), Column(no_wrap=True, overflow="ellipsis")
    columns = (
        TextColumn("{task.description}", table_column=one_line, markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
    )
    return Progress(*columns, console=console, transient=True, expand=True, disable=not console.is_terminal)
