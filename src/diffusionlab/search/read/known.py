"""What the registry knows: its run ids, names, values and words, for a parser that does no I/O."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.conditions import Compare, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.record.canonical import canonical, hardware_kind, is_gpu, near_dataset, squeeze
from diffusionlab.registry.record.columns import COLUMNS, METRIC_COLUMNS, TABLE, kind_of
from diffusionlab.registry.record.json_texts import structures
from diffusionlab.registry.record.script import SCRIPT, is_called, sketch_of, with_versions
from diffusionlab.search.read.special_filters import EXTRA, is_on, setting_names, stems_of
from diffusionlab.search.read.text import TEXT_COLUMNS, may_say, mentioned, said_in, stem, text_of, words_of

if TYPE_CHECKING:
    import pyarrow as pa

NAMED_VALUES = tuple(column.name for column in TABLE if column.values == "named")
VALUE_COLUMNS = (*NAMED_VALUES, *(column.name for column in TABLE if column.values == "listed"))
ELSEWHERE = ("layers", "command", "host", "git_commit", "parent_run", "packages", "config", "extra")
LIGHT = ("run_id", "name", "arch_tags", "tags", "image_size", "metrics", *VALUE_COLUMNS)
_BEGINNING = 6  # letters that make two stems alike
Load = Callable[[Sequence[str], Filter | None], "pa.Table"]
_FIGURE = r'": *(-?[0-9.eE+-]+|null)'
_HARDWARE = re.compile(
    r"(?:(?:nvidia|geforce|tesla|quadro|amd|instinct|google|cloud)\s+)*"
    r"(?:(?:rtx|gtx)[\s-]*a?\d{3,4}(?:[\s-]*(?:ti|super|ada))?|[abh]\d{2,3}|gh200|gb200|v100|p100|t4|l4|l40s?|titan(?:\s\w+)?"
    r"|mi\d{2,3}x?|tpu(?:[\s-]*v\d\w*)?)(?:[\s-]*\d+\s?gb)?"
)


class Known:
    """Facts about a registry's rows, read (by columns) and worked out when first asked for.

    `load` gives columns of all rows, or of those that meet a filter, as an Arrow table: a hundred thousand rows
    are counted and looked through there, and only what is found becomes Python's.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._elsewhere: dict[tuple[str, ...], str | None] = {}

    @cached_property
    def _light(self) -> pa.Table:
        return self._load(LIGHT, None)

    @cached_property
    def number_of_runs(self) -> int:
        return self._light.num_rows

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(self._light["run_id"].to_pylist())

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self._light["name"].unique().to_pylist() if name)

    @cached_property
    def _odd_names(self) -> tuple[frozenset[str], tuple[int, ...]]:
        """Names of runs in lower case that hold blanks, quotes or brackets, and their lengths, the longest first."""
        import pyarrow.compute as pc

        names = self._lower[1]
        odd = names.filter(pc.match_substring_regex(names, r"[\s\"'\[\](){}]")).to_pylist()
        stripped = frozenset(name.strip() for name in odd)
        return stripped, tuple(sorted(set(map(len, stripped)), reverse=True))

    def odd_name_at(self, text: str) -> str | None:
        """The longest name with blanks, quotes or brackets that `text`, in lower case, begins with as a whole word."""
        names, lengths = self._odd_names
        whole = (text[:n] for n in lengths if not text[n : n + 1].isalnum())
        return next((name for name in whole if name in names), None)

    def facts(self, run_id: str) -> dict[str, Any]:
        """All that is known of one run, by column."""
        from diffusionlab.registry.record.rows import to_rows

        found = to_rows(self._load(tuple(COLUMNS), Compare("run_id", "=", run_id)))
        return found[0] if found else {}

    def averages(
        self, column: str, how: str, within: Sequence[str], scope: Sequence[Filter] = ()
    ) -> list[tuple[Any, ...]]:
        """(a value of each column of `within`, the "mean", "median", "min" or "max" of `column` among the runs that
        have them and meet all of `scope`)."""
        import numpy as np

        found: dict[tuple[Any, ...], list[float]] = {}
        for row in self._load((column, *within), And(*scope, Not(IsNull(column)))).to_pylist():
            found.setdefault(tuple(row[name] for name in within), []).append(row[column])
        return [(*keys, float(getattr(np, how)(values))) for keys, values in sorted(found.items(), key=str)]

    @cached_property
    def _lower(self) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """Ids and names in lower case."""
        import pyarrow.compute as pc

        return pc.utf8_lower(self._light["run_id"]), pc.utf8_lower(self._light["name"])

    def _ids_where(self, mask: pa.ChunkedArray) -> tuple[str, ...]:
        return tuple(sorted(self._light["run_id"].filter(mask).to_pylist()))

    @cached_property
    def ids_by_number(self) -> dict[int, tuple[str, ...]]:
        """20 -> ("run-020",), for ids that are a word and a number."""
        import pyarrow.compute as pc

        ids = self._light["run_id"]
        found: dict[int, tuple[str, ...]] = {}
        for run_id in sorted(ids.filter(pc.match_substring_regex(ids, r"^[A-Za-z]+[-_]?\d{1,6}$")).to_pylist()):
            number = int(run_id.lstrip("-_" + string.ascii_letters))
            found[number] = (*found.get(number, ()), run_id)
        return found

    def find(self, chunk: str) -> tuple[str, ...]:
        """Ids of the run that is meant by an id, a whole name, or a unique long beginning of an id."""
        import pyarrow.compute as pc

        key = chunk.lower()
        ids, names = self._lower
        if found := self._ids_where(pc.equal(ids, key)) or self._ids_where(pc.equal(names, key)):
            return found
        if found := tuple(run_id for run_id, name in self._scripts if is_called(key, name)):
            return found
        if (
            len(key) >= 8
            and any(c.isdigit() for c in key)
            and re.search(r"\d-\d", key)
            and not re.fullmatch(r"[\d-]{8,10}", key)
        ):
            near = self._ids_where(pc.starts_with(ids, key))
            return near if len(near) == 1 else ()
        if re.fullmatch(r"[a-z]+[-_ ]?\d{1,6}", key):  # "run_020", "Run 020"
            return self._ids_where(pc.equal(self._plain_ids, squeeze(key)))
        return ()

    @cached_property
    def _paths(self) -> pa.Table:
        return self._load(("run_id", "path"), Not(IsNull("path")))

    def with_path(self, pattern: str) -> tuple[str, ...]:
        """Ids of the runs in whose path a regular expression matches, whatever the case."""
        import pyarrow.compute as pc

        found = pc.match_substring_regex(self._paths["path"], pattern, ignore_case=True)
        return tuple(sorted(self._paths["run_id"].filter(found).to_pylist()))

    def called_in_part(self, text: str) -> str | None:
        """The id of the one run in whose name or id `text` stands as words: "script_unet" of "MNIST_script_unet"."""
        import pyarrow.compute as pc

        key = text.lower()
        part = re.compile(rf"(?<![a-z0-9]){re.escape(key)}(?![a-z0-9])")
        ids, names = self._lower
        named = pc.or_(pc.match_substring(ids, key), pc.fill_null(pc.match_substring(names, key), False))
        near = self._light.select(["run_id", "name"]).filter(named).to_pylist()
        found = [row["run_id"] for row in near if part.search(f"{row['run_id']} {row['name'] or ''}".lower())]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _scripts(self) -> tuple[tuple[str, str | None], ...]:
        """(id, name) of each record that was read from code."""
        if not self.has_scripts:
            return ()
        found = self._load(("run_id", "name"), Compare("kind", "=", SCRIPT))
        return tuple(zip(found["run_id"].to_pylist(), found["name"].to_pylist(), strict=True))

    def versions_of(self, text: str) -> tuple[str, ...]:
        """Ids of the scripts called `text`, and of the other versions of them."""
        start = [run_id for run_id, name in self._scripts if is_called(text, name) or text == (name or "").lower()]
        return tuple(with_versions(self._sketches, start)) if start else ()

    @cached_property
    def _sketches(self) -> dict[str, tuple[str | None, frozenset[str]]]:
        rows = self._load(("run_id", "name", "extra"), Compare("kind", "=", SCRIPT)).to_pylist()
        return {row["run_id"]: (row["name"], sketch_of(json.loads(row["extra"] or "{}"))) for row in rows}

    @cached_property
    def _plain_ids(self) -> pa.ChunkedArray:
        """Ids in lower case without dashes and underscores."""
        import pyarrow.compute as pc

        return pc.replace_substring_regex(self._lower[0], "[-_]", "")

    def is_run(self, chunk: str) -> bool:
        """Whether a chunk without blanks can only mean a run; a name that is a plain word cannot."""
        return bool(re.search(r"[\d_-]", chunk)) and squeeze(chunk) not in self.spellings and bool(self.find(chunk))

    def _counts(self, column: str) -> dict[Any, int]:
        """Value -> how many runs have it, the most frequent first; of a list column each element counts."""
        import pyarrow.compute as pc

        cells = self._light[column]
        cells = pc.list_flatten(cells) if kind_of(column) == "list" else cells
        counts = [(entry["values"], entry["counts"]) for entry in pc.value_counts(cells).to_pylist()]
        return dict(sorted((pair for pair in counts if pair[0]), key=lambda pair: (-pair[1], pair[0])))

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Column -> the values that occur, the most frequent first."""
        return {column: tuple(self._counts(column)) for column in VALUE_COLUMNS}

    @cached_property
    def spellings(self) -> dict[str, tuple[str, str]]:
        """Squeezed value -> (column, value), for columns whose values may be named without the column."""
        found: dict[str, tuple[str, str]] = {}
        for column in reversed(NAMED_VALUES):
            for value in self.values[column]:
                if value != "none" and len(squeeze(value)) > 1 and not (column == "architecture" and " " in value):
                    found[squeeze(value)] = (column, value)
        return found

    @cached_property
    def facets(self) -> frozenset[str]:
        return frozenset(self._counts("arch_tags"))

    @cached_property
    def tags(self) -> frozenset[str]:
        return frozenset(self._counts("tags"))

    @cached_property
    def image_sizes(self) -> frozenset[int]:
        return frozenset(self._counts("image_size"))

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics that any run has."""
        import pyarrow.compute as pc

        # with its numbers put out, the JSON of very many runs is that of a few
        alike = pc.replace_substring_regex(self._light["metrics"], _FIGURE, '": 0').unique()
        names = (name for text in alike.to_pylist() if text for name in json.loads(text))
        return tuple(dict.fromkeys([*METRIC_COLUMNS, *names]))

    @cached_property
    def settings(self) -> dict[tuple[str, ...], str]:
        """The stems of a setting's name -> its column: (gradient, clip) -> config.trainer.gradient_clip_val."""
        extra = self._load(("extra",), IsNull("kind"))["extra"].combine_chunks()  # of a script it is what ingest found
        configs = self._load(("config",), None)["config"].combine_chunks()
        return setting_names(structures(extra), EXTRA) | setting_names(structures(configs))

    @cached_property
    def setting_stems(self) -> frozenset[str]:
        """The stems of all words in names of settings."""
        return frozenset(stem for name in self.settings for stem in name)

    def setting(self, words: str) -> str | None:
        """The column of the setting that words name: "gradient clipping", "model.dropout"."""
        return self.settings.get(stems_of(words.replace(".", " ")))

    def setting_partly(self, words: str) -> str | None:
        """The only setting whose name has these words among others: "clipping"."""
        stems = stems_of(words.replace(".", " "))
        named = (column for name, column in self.settings.items() if all(_is_among(one, name) for one in stems))
        found = {*named}
        return found.pop() if len(found) == 1 else None

    def setting_values(self, column: str) -> tuple[Any, ...]:
        """The different values of a setting, or of any column; texts where it has any."""
        return tuple(self._load((column,), None)[column].unique().drop_null().to_pylist())

    def is_ever_on(self, column: str) -> bool:
        """Whether a setting is on in any run."""
        return any(is_on(column, value) for value in self.setting_values(column))

    def elsewhere(self, phrases: Sequence[str]) -> str | None:
        """The first of the columns beside the texts of a run in which some run says one of the phrases."""
        key = tuple(phrases)
        if key not in self._elsewhere:
            self._elsewhere[key] = self._said_in(key)
        return self._elsewhere[key]

    def _said_in(self, phrases: Sequence[str]) -> str | None:
        for column in ELSEWHERE:
            among = IsNull("kind") if column == "extra" else None  # of a script it is what ingest found
            texts = text_of(self._load((column,), among), column).unique()
            may = texts.filter(may_say(texts, phrases))
            cells = [_decoded(text, column) for text in may.to_pylist() if text]
            if any(mentioned(said_in({column: cell}, column), phrase) for cell in cells for phrase in phrases):
                return column
        return None

    @cached_property
    def texts(self) -> pa.Array:
        """The text of each run."""
        import pyarrow.compute as pc

        table = self._load(TEXT_COLUMNS, None)
        parts = [text_of(table, name) for name in TEXT_COLUMNS]
        return pc.binary_join_element_wise(*parts, " ", null_handling="skip")

    def stands_in_a_text(self, words: str) -> bool:
        """Whether the text of some run has the words as they are, but for the case."""
        import pyarrow.compute as pc

        return bool(pc.any(pc.match_substring(pc.utf8_lower(self.texts), words.lower())).as_py())

    def said_by(self, phrases: Sequence[str]) -> int:
        """How many runs may say one of the phrases: their text has the beginnings of its words."""
        import pyarrow.compute as pc

        return int(pc.sum(may_say(self.texts, phrases)).as_py() or 0)

    def anyone_says(self, phrases: Sequence[str]) -> bool:
        """Whether the text of some run says one of the phrases."""
        texts = self.texts.filter(may_say(self.texts, phrases))
        return any(mentioned(text.as_py(), phrase) for text in texts for phrase in phrases)

    def says_all(self, *each: Sequence[str]) -> bool:
        """Whether the text of some run says one of the phrases of each."""
        texts = self.texts
        for phrases in each:
            texts = texts.filter(may_say(texts, phrases))
        return any(all(any(mentioned(t.as_py(), one) for one in phrases) for phrases in each) for t in texts)

    def one_says(self, phrase: str) -> bool:
        """Whether the text of one run alone says the phrase."""
        texts = self.texts.filter(may_say(self.texts, (phrase,)))
        return sum(mentioned(text.as_py(), phrase) for text in texts) == 1

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of all texts."""
        import pyarrow.compute as pc

        chunks = pc.list_flatten(pc.utf8_split_whitespace(self.texts)).unique().to_pylist()
        return frozenset(word for chunk in chunks for word in words_of(chunk))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(map(stem, self.words))

    def has(self, column: str) -> bool:
        """Whether any run has a value for the column."""
        values = self._load((column,), None)[column]
        return values.null_count < len(values)

    def any_meets(self, condition: Filter) -> bool:
        """Whether any run meets a condition."""
        return bool(self._load(("run_id",), condition).num_rows)

    def number_with(self, column: str) -> int:
        """How many runs have a value for the column."""
        values = self._load((column,), None)[column]
        return len(values) - values.null_count

    @cached_property
    def has_scripts(self) -> bool:
        """Whether any record was read from code."""
        return "script" in self._load(("kind",), None)["kind"].unique().to_pylist()

    @property
    def not_gpus(self) -> tuple[str, ...]:
        """Hardware kinds that are no GPU: all others are."""
        return tuple(sorted({"cpu", *(kind for kind in self.values["hardware_kind"] if not is_gpu(kind))}))

    @cached_property
    def near_datasets(self) -> dict[str, tuple[str, ...]]:
        """Data set -> longer names that runs have for it: "Flowers-102" -> ("Oxford-102 Flowers, improved",)."""
        found: dict[str, tuple[str, ...]] = {}
        for value in self.values["dataset"]:
            if near := near_dataset(value):
                found[near] = (*found.get(near, ()), value)
        return found

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
        same = self.spelt_alike(column, name)
        return text if text in same else same[0] if same else name

    def spelt_alike(self, column: str, name: str) -> tuple[str, ...]:
        """The values of a text column that are a name but for case and signs: "MathDataset", "Math Dataset"."""
        return tuple(value for value in self.values.get(column, ()) if squeeze(value) == squeeze(name))


def _decoded(text: str, column: str) -> Any:
    """What a cell of the column holds, of its text."""
    return json.loads(text) if kind_of(column) == "json" else text


def _is_among(stem: str, stems: Sequence[str]) -> bool:
    """Whether a stem is one of these, or a long beginning of one or the reverse: "accumul" and "accumulat"."""
    alike = (a for a in stems if len(min(a, stem, key=len)) >= _BEGINNING)
    return stem in stems or any(a.startswith(stem) or stem.startswith(a) for a in alike)
