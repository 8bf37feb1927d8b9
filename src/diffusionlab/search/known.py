"""What the registry knows: its run ids, names, values and words, for a parser that does no I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from diffusionlab.registry.canonical import canonical, hardware_kind, is_gpu, squeeze
from diffusionlab.registry.columns import METRIC_COLUMNS
from diffusionlab.search.text import stems, words_of

VALUE_COLUMNS = (
    "dataset",
    "optimizer",
    "hardware_kind",
    "schedule",
    "parameterization",
    "sampler",
    "precision",
    "framework",
    "architecture",
    "status",
    "hardware",
    "sweep",
    "host",
    "dataset_family",
)
LIGHT = ("run_id", "name", "arch_tags", "tags", "image_size", *VALUE_COLUMNS)
TEXTS = ("name", "architecture", "description", "notes", "tags", "search_text")
FACTS = (
    "created_at",
    "modified_at",
    "batch_size",
    "lr",
    "epochs",
    "num_parameters",
    "seconds",
    "images_per_second",
    "size_bytes",
    "flops",
    "seed",
    "description",
    "notes",
    "git_commit",
    "config_hash",
    "data_hash",
    "parent_run",
    *LIGHT,
    *METRIC_COLUMNS,
)
Row = Mapping[str, Any]
Load = Callable[[Sequence[str]], Sequence[Row]]
_HARDWARE = re.compile(
    r"(?:(?:nvidia|geforce|tesla|quadro|amd|instinct|google|cloud)\s+)*"
    r"(?:(?:rtx|gtx)[\s-]*a?\d{3,4}(?:[\s-]*(?:ti|super|ada))?|[abh]\d{2,3}|gh200|gb200|v100|p100|t4|l4|l40s?|titan(?:\s\w+)?"
    r"|mi\d{2,3}x?|tpu(?:[\s-]*v\d\w*)?)(?:[\s-]*\d+\s?gb)?"
)


class Known:
    """Facts about a registry's rows, read (by columns) and worked out when first asked for."""

    def __init__(self, load: Load) -> None:
        self._load = load

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Known:
        """What these rows know."""
        return cls(lambda columns: rows)

    @cached_property
    def rows(self) -> Sequence[Row]:
        return self._load(LIGHT)

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(row["run_id"] for row in self.rows)

    @cached_property
    def runs(self) -> dict[str, Row]:
        """Run id -> its facts."""
        return {row["run_id"]: row for row in self._load(FACTS)}

    @cached_property
    def ids_by_name(self) -> dict[str, tuple[str, ...]]:
        """Lower-case name or id -> ids."""
        found: dict[str, tuple[str, ...]] = {}
        for row in self.rows:
            key = str(row.get("name") or "").lower()
            if key:
                found[key] = (*found.get(key, ()), row["run_id"])
        return found | {run_id.lower(): (run_id,) for run_id in self.ids}

    @cached_property
    def ids_by_number(self) -> dict[int, tuple[str, ...]]:
        """20 -> ("run-020",), for ids that are a word and a number."""
        found: dict[int, tuple[str, ...]] = {}
        for run_id in sorted(self.ids):
            if m := re.fullmatch(r"[A-Za-z]+[-_]?(\d{1,6})", run_id):
                found[int(m[1])] = (*found.get(int(m[1]), ()), run_id)
        return found

    def find(self, chunk: str) -> tuple[str, ...]:
        """Ids of the run that is meant by an id, a whole name, or a unique long beginning of an id."""
        key = chunk.lower()
        if found := self.ids_by_name.get(key):
            return found
        if (
            len(key) >= 8
            and any(c.isdigit() for c in key)
            and re.search(r"\d-\d", key)
            and not re.fullmatch(r"[\d-]{8,10}", key)
        ):
            near = [run_id for run_id in self.ids if run_id.lower().startswith(key)]
            return tuple(near) if len(near) == 1 else ()
        return ()

    def is_run(self, chunk: str) -> bool:
        """Whether a chunk without blanks can only mean a run; a name that is a plain word cannot."""
        return bool(re.search(r"[\d_-]", chunk)) and squeeze(chunk) not in self.spellings and bool(self.find(chunk))

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Column -> the values that occur, the most frequent first."""
        counts = {column: Counter(row.get(column) for row in self.rows) for column in VALUE_COLUMNS}
        return {
            column: tuple(str(value) for value, _ in count.most_common() if value) for column, count in counts.items()
        }

    @cached_property
    def spellings(self) -> dict[str, tuple[str, str]]:
        """Squeezed value -> (column, value), for columns whose values may be named without the column."""
        found: dict[str, tuple[str, str]] = {}
        for column in reversed(VALUE_COLUMNS[:9]):
            for value in self.values[column]:
                if value != "none" and len(squeeze(value)) > 1 and not (column == "architecture" and " " in value):
                    found[squeeze(value)] = (column, value)
        return found

    @cached_property
    def facets(self) -> frozenset[str]:
        return frozenset(tag for row in self.rows for tag in row.get("arch_tags") or ())

    @cached_property
    def tags(self) -> frozenset[str]:
        return frozenset(tag for row in self.rows for tag in row.get("tags") or ())

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics that any run has."""
        return tuple(
            dict.fromkeys(
                [*METRIC_COLUMNS, *(name for row in self._load(("metrics",)) for name in row.get("metrics") or ())]
            )
        )

    @cached_property
    def image_sizes(self) -> frozenset[int]:
        return frozenset(row["image_size"] for row in self.rows if row.get("image_size"))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of each run, for counting the runs that mention a word."""
        return tuple(
            " ".join(
                filter(
                    None,
                    (
                        row.get("name"),
                        row.get("architecture"),
                        row.get("description"),
                        row.get("notes"),
                        " ".join(row.get("tags") or ()),
                        row.get("search_text"),
                    ),
                )
            )
            for row in self._load(TEXTS)
        )

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(part for text in self.texts for part in stems(text).split())

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word for text in self.texts for word in words_of(text))

    def has(self, column: str) -> bool:
        """Whether any run has a value for the column."""
        return any(row.get(column) is not None for row in self._load((column,)))

    @property
    def not_gpus(self) -> tuple[str, ...]:
        """Hardware kinds that are no GPU: all others are."""
        return tuple(sorted({"cpu", *(kind for kind in self.values["hardware_kind"] if not is_gpu(kind))}))

    def hardware(self, words: str) -> str | None:
        """The hardware kind that words name ("RTX 4090", "4090s", "A100"), or None."""
        words = words.lower()
        for text in (words, words.removesuffix("s")):
            if _HARDWARE.fullmatch(text) or text in self.values["hardware_kind"]:
                return hardware_kind(text)
            if re.fullmatch(r"\d{4}(\s?(ti|super))?", text):
                tail = "-" + text.replace(" ", "-")
                return next((k for k in self.values["hardware_kind"] if k.endswith(tail)), None)
        return None

    def resolve(self, column: str, text: str) -> str:
        """The value that a spelling means in a text column; an unknown one stays as typed."""
        if column == "hardware_kind":
            return self.hardware(text) or hardware_kind(text) or text
        name = canonical(column, text) or text
        same = [value for value in self.values.get(column, ()) if squeeze(value) == squeeze(name)]
        return same[0] if same else name
