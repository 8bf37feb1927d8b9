"""A registry of thirty-six runs, made once, and a way to ask it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine, Result
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import NOW, records


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    made = Registry(tmp_path_factory.mktemp("search") / "registry")
    made.upsert(records())
    return made


@pytest.fixture(scope="session")
def engine(registry: Registry) -> Engine:
    return Engine(registry, NOW)


@pytest.fixture(scope="session")
def ask(engine: Engine) -> Callable[[str], Result]:
    return lambda question: engine.answer(parse(question, engine.known, engine.now))
