"""Plain values that cannot be changed: mappings, tuples, texts and numbers at every depth."""

from collections.abc import Mapping
from typing import Any, NoReturn


class Group(dict[str, Any]):
    """Settings by name, read-only: `group.lr` is `group["lr"]`. Lists are tuples."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"these settings have no {name}; they have {', '.join(self)}") from None

    def _read_only(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("settings are read-only: settings.replaced(...) makes new ones")

    __setattr__ = __delattr__ = __setitem__ = __delitem__ = __ior__ = _read_only
    clear = pop = popitem = setdefault = update = _read_only

    def __reduce__(self) -> tuple[Any, ...]:
        return freeze, (plain(self),)


def freeze(value: Any) -> Any:
    """Mappings as `Group`, lists as tuples, at every depth."""
    if isinstance(value, Mapping):
        return Group({str(key): freeze(item) for key, item in value.items()})
    return tuple(map(freeze, value)) if isinstance(value, (list, tuple)) else value


def plain(value: Any) -> Any:
    """A copy in dicts and lists, to change or to write as JSON."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
