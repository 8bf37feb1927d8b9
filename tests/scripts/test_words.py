"""What is typed is what the settings hold: texts of any language, quotes, blanks, places below the home folder."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.scripts.words import as_hydra_reads


def read(word: str):
    value = OverridesParser.create().parse_override(as_hydra_reads([word])[0]).value()
    return getattr(value, "text", value)


@given(
    st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1).filter(lambda text: text[0] not in "[{'\"")
)
def test_a_name_is_the_text_that_was_typed(name):
    value = read(f"name={name}")
    is_sweep = "," in name or "(" in name  # Hydra's own syntax, which a plain text may happen to have
    assert is_sweep or value is None or str(value).lower() == name.strip().lower() or str(value) == name


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("name=Grüße", "Grüße"),
        ("notes=it's", "it's"),
        ("data.folder=photos (1)", "photos (1)"),
        ("output_dir=~/out", str(Path.home() / "out")),
        ("name=1e3", "1e3"),
        ("name=true", "true"),
        ("name=null", None),
        ("notes=a\\'b", "a\\'b"),
        ("notes=ends with \\", "ends with \\"),
        ("notes=drawn by Grüße, twice", "drawn by Grüße, twice"),
        ("label=[Café noir,2]", ["Café noir", 2]),
        ("optimizer.lr=1e-3", 1e-3),
        ("model.channels=[8,16]", [8, 16]),
        ("+callbacks.x={a: 1}", {"a": 1}),
    ],
)
def test_words_of_a_shell(word, value):
    assert read(word) == value


@pytest.mark.parametrize("word", ["~model", "-m", "seed=range(0,3)", "optimizer.lr=1e-3,1e-4", "model.channels=[1"])
def test_what_hydra_reads_or_nobody_can_stays(word):
    assert as_hydra_reads([word]) == [word]
