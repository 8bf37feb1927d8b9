"""JSON columns of very many rows answer as if each text was decoded."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diffusionlab.registry.filters.conditions import Compare, IsNull
from diffusionlab.registry.record import json_texts
from diffusionlab.registry.record.columns import value_of
from diffusionlab.registry.record.json_texts import cut_to, structures
from diffusionlab.registry.record.rows import LazyRow, complete, lazy_rows, to_rows
from diffusionlab.search.read.special_filters import IsOn, SettingIs, setting_names

NAMES = ("a", "b", "clip val", "x/y", "x~y", 'q"', "0", "-", "é")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.none() | st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4).map(json.dumps)
ODD = st.sampled_from(["", "[1]", "{", '{"a": NaN}', '{"a": Infinity}', '{"a": "\\ud800"}', "7"])
COLUMNS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(lambda path: "config." + ".".join(path))


@pytest.fixture
def no_few(monkeypatch):
    monkeypatch.setattr(json_texts, "FEW", -1)


@settings(max_examples=40, deadline=None)
@example([], "config.a", ['{"a": NaN}'])
@example([], "config.a", ['{"a": "\\ud800"}'])
@given(st.lists(TEXTS, max_size=6), COLUMNS, st.lists(ODD, max_size=1))
def test_conditions_on_a_setting_are_as_of_decoded_rows(texts, column, odd):
    table = pa.table({"config": pa.array([*texts, *odd], pa.string())})
    conditions = [Compare(column, ">", 0.0), IsNull(column), IsOn(column), SettingIs(column, "true")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_texts, "FEW", -1)
        for condition in conditions:
            assert condition.mask(table).to_pylist() == [condition.evaluate(row) for row in to_rows(table)]
        values = complete(table, [column])[column].to_pylist()
    assert repr(values) == repr(complete(table, [column])[column].to_pylist())  # of NaN too, which equals nothing


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_the_names_of_settings_are_those_of_all_texts(texts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_texts, "FEW", -1)
        found = structures(pa.array(texts, pa.string()))
    assert setting_names(found) == setting_names(text for text in texts if text)


def test_very_many_texts_become_few(no_few):
    texts = pa.array([json.dumps({"seed": n, "trainer": {"clip": n % 2}}) for n in range(50)] + [None, "{}"])
    cut = cut_to(texts, "config.trainer.clip")
    assert cut.to_pylist()[:2] == ['{"trainer": {"clip": 0}}', '{"trainer": {"clip": 1}}']
    assert cut.to_pylist()[-2:] == [None, "{}"]
    assert len(structures(texts)) < 4


def test_lazy_rows_are_those_that_are_decoded_at_once():
    table = pa.table({"run_id": ["b", "a"], "lr": [0.1, None], "config": ['{"seed": 1}', None]})
    b, a = to_rows(table)
    rows = lazy_rows(table)
    assert [dict(row) for row in rows] == [a, b]
    assert rows[0] == a and rows[0] != b and {*rows} == {*lazy_rows(table)}
    assert (rows[0].get("fid"), "fid" in rows[0], len(rows[0])) == (None, False, 3)
    assert isinstance(rows[1], LazyRow) and value_of(rows[1], "config.seed") == 1
    with pytest.raises(KeyError):
        rows[0]["fid"]
