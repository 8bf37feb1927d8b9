"""`registry.py code`: functions and lines in the scripts that were ingested."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.ingest.code import parts, stem, wanted
from diffusionlab.ingest.command import add_code, add_ingest
from diffusionlab.registry.manage import cli
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry

TRAIN = '''\
import torch
from torch import nn


def cosine_beta_schedule(steps):
    """As in the paper."""
    t = torch.linspace(0, 1, steps)
    return torch.cos(t) ** 2


class Trainer:
    def __init__(self, net):
        self.net = net
        self.ema = net

    def step(self, loss):
        loss.backward()
        # keep it from diverging
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)

    def update_ema(self):
        self.ema = self.net


net = nn.Conv2d(1, 1, 3)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
optimizer.step()
'''
HOSTILE = "import torch\nfrom torch import nn\nnet = nn.Linear(1, 1)\nname = 'flux \x1b[31m capacitor'\n"
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": "# clipping gradients"},
        {"cell_type": "code", "source": ["import torch\n", "from torch import nn\n", "net = nn.Linear(2, 2)\n"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "def clip_gradients(net):\n", "    pass\n"]},
    ],
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
}


def run(*words: str) -> int:
    return cli.main([*words], more=[add_ingest, add_code])


@pytest.fixture
def pile(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("old").mkdir()
    Path("old/train.py").write_text(TRAIN)
    Path("old/odd.py").write_text(HOSTILE)
    Path("old/note.ipynb").write_text(json.dumps(NOTEBOOK))
    assert run("ingest", "old") == 0
    capsys.readouterr()


def found(capsys, *words: str) -> dict:
    assert run("code", *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def places(said: dict) -> list[tuple[str, str, list]]:
    return [(Path(one["path"]).name, one["function"], one["lines"]) for one in said["code"]]


def test_a_function_that_is_named_so_comes_first_then_who_uses_it(pile, capsys):
    said = found(capsys, "scripts", "that", "use", "gradient", "clipping")
    assert places(said) == [("note.ipynb", "clip_gradients", ["2:2"]), ("train.py", "Trainer.step", [19])]
    assert said["code"][1]["text"] == "\n".join(TRAIN.splitlines()[15:22])


def test_where_something_is_implemented_and_updated(pile, capsys):
    assert places(found(capsys, "where is the cosine schedule implemented"))[0] == (
        "train.py", "cosine_beta_schedule", [5],
    )  # fmt: skip
    assert places(found(capsys, "where is EMA updated"))[0] == ("train.py", "Trainer.update_ema", [21, 22])


def test_comments_are_searched_and_parts_of_words_are_not(pile, capsys):
    assert places(found(capsys, "diverging")) == [("train.py", "Trainer.step", [18])]
    assert places(found(capsys, "verging")) == []


def test_what_nobody_says_is_said_and_an_empty_question_refused(pile, capsys):
    assert run("code", "flux", "inhibitor") == 0
    assert "no line says flux inhibitor" in capsys.readouterr().out
    assert run("code", "where", "is") != 0 and run("code", "flux", "--limit", "0") != 0


def test_it_says_what_it_looked_for(pile, capsys):
    assert found(capsys, "where is EMA updated")["looked_for"][:2] == ["ema", "moving average"]


def test_a_file_that_is_nested_deeper_than_the_stack_is_searched(pile, capsys):
    Path("old/deep.py").write_text(TRAIN + "x = " + "1 + " * 400 + "1  # flux\nif x: pass\n" + "elif x: pass\n" * 300)
    assert run("ingest", "old/deep.py") == 0
    capsys.readouterr()
    assert sorted(one["lines"] for one in found(capsys, "flux")["code"]) == [[4], [28]]


def test_three_lines_around_a_match_are_shown_without_escapes(pile, capsys):
    assert run("code", "capacitor") == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and ">      4  name = 'flux" in said and "       1  import torch" in said


def test_a_script_that_has_changed_is_named_until_it_is_read_again(pile, capsys):
    Path("old/train.py").write_text(TRAIN.replace("cosine_beta_schedule", "sine_schedule"))
    said = found(capsys, "cosine schedule")
    assert said["code"] == [] and said["left_out"] == ["old/train.py"]
    run("ingest", "old")
    capsys.readouterr()
    assert places(found(capsys, "sine schedule"))[0][1] == "sine_schedule"


def test_without_scripts_it_says_what_to_type(capsys):
    Registry().upsert(RunRecord(run_id="a", name="a"))
    assert run("code", "clipping") != 0
    assert "ingest PATH" in capsys.readouterr().err


@given(st.lists(st.sampled_from(["clip", "Grad", "norm", "EMA", "Net2d", "x"]), min_size=1))
def test_the_words_of_an_identifier_are_those_that_it_is_made_of(words):
    lower = [part for word in words for part in parts(word)]
    assert parts("_".join(words)) == lower and parts(" ".join(words)) == lower


def test_endings_do_not_count():
    assert stem("clipping") == stem("clips") == stem("clipped") == stem("clip")
    assert wanted("mixed precision")[0] == ["mixed", "precision"] and ["autocast"] in wanted("mixed precision")
