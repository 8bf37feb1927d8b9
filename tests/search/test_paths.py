"""Files, folders and what scripts are for, in a registry of scripts of many kinds; against plain Python."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pyarrow as pa
import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.group_keys import keys, keys_of
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.query import Figure, GroupKey
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where, keys_named
from diffusionlab.search.read.text import Matches
from tests.search.fixture_runs import NOW

_LINES = """
Sums/Addition/scriptRNN.py          | 2025-03-02 | lstm,rnn       | SumDataset   | GPU | adds numbers written as text
Sums/Addition/Deep/script_LSTM.py   | 2025-03-03 | lstm,rnn       | SumDataset   | GPU | encoder for sums
Sums/Subtraction/scriptRNN.py       | 2025-03-03 | rnn            | Sum Dataset  | GPU | subtracts numbers
MNIST/scriptNN.py                   | 2025-03-04 | classifier     | MNIST        | CPU | classifier of written digits
CycleGAN/s.py                       | 2025-04-01 | cyclegan,gan   | CIFAR-10     | GPU | two generators of pictures
CycleGAN/script.py                  | 2025-04-02 | cyclegan,gan   | CelebA       | GPU | pictures of faces
QandA/script.py                     | 2025-03-07 | transformer    | Squad        | GPU | question answering
Gen-Fashion-MNIST/transformer.py    | 2025-03-05 | transformer    | Fashion-MNIST| CPU | transformer that removes noise
Gen-Fashion-MNIST/transformer_new.py| 2025-03-08 | transformer    | Fashion-MNIST| CPU | conditional denoiser
Gen-Fashion-MNIST/script_unet.py    | 2025-03-14 | unet,diffusion | Fashion-MNIST| GPU | conditional UNet
Gen-CIFAR-10-Cat-Dog/v10.py         | 2025-04-06 | unet,diffusion | CIFAR-10 cat/dog | CPU | cats and dogs
Gen-CIFAR-10-Cat-Dog/plain.py       | 2025-04-09 | unet           | CIFAR-10     | CPU | plain network
ArticleSummary/scriptTransfer.py    | 2025-03-04 |                |              |     |
"""


def _scripts() -> list[SimpleNamespace]:
    found = []
    for line in _LINES.strip().splitlines():
        path, day, facets, dataset, hardware, description = (part.strip() for part in line.split("|"))
        folder, _, file = path.rpartition("/")
        name = f"{folder.rpartition('/')[2]}_{file.removesuffix('.py')}"
        tags = set(facets.split(",")) - {""}
        found.append(SimpleNamespace(**locals(), id=name))
    return found


SCRIPTS = _scripts()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(tmp_path_factory.mktemp("scripts") / "registry")
    registry.upsert(
        [
            RunRecord.from_json(
                {
                    "run_id": s.id,
                    "name": s.name,
                    "created_at": f"{s.day}T09:00:00+00:00",
                    "path": f"/srv/lab/models/{s.path}",
                    "arch_tags": sorted(s.tags) or None,
                    "dataset": s.dataset or None,
                    "hardware": s.hardware or None,
                    "description": s.description or None,
                }
            )
            for s in SCRIPTS
        ]
    )
    return Engine(registry, NOW)


@pytest.fixture(scope="module")
def ask(engine):
    return lambda question: engine.answer(parse(question, engine.known, NOW))


def ids(wanted):
    return {s.id for s in SCRIPTS if wanted(s)}


def denoises(s):
    return "diffusion" in s.tags or "denois" in s.description or "removes noise" in s.description


def generates(s):
    return bool(s.tags & {"diffusion", "gan"}) or "generators" in s.description


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        # files
        ("which model is in s.py?", lambda s: s.file == "s.py"),
        ("find s.py", lambda s: s.file == "s.py"),
        ("files named script.py", lambda s: s.file == "script.py"),
        ("the model called script_unet.py", lambda s: s.file == "script_unet.py"),
        ("transformer.py", lambda s: s.file == "transformer.py"),
        ("TRANSFORMER.py?", lambda s: s.file == "transformer.py"),
        ("scriptNN.py", lambda s: s.file == "scriptNN.py"),
        ("scriptRNN.py", lambda s: s.file == "scriptRNN.py"),
        ("Addition/scriptRNN.py", lambda s: s.path == "Sums/Addition/scriptRNN.py"),
        ("script.py on CelebA", lambda s: s.file == "script.py" and s.dataset == "CelebA"),
        ("script.py in QandA", lambda s: s.path == "QandA/script.py"),
        ("s.py or v10.py", lambda s: s.file in ("s.py", "v10.py")),
        ("script.py and v10.py", lambda s: s.file in ("script.py", "v10.py")),
        ("all models except script.py", lambda s: s.file != "script.py"),
        ('the data set of "v10.py"', lambda s: s.file == "v10.py"),
        ("transformer*.py", lambda s: s.file.startswith("transformer")),
        ("compare s.py and v10.py", lambda s: s.file in ("s.py", "v10.py")),
        ("what is in /srv/lab/models/QandA/script.py", lambda s: s.path == "QandA/script.py"),
        # paths
        ("models in /srv/lab/models/Sums/Addition", lambda s: s.path.startswith("Sums/Addition/")),
        ("files under Sums/Addition", lambda s: s.path.startswith("Sums/Addition/")),
        ("files not under Sums/Addition", lambda s: not s.path.startswith("Sums/Addition/")),
        ("models in sums/addition/", lambda s: s.path.startswith("Sums/Addition/")),
        ("Sums/Addition on GPU", lambda s: s.path.startswith("Sums/Addition/") and s.hardware == "GPU"),
        ("everything in /srv/lab", lambda s: True),
        ("CIFAR-10/MNIST", lambda s: s.dataset in ("CIFAR-10", "MNIST")),
        ("unet/transformer", lambda s: s.tags & {"unet", "transformer"}),
        ("cat/dog", lambda s: s.dataset == "CIFAR-10 cat/dog"),
        # folders
        ("what's in the Gen-CIFAR-10-Cat-Dog folder?", lambda s: s.folder == "Gen-CIFAR-10-Cat-Dog"),
        ("models in the folder Gen-Fashion-MNIST", lambda s: s.folder == "Gen-Fashion-MNIST"),
        ("models in the folder named qanda", lambda s: s.folder == "QandA"),
        ("everything in Gen-CIFAR-10-Cat-Dog", lambda s: s.folder == "Gen-CIFAR-10-Cat-Dog"),
        ("everything in the MNIST folder", lambda s: s.folder == "MNIST"),
        ("the fashion mnist folder", lambda s: s.folder == "Gen-Fashion-MNIST"),
        ("the article summary directory", lambda s: not s.tags),
        ("scripts under Sums", lambda s: s.path.startswith("Sums/")),
        ("script.py in the CycleGAN folder", lambda s: s.path == "CycleGAN/script.py"),
        ("models on MNIST", lambda s: s.dataset == "MNIST"),
        ("models in the same folder as v10.py", lambda s: s.path == "Gen-CIFAR-10-Cat-Dog/plain.py"),
    ],
)
def test_files_and_folders(ask, engine, question, wanted):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == ids(wanted) and not found.unread
    said = format_where(found.query.condition, engine.known)
    assert {row["run_id"] for row in engine.rows(parse_where(said, engine.known, NOW))} == ids(wanted)


@pytest.mark.parametrize("name", ["s2.py", "/srv/lab/models/QandA/other.py", "/srv/lab/data", "unet/other.py"])
def test_what_no_path_has_is_named(ask, name):
    found = ask(f"models in {name}")
    assert not found.rows and found.query.unknown == ((name, None),)
    assert any(name in note for note in found.query.notes)


@pytest.mark.parametrize("pattern", [r"^\/srv\/lab\/", r"models\/Sums", r"(^|\/)script\.py$", "SRV", "nowhere"])
def test_a_pattern_is_of_all_of_the_path(engine, pattern):
    condition = Matches(pattern, "path")
    rows = engine.rows(condition)
    said = re.compile(pattern, re.IGNORECASE)
    assert {row["run_id"] for row in rows} == ids(lambda s: said.search(f"/srv/lab/models/{s.path}"))
    assert all(condition.matches(row) for row in rows)


@pytest.mark.parametrize(
    "question", ["how many scripts per folder", "models by directory", "which folders are there?", "how many folders?"]
)
def test_groups_by_folder(ask, question):
    groups = {group.key: group.count for group in ask(question).groups.rows}
    folders = [f"/srv/lab/models/{s.folder}" for s in SCRIPTS]
    assert groups == {folder: folders.count(folder) for folder in folders}


def test_the_folder_with_the_most(ask, engine):
    found = ask("which folder has the most scripts?")
    assert [(g.key, g.count) for g in found.groups.rows] == [("/srv/lab/models/Gen-Fashion-MNIST", 3)]
    assert keys_named(found.query.figure.by[0].flag, engine.known) == found.query.figure.by


def test_folders_with_so_many(ask):
    groups = ask("folders with more than 2 scripts").groups.rows
    assert [(group.key, group.count) for group in groups] == [("/srv/lab/models/Gen-Fashion-MNIST", 3)]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        # what was written when
        ("scripts written in April", lambda s: s.day >= "2025-04"),
        ("models written on March 4", lambda s: s.day == "2025-03-04"),
        ("scripts written on a Sunday", lambda s: s.day in ("2025-03-02", "2025-04-06")),
        ("what did I code on 3 March?", lambda s: s.day == "2025-03-03"),
        ("scripts I wrote in the first week of March", lambda s: "2025-03-01" <= s.day <= "2025-03-07"),
        ("programs from March 3", lambda s: s.day == "2025-03-03"),
        ("programs that I wrote on March 3", lambda s: s.day == "2025-03-03"),
        ("in April, which scripts did I write?", lambda s: s.day >= "2025-04"),
        ("written after QandA_script but before CycleGAN_s", lambda s: "2025-03-07" < s.day < "2025-04-01"),
        ("scripts coded on a weekend", lambda s: s.day in ("2025-03-02", "2025-03-08", "2025-04-05", "2025-04-06")),
        ("scripts not written in March", lambda s: s.day >= "2025-04"),
        ("the last script I wrote", lambda s: s.day == max(other.day for other in SCRIPTS)),
        ("numbers written as text", lambda s: "written as text" in s.description),
        ("numbers written as text in March", lambda s: "written as text" in s.description),
        # what they are for
        ("denoisers", denoises),
        ("denoising models", denoises),
        ("denoiser on cpu", lambda s: denoises(s) and s.hardware == "CPU"),
        ("which models denoise?", denoises),
        ("models that are not denoisers", lambda s: not denoises(s) and s.tags),
        ("generative models", generates),
        ("which models are generative?", generates),
        ("image generation models", generates),
        ("generative models on CIFAR-10", lambda s: generates(s) and s.dataset == "CIFAR-10"),
        ("generators", lambda s: "generators" in s.description),
        ("text generation models", lambda s: False),
        ("machine translation", lambda s: False),
        ("machine vision", lambda s: False),
        ("machine learning scripts", lambda s: True),
        ("networks that classify", lambda s: "classifier" in s.tags),
        ("text summarization", lambda s: s.folder == "ArticleSummary"),
        # names that differ in signs alone
        ("models on SumDataset", lambda s: s.dataset in ("SumDataset", "Sum Dataset")),
        ("models on sum dataset", lambda s: s.dataset in ("SumDataset", "Sum Dataset")),
        ("dataset = SumDataset", lambda s: s.dataset in ("SumDataset", "Sum Dataset")),
        ("models not on SumDataset", lambda s: s.dataset not in ("SumDataset", "Sum Dataset", "")),
    ],
)
def test_words_of_scripts(ask, question, wanted):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == ids(wanted) and not found.unread


@pytest.mark.parametrize(
    ("question", "verdict"),
    [("is MNIST_scriptNN generative?", False), ("is CycleGAN_s generative?", True), ("is v10.py a denoiser?", True)],
)
def test_what_one_script_is_for(ask, question, verdict):
    assert ask(question).verdict is verdict


@pytest.mark.parametrize("name", ["SumDataset", "Sum Dataset"])
def test_where_takes_the_very_name(engine, name):
    rows = engine.rows(parse_where(f'dataset = "{name}"', engine.known, NOW))
    assert {row["run_id"] for row in rows} == ids(lambda s: s.dataset == name)


@pytest.mark.parametrize("question", ["denoisers on CPU", "generative models on CPU", "generators on CPU"])
def test_where_all_are_denoisers_the_words_say_nothing(tmp_path, question):
    registry = Registry(tmp_path / "registry")
    registry.upsert(
        [
            RunRecord(run_id=f"run-{n}", name=f"unet-{n}", arch_tags=["unet"], hardware=hardware)
            for n, hardware in enumerate(("CPU", "A100"))
        ]
    )
    engine = Engine(registry, NOW)
    found = engine.answer(parse(question, engine.known, NOW))
    assert [row["run_id"] for row in found.rows] == ["run-0"] and not found.unread


@pytest.mark.parametrize(
    ("path", "folder"), [("/a/b/c.py", "/a/b"), ("a/b", "a"), ("a/b/", "a"), ("a//b", "a"), ("c.py", "."), (None, None)]
)
def test_the_folder_of_a_path(path, folder):
    by = (GroupKey("path", "folder"),)
    found = keys(pa.table({"path": pa.array([path, "x/y"], pa.string())}), Figure("count", by=by))
    names = [found.names[code] for code in found.codes if code >= 0]
    assert names == [*keys_of({"path": path}, by), *keys_of({"path": "x/y"}, by)]
    assert names == [(name,) for name in (folder, "x") if name]


@pytest.mark.parametrize("question", ["find train.py", 'find "old/train.py"', "find old/train.py"])
def test_a_record_called_like_a_file_needs_no_path(tmp_path, question):
    registry = Registry(tmp_path / "registry")
    registry.upsert(
        [RunRecord(run_id=f"s-{n}", name=name, kind="script") for n, name in enumerate(("old/train.py", "new/run.py"))]
    )
    engine = Engine(registry, NOW)
    assert [row["run_id"] for row in engine.answer(parse(question, engine.known, NOW)).rows] == ["s-0"]
