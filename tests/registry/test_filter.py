"""A filter means the same to LanceDB and to Python, and no text gets out of its literal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diffusionlab.registry.filters.conditions import OPERATORS, Compare, Contains, In, IsNull, between
from diffusionlab.registry.filters.filter import EVERYTHING, MAX_DEPTH, NOTHING, And, Filter, Not, Or, split
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage import reader, upkeep
from diffusionlab.registry.storage.table import Registry

TEXTS = [
    "",
    "MNIST",
    "Fashion-MNIST",
    "O'Brien",
    "a\\",
    "x' OR 1=1 --",
    "%",
    "_",
    "é",
    "\U0001f600",
    "z\n",
    "'; DROP TABLE runs",
]
NUMBERS = [0, -1, 1, 128, 2**53, -(2**63) + 1, 2**63 - 1]
FLOATS = [0.0, -0.0, 1e-5, 2e-4, 19.999999999999996, 20.0, -3.5, 1e300, 5e-324]
START = datetime(2025, 3, 1, tzinfo=UTC)
TIMES = [START, START + timedelta(microseconds=1), START + timedelta(days=40), datetime(1969, 12, 31, tzinfo=UTC)]
FACETS = ["unet", "attention", "cfg", "O'Net"]


def pick(values: list, index: int) -> object:
    """One of the values, or None, in a pattern that pairs all columns' values with each other."""
    place = index % (len(values) + 1)
    return None if place == len(values) else values[place]


def runs() -> Iterator[RunRecord]:
    for i in range(120):
        tags = [facet for bit, facet in enumerate(FACETS) if i & (1 << bit)]
        yield RunRecord(
            run_id=f"run-{i:03d}",
            name=TEXTS[i % len(TEXTS)],
            notes=pick(TEXTS, i),
            batch_size=pick(NUMBERS, i * 3),
            lr=pick(FLOATS, i),
            git_dirty=pick([True, False], i),
            created_at=pick(TIMES, i * 7),
            metrics={"fid": pick(FLOATS, i * 3), "precision": pick(FLOATS, i * 7)},
            arch_tags=tags,
            tags=tags[:1],
        )


@pytest.fixture(scope="module", params=["scanned", "indexed", "snapshot"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    registry = Registry(tmp_path_factory.mktemp("registry"))
    everyone = list(runs())
    registry.upsert(everyone[:-10])
    if request.param == "indexed":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(upkeep, "ROWS_WORTH_INDEXES", 0)
            patch.setattr(upkeep, "INDEXES", upkeep.INDEXES | {"notes": "BTree", "name": "Bitmap", "tags": "LabelList"})
            registry.optimize()
    registry.upsert(everyone[-10:])  # rows that no index knows yet
    if request.param == "snapshot":
        registry.leave_snapshot()
    else:  # or it would be left by itself
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reader, "READS_WORTH_SNAPSHOT", -1)
            yield registry
            return
    yield registry


@pytest.fixture(scope="module")
def rows(registry: Registry) -> list[dict]:
    return registry.rows()


texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.sampled_from([*NUMBERS, *FLOATS, 10**25]) | st.integers(-300, 300) | st.floats(-1e6, 1e6)
values = {
    "notes": texts,
    "name": texts,
    "batch_size": numbers,
    "lr": numbers,
    "fid": numbers,
    "metrics.precision": numbers,
    "git_dirty": st.booleans(),
    "created_at": st.sampled_from(TIMES) | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
}


@st.composite
def leaves(draw: st.DrawFn) -> Filter:
    column = draw(st.sampled_from(sorted(values)))
    match draw(st.sampled_from(["compare", "compare", "in", "contains", "null"])):
        case "compare":
            return Compare(column, draw(st.sampled_from(OPERATORS)), draw(values[column]))
        case "in":
            return In(column, tuple(draw(st.lists(values[column], max_size=4))))
        case "contains":
            return Contains(draw(st.sampled_from(["arch_tags", "tags"])), draw(st.sampled_from(FACETS) | texts))
    return IsNull(column)


def joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(parts, max_size=3)
    return parts.map(Not) | several.map(lambda each: And(*each)) | several.map(lambda each: Or(*each))


filters = st.recursive(leaves(), joined, max_leaves=8)


@settings(max_examples=400, deadline=None)
@given(condition=filters)
@example(condition=Not(And(Compare("fid", "=", 0.0), Compare("fid", "!=", 0.0))))
@example(condition=Or(Contains("arch_tags", "cfg"), Not(Contains("arch_tags", "cfg"))))
def test_lancedb_arrow_and_python_agree(registry: Registry, rows: list[dict], condition: Filter) -> None:
    found = [row["run_id"] for row in registry.rows(condition, columns=["run_id"])]
    assert found == [row["run_id"] for row in rows if condition.matches(row)]


@given(condition=filters)
def test_split_parts_hold_together_as_the_whole_does(rows: list[dict], condition: Filter) -> None:
    native, rest = split(condition, {"notes", "lr", "arch_tags"})
    assert native.columns() <= {"notes", "lr", "arch_tags"}
    assert [condition.matches(row) for row in rows] == [native.matches(row) and rest.matches(row) for row in rows]


def test_a_missing_value_meets_neither_a_comparison_nor_its_negation(registry: Registry) -> None:
    below = Compare("fid", "<", 20)
    counts = [registry.count(condition) for condition in (below, ~below, IsNull("fid"), EVERYTHING)]
    assert min(counts) > 0
    assert sum(counts[:3]) == counts[3]


def test_unknown_facets_do_not_count_as_absent_but_untagged_runs_are_untagged(registry: Registry) -> None:
    without_facets = [record.run_id for record in runs() if not record.arch_tags]
    found = {row["run_id"] for row in registry.rows(~Contains("arch_tags", "unet"), columns=["run_id"])}
    assert without_facets and not found & set(without_facets)
    assert set(without_facets) <= {
        row["run_id"] for row in registry.rows(~Contains("tags", "unet"), columns=["run_id"])
    }


@pytest.mark.parametrize(
    "text", ["x' OR 1=1 --", "x' OR ''='", "'; DROP TABLE runs; --", "\\' OR true --", "') OR (true"]
)
def test_a_text_stays_a_literal(registry: Registry, text: str) -> None:
    exactly = sum(record.notes == text for record in runs())
    assert registry.count(Compare("notes", "=", text)) == exactly
    assert registry.count(In("notes", (text,))) == exactly
    assert registry.count(Contains("tags", text)) == 0


def test_ranges_are_half_open(registry: Registry) -> None:
    month = between("created_at", START, START + timedelta(days=40))
    found = {row["created_at"] for row in registry.rows(month, columns=["created_at"])}
    assert found == set(TIMES[:2])


def test_deep_negation_is_answered_at_once_and_deeper_refused(registry: Registry) -> None:
    condition: Filter = Compare("fid", "<", 20)
    expected = registry.count(condition)
    for _ in range(MAX_DEPTH - 2):
        condition = Not(condition)
    assert registry.count(condition) == expected
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        Not(Not(Not(condition)))


def test_many_alternatives_make_no_depth(registry: Registry) -> None:
    condition: Filter = NOTHING
    for number in range(500):
        condition = condition | Compare("batch_size", "=", number)
    assert condition.depth == 1
    assert registry.count(condition) == registry.count(between("batch_size", 0, 500))


def test_no_part_at_all() -> None:
    assert EVERYTHING.matches({}) and not NOTHING.matches({})
    assert (EVERYTHING.render(), NOTHING.render()) == ("(true)", "(false)")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Compare("learning_rate", "<", 1), "there is no column 'learning_rate'"),
        (lambda: Compare("fid; DROP", "<", 1), "there is no column"),
        (lambda: Compare("fid", "~", 1), "there is no comparison '~'"),
        (lambda: Compare("fid", "<", "low"), "fid cannot be compared with 'low'"),
        (lambda: Compare("fid", "<", float("nan")), "fid cannot be compared with 'nan'"),
        (lambda: Compare("fid", "<", 10**400), "fid cannot be compared"),
        (lambda: Compare("name", "=", "\ud800"), "name cannot be compared"),
        (lambda: Compare("created_at", ">", "yesterday"), "created_at cannot be compared"),
        (lambda: Compare("arch_tags", "=", "unet"), "arch_tags holds list values"),
        (lambda: Contains("name", "a"), "name holds text values"),
    ],
)
def test_what_cannot_be_asked_is_one_line(make, says: str) -> None:
    with pytest.raises(ValueError) as error:
        make()
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_mask_of_texts_that_repeat_is_what_each_row_gives():
    import pyarrow as pa

    texts = ['{"clip": 1}', None, '{"clip": 3}', '{"clip": 1}', "{}"]
    condition = Compare("config.clip", ">", 2)
    table = pa.table({"config": pa.array(texts, pa.string())})
    configs = [None if text is None else json.loads(text) for text in texts]
    assert condition.mask(table).to_pylist() == [condition.evaluate({"config": config}) for config in configs]
