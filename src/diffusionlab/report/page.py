"""From a template to one HTML file that needs nothing beside it."""

import base64
import hashlib
import shlex
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab._version import __version__
from diffusionlab.atomic import replaced
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.run_record import utc_now

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


def write_page(target: Path, template: str, *scripts: str, **content: Any) -> Path:
    """Render `template` with the page's own style and `scripts` inside it, and put it in `target`'s place at once.

    Everything is escaped, and the page's content security policy lets the browser run these scripts alone, load
    nothing, and show only pictures that the page itself holds.
    """
    script = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in scripts)
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    own = {
        "script": script,
        "style": style,
        "policy": policy,
        "written_at": utc_now(),
        "version": __version__,
    }
    html = _environment().get_template(template).render(**own, **content)
    with replaced(target) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return target


def _hash(text: str) -> str:
    """As a content security policy names what may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "quoted": quoted,
        "shown": shown,
        "breaking": breaking,
        "count": count,
        "duration": duration,
        "num_bytes": num_bytes,
        "day": day,
    }
    return environment


def shown(value: object) -> str:
    """A value as text: figures to four places, moments in UTC, a dash for nothing.

    No character of it could drive a terminal.
    """
    return (printable(value) or "-") + (" UTC" if isinstance(value, datetime) else "")


def breaking(text: str) -> "Markup":
    """A text that a browser may break after an underscore: names are long."""
    from markupsafe import Markup, escape

    return Markup(str(escape(text)).replace("_", "_<wbr>"))


def quoted(word: object) -> str:
    """A word of a command to type, so that a shell takes it for one word."""
    return shlex.quote(" ".join(shown(word).split()))


def day(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d}" if value else "no date"


def count(value: float) -> str:
    """690897 -> "691 k", 134203136 -> "134 M"."""
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.4g}"


def num_bytes(value: float) -> str:
    return count(value) + ("B" if abs(value) >= 1e3 else " B")


def duration(seconds: float) -> str:
    """7500 -> "2 h 5 min"."""
    if seconds < 99.5:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return f"{minutes} min {rest} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
