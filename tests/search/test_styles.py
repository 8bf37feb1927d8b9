"""Runs with a second label, the style, are found by their facet and by the style's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import NOW

STYLES = {"ink": "ink", "size": "size", "plain": None}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(Path(tmp_path_factory.mktemp("styles")))
    for name, style in STYLES.items():
        tags = ["unet", "conditional", *(["styled"] if style else [])]
        config = {"condition": {"style": style}}
        registry.upsert(RunRecord(run_id=name, name=f"fashion {name}", arch_tags=tags, config=config, dataset="MNIST"))
    return Engine(registry, NOW)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("style-conditioned models", {"ink", "size"}),
        ("runs conditioned on style", {"ink", "size"}),
        ("styled unets on MNIST", {"ink", "size"}),
        ("conditional unets without style conditioning", {"plain"}),
        ("ink style", {"ink"}),
        ("unet style denoisers", {"ink", "size", "plain"}),
        ("conditional models", {"ink", "size", "plain"}),
    ],
)
def test_style(engine: Engine, question: str, expected: set[str]) -> None:
    assert {row["run_id"] for row in engine.answer(parse(question, engine.known, NOW)).rows} == expected
