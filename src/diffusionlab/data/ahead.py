"""Work done in threads a few items ahead of the one who asks for it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def made_ahead(
    make: Callable[[Item], Made], items: Iterable[Item], *, workers: int = 1, ahead: int = 2
) -> Iterator[Made]:
    """`make(item)` of each, in order, at most `ahead` finished or begun before they are asked for.

    So memory is bounded, which `ThreadPoolExecutor.map` does not promise. An error of `make` is raised in its place.
    """
    pool = ThreadPoolExecutor(workers)
    begun: deque[Future[Made]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(make, item))
            if len(begun) > ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
