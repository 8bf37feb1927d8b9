"""A bar on stderr while samples are drawn, which moves with every step of the sampler."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column


@contextmanager
def sampling_bar(label: str, num_steps: int) -> Iterator[Callable[[], None]]:
    """Show the bar; call what is yielded after each of the `num_steps`. It is gone afterwards, and no log has it."""
    one_line = Column(no_wrap=True, overflow="ellipsis")
    columns = (
        TextColumn("{task.description}", table_column=one_line, markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task(label, total=num_steps)
        yield lambda: bar.advance(task)
