"""Words that the project gave up for plainer ones (CONTRIBUTING has the glossary)."""

import re
import subprocess

import pytest

from tests.conftest import ROOT

RETIRED = {
    r"leave it away|left away": "omit it",
    r"not to be had": "not available",
    r"None where there (is none|are none)": "None if missing",
    r"told_in_one_line": "cli_errors",
    r"\bWish\b": "PictureOptions, requested",
    r"shipped_state|shipped_texts": "export_state_dict, export_files",
    r"_take_what_people_said": "_merge_user_edits",
    r"[Ll]eft out for want of": "skipped (no ...)",
    r"taken for their class": "classifier accuracy",
    r"which room|\brooms\b": "package, layer",
    r"whole_file|FeaturesAsTheyAre|OfARun|_unless_unsaid": "atomic, PrecomputedFeatures, RunCommandConfig, _maybe_drop",
    r"is not there[:;,.\"]": "unknown option ...; is missing",
}
READ_BY_SEARCH = "src/diffusionlab/search/words/"
"""Words that users type."""


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_gone(word: str):
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    places = []
    for name in tracked.split("\0"):
        if not name.endswith((".py", ".md", ".yaml", ".toml", ".jinja", "Makefile", ".ipynb")):
            continue
        if name.startswith((READ_BY_SEARCH, "tests/")) or not (ROOT / name).is_file():
            continue
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        places += [f"{name}:{number}" for number, line in enumerate(lines, 1) if re.search(word, line)]
    assert not places, f"write {RETIRED[word]!r} instead"
