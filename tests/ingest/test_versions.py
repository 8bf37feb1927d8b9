"""Versions of one script: which are, what they are called, and what changed between two."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.ingest.command import add_ingest
from diffusionlab.ingest.versions import layers, sketch
from diffusionlab.registry.manage import cli
from diffusionlab.registry.record.script import SAME_SCRIPT, is_called, similarity, version_of, with_versions
from diffusionlab.search.api import search
from diffusionlab.search.show.cli import main as ask

FIXTURES = Path(__file__).parent / "fixtures"
V3 = (FIXTURES / "classifier_free_guidance.py").read_text()
V4 = V3.replace("lr=3e-4", "lr=1e-3").replace("nn.Conv2d(1, 16, 3, padding=1)", "nn.Conv2d(1, 16, 5, padding=2)")
V12 = V4.replace("range(11)", "range(20)").replace("batch_size=31", "batch_size=64")
"""Three versions; each differs from the one before by some lines."""


def run_command(*words: str) -> int:
    return cli.main([*words], more=[add_ingest])


@pytest.fixture
def pile(tmp_path, monkeypatch):
    """The versions and another script, ingested; the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"v3": V3, "v4": V4, "v12": V12, "faces": (FIXTURES / "vae_on_faces.py").read_text()}.items():
        Path("old", name).mkdir(parents=True)
        Path("old", name, "train_fashion.py").write_text(text)
    run_command("ingest", "old")
    return tmp_path


def sketches(**codes):
    return {name: (f"{name}/train.py", frozenset(sketch(code))) for name, code in codes.items()}


def test_versions_are_linked_and_scripts_with_the_same_boilerplate_are_not():
    assert with_versions(sketches(v12=V12, v4=V4, v3=V3), ["v4"]) == ["v3", "v4", "v12"]
    codes = {path.stem: path.read_text(errors="replace") for path in FIXTURES.glob("*.py")}
    for name in codes:
        assert with_versions(sketches(**codes), [name]) == [name]


def test_a_chain_of_versions_is_one_script_though_its_ends_have_little_in_common():
    lines = [f"value_{number} = {number}" for number in range(100)]
    chain = {f"v{start}": "\n".join(lines[start : start + 40]) for start in range(0, 60, 10)}
    ends = [frozenset(sketch(chain[name])) for name in ("v0", "v50")]
    assert similarity(*ends) < SAME_SCRIPT
    assert with_versions(sketches(**chain), ["v50"]) == list(chain)


@given(st.sets(st.integers(0, 400), min_size=1), st.sets(st.integers(0, 400), min_size=1))
def test_similarity_is_the_jaccard_index(one, other):
    texts = ["\n".join(f"line_{number} = {number}" for number in numbers) for numbers in (one, other)]
    assert similarity(*(frozenset(sketch(text)) for text in texts)) == len(one & other) / len(one | other)


def test_comments_indentation_and_order_make_no_version():
    changed = "\n".join(f"    {line}  # said anew" for line in reversed(V3.splitlines()) if line.strip())
    assert similarity(frozenset(sketch(V3)), frozenset(sketch(changed))) > 0.9


@pytest.mark.parametrize(
    "line", ["x = 1 " * 300_000, "'" + "a" * 2_000_000, '"' * 999_999, "x = '#' # y" + "#" * 999_999]
)
def test_a_line_of_megabytes_is_read_once(line):
    assert len(sketch(line)) == 1


@pytest.mark.parametrize(
    ("text", "name", "called"),
    [
        ("v3", "v3/train.py", True),
        ("v3", "cifar_v3/train.py", True),
        ("V3", "old/train-v3.py", True),
        ("v3", "v33/train.py", False),
        ("v3", "v1/train.v3b.py", False),
        ("train", "v3/train.py", True),
        ("train.py", "v3/train.py", True),
        ("rain", "v3/train.py", False),
        (".*", "v3/train.py", False),
        ("20", "20/train_20.py", False),
        ("v3", None, False),
    ],
)
def test_what_a_script_is_called_for_short(text, name, called):
    assert is_called(text, name) is called


def test_a_number_in_a_question_is_no_script(pile):
    Path("old/20").mkdir()
    Path("old/20/train_20.py").write_text(V3)
    run_command("ingest", "old")
    answer = search("scripts with 20 epochs")
    assert [row["name"] for row in answer.rows] == ["v12/train_fashion.py"]


@pytest.mark.parametrize(
    "details",
    ["text", 5, [], {"sketch": 5}, {"sketch": [[1]], "layer_lines": "x"}, {"sketch": None, "layer_lines": [{}]}],
)
def test_what_an_import_brought_in_place_of_a_sketch_disables_nothing(pile, details, capsys):
    odd = {"run_id": "odd", "name": "v3/odd.py", "kind": "script", "layers": ["a"], "extra": {"script": details}}
    Path("odd.jsonl").write_text(json.dumps(odd) + "\n")
    assert run_command("import", "odd.jsonl") == 0
    assert (
        run_command("compare", "odd", "v4") == 0 and run_command("show", "odd") == 0 and run_command("show", "v4") == 0
    )
    assert {row["name"] for row in search("versions of v4").rows} >= {"v3/train_fashion.py", "v12/train_fashion.py"}


def test_layers_are_in_the_order_of_the_file_and_cut():
    code = f"""
class Net:
    def __init__(self, wide):
        if wide:
            self.a = Conv(1)
        self.b = Sequential(Linear(1), Linear({"x, " * 300}))
"""
    texts = [text for text, _ in layers(ast.parse(code), {"Net"})]
    assert texts[:2] == ["Net.a = Conv(1)", "Net.b[0] = Linear(1)"] and texts[2].startswith("Net.b[1] = Linear(x")
    assert max(map(len, texts)) < 250


def test_versions_count_and_do_not_spell():
    assert sorted(["v10/a.py", "v9/a.py", "v2/a.py"], key=version_of) == ["v2/a.py", "v9/a.py", "v10/a.py"]


def test_compare_shows_facts_and_layers_with_their_lines(pile, capsys):
    run_command("compare", "v3", "v4")
    said = capsys.readouterr().out
    for part in ("0.0003 (line 35)", "0.001 (line 35)"):
        assert part in said
    assert "- Net.head = nn.Conv2d(1, 16, 3, padding=1)  (line 14)" in said
    assert "+ Net.head = nn.Conv2d(1, 16, 5, padding=2)  (line 14)" in said
    assert "Net.tail" not in said


def test_what_did_i_change_between_two_versions(pile, capsys):
    question = "what did I change between v3 and v4"
    answer = search(question)
    assert {row["name"] for row in answer.rows} == {"v3/train_fashion.py", "v4/train_fashion.py"}
    assert answer.text == "v3/train_fashion.py and v4/train_fashion.py differ in learning rate and 2 lines of layers."
    assert ask([question]) == 0
    said = capsys.readouterr().out
    assert "0.0003 (line 35)" in said and "+ Net.head" in said


def test_versions_of_a_script_are_found_by_any_of_its_names(pile):
    for question in ("versions of train_fashion.py", "versions of v12", "copies of v3/train_fashion.py"):
        names = {row["name"] for row in search(question).rows}
        assert {f"v{number}/train_fashion.py" for number in (3, 4, 12)} <= names, question
    assert "faces/train_fashion.py" not in {row["name"] for row in search("versions of v12").rows}


def test_a_name_of_several_is_refused_by_their_names(pile, capsys):
    assert run_command("compare", "v3", "train_fashion") != 0
    assert "v12/train_fashion.py" in capsys.readouterr().err


def test_show_names_the_versions_and_each_fact_once(pile, capsys):
    run_command("show", "v4")
    said = capsys.readouterr().out
    assert "v3/train_fashion.py" in said and "v12/train_fashion.py" in said and "faces" not in said
    assert said.count("batch_size") == 1
