"""Files as they are found: odd, broken, enormous, and never run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.ingest.read import read_script
from diffusionlab.ingest.record import Script
from diffusionlab.ingest.source import find_files
from diffusionlab.ingest.syntax import parse

FIXTURES = Path(__file__).parent / "fixtures"


def written(folder: Path, text: str, name: str = "script.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reading_runs_nothing():
    read_script(FIXTURES / "writes_when_imported.py")
    assert not (FIXTURES / "writes_when_imported.ran").exists()


def test_two_places_that_contradict_are_a_conflict_with_both():
    script = read_script(FIXTURES / "two_values_by_an_option.py")
    (conflict,) = script.conflicts
    assert conflict.field == "lr"
    assert [(fact.value, fact.lines) for fact in conflict.values] == [(0.01, (8,)), (0.0001, (8,))]
    assert "lr" not in script.facts


def test_what_the_caller_decides_is_named():
    assert read_script(FIXTURES / "argparse_options.py").depends_on_input == ["batch_size"]
    assert "epochs" in read_script(FIXTURES / "click_options.py").depends_on_input


def test_evidence_says_how_the_value_was_reached():
    def via(name: str, field: str) -> str | None:
        return read_script(FIXTURES / name).facts[field][0].via

    assert via("argparse_options.py", "lr") == "argparse default"
    assert via("absl_flags.py", "lr") == "absl flag default"
    assert via("click_options.py", "lr") == "click default"
    assert via("dataclass_settings.py", "weight_decay") == "dataclass default"
    assert via("yaml_beside.py", "lr") == "settings file"
    assert via("betas_by_linspace.py", "beta_start") == "default argument"
    assert via("unet_without_the_name.py", "batch_size") == "formula"
    assert via("one_cycle.py", "lr") is None


def test_a_value_from_a_file_beside_names_that_file():
    lines = read_script(FIXTURES / "yaml_beside.py").facts["lr"][0].lines
    assert "settings_of_yaml_beside.yaml:2" in lines
    assert "star_imported.py:3" in read_script(FIXTURES / "star_import.py").facts["lr"][0].lines


def test_a_record_survives_json():
    script = read_script(FIXTURES / "three_optimizers.py")
    assert Script.from_dict(script.as_dict()) == script


@pytest.mark.parametrize("name", [path.name for path in sorted(FIXTURES.glob("*.py"))])
def test_a_script_read_twice_says_the_same(name: str):
    assert read_script(FIXTURES / name).as_json() == read_script(FIXTURES / name).as_json()


def test_reading_does_not_depend_on_the_order_of_sets():
    names = ["keras_gan.py", "three_optimizers.py", "device_order.py", "diffusion_from_scratch.ipynb"]
    program = (
        "import sys\nfrom pathlib import Path\nfrom diffusionlab.ingest.read import read_script\n"
        "held = [object() for _ in range(1000 * int(sys.argv[1]))]\n"
        "for name in sys.argv[2:]: print(read_script(Path(name)).as_json())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program, str(seed), *(str(FIXTURES / name) for name in names)],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(said) == 1


def test_an_error_names_the_line_and_the_cell():
    def error(name: str) -> str:
        return read_script(FIXTURES / name).error or ""

    assert "(line 8)" in error("broken_in_the_middle.py")
    assert "(cell 1:1)" in error("broken_cell.ipynb")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n# nothing\n",
        "def f(:\n" * 300,
        "x = " + "(" * 500 + ")" * 500,
        "x = " + " + ".join(["1"] * 20_000),
        "while True: pass",
        "def f(): return f()\nf()",
        "def f(x):\n    for i in range(10):\n        f(x)\n        f(x)\nf(1)",
        "x = [1]\nx.append(x)\nfor y in x:\n    x += x\n",
        "a = {}\na['a'] = a\nprint(a['a']['a'])",
        "x = 9 ** 9 ** 9 ** 9\ny = 'a' * 10 ** 12\nz = [0] * 10 ** 12",
        "class A(A): pass\nA().a.b.c",
        "class A:\n    @property\n    def a(self): return self.a\nA().a",
        "lambda: (yield)",
        "\ttabs = 1\n        spaces = 2\n",
        "import " + ", ".join(f"m{i}" for i in range(2000)),
    ],
    ids=lambda text: text[:24].strip() or "empty",
)
def test_odd_files_are_read_without_a_fault(tmp_path: Path, text: str):
    script = read_script(written(tmp_path, text))
    assert script.error is None or "\n" not in script.error
    assert not script.facets


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abdef()[]{}:=,.'\"\n \t+-*/#0123456789\\@", max_size=200))
def test_any_text_parses_after_mending(text: str):
    tree, _ = parse(text)
    assert all(getattr(node, "lineno", 1) <= text.count("\n") + 2 for node in tree.body)


def test_mending_keeps_the_lines_of_the_rest():
    tree, error = parse("a = 1\nb = = 2\nc = 3\nprint 'x'\nd = 4\n")
    assert error is not None and "line 2" in error
    assert {node.targets[0].id: node.lineno for node in tree.body if hasattr(node, "targets")} == {
        "a": 1,
        "c": 3,
        "d": 5,
    }


def test_encodings(tmp_path: Path):
    latin = tmp_path / "latin.py"
    latin.write_bytes("# -*- coding: latin-1 -*-\nname = 'Glühwürmchen'\n".encode("latin-1"))
    wide = tmp_path / "wide.py"
    wide.write_bytes("rate = 1\n".encode("utf-16"))
    windows = tmp_path / "windows.py"
    windows.write_bytes(b"\xef\xbb\xbfimport torch\r\nfrom torch import nn\r\n")
    assert [read_script(path).error for path in (latin, wide, windows)] == [None, None, None]
    assert read_script(windows).facts["framework"][0].lines == (1, 2)


def test_a_file_that_is_too_large_is_one_line(tmp_path: Path):
    path = tmp_path / "large.py"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    script = read_script(path)
    assert script.error == "larger than 16 MiB" and not script.facts


def test_folders_are_walked_once_and_in_order(tmp_path: Path):
    for name in ("v10/train.py", "v2/train.py", ".venv/lib.py", "v2/__pycache__/x.py", "v2/note.txt", "v2/a.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        written(tmp_path, "x = 1", name)
    (tmp_path / "v2" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "v2" / "gone.py").symlink_to(tmp_path / "nowhere.py")
    found = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path])]
    assert found == ["v10/train.py", "v2/a.ipynb", "v2/train.py"]


def test_a_script_reads_no_file_outside_its_folder(tmp_path: Path):
    (tmp_path / "inside").mkdir()
    written(tmp_path, "rate: 0.5", "secret.yaml")
    text = "import torch, yaml\nc = yaml.safe_load(open('../secret.yaml'))\nm = torch.nn.Linear(1, 1)\n"
    path = written(tmp_path, text + "o = torch.optim.SGD(m.parameters(), lr=c['rate'])\n", "inside/script.py")
    assert "lr" not in read_script(path).facts


def test_settings_whose_aliases_stand_for_more_than_memory_are_not_read(tmp_path: Path) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 40)]
    for text in ("\n".join(["l0: &l0 [0.1]", *levels, "lr: 0.5"]), "lr: &a [*a]", "lr: &a {b: *a}"):
        script = written(tmp_path, "import torch, yaml\nc = yaml.safe_load(open('bomb.yaml'))\nlr = c['lr']\n")
        written(tmp_path, text, "bomb.yaml")
        assert 0.5 not in [fact.value for fact in read_script(script).facts.get("lr", ())]
