"""Plain questions about the registry's runs, answered from checked fields.

A question passes through the packages in this order; only `answer` reads the registry:

    words/   what words mean
    time/    dates, days, months, periods, ages
    read/    text -> tokens -> items
    ask/     items -> conditions -> one typed query
    query/   the typed query, the `--where` language, filters <-> text
    answer/  query -> rows -> sentences
    show/    flags, tables, JSON, the command
"""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """`diffusionlab.search` is a package and, in the API, a function."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """See `diffusionlab.search.api.search`."""
        from diffusionlab.search.api import search

        return search(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
