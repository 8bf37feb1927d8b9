"""Pictures of scripts: which belong to which, what their names say, and that none comes from elsewhere."""

import json
from pathlib import Path

import pytest
from PIL import Image

from diffusionlab.ingest.command import add_ingest
from diffusionlab.ingest.pictures import MOST, counted, evenly, moment
from diffusionlab.registry.manage import cli
from diffusionlab.registry.record.pictures import linked
from diffusionlab.registry.record.run_record import RunRecord, read_record, write_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.show.cli import main as search

SCRIPT = """\
import os
import torch, torchvision
from torch.utils.data import DataLoader

loader = DataLoader(torchvision.datasets.CIFAR10("data"), batch_size=64)
model = torch.nn.Linear(3, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
"""


def ingest(*words: object) -> int:
    return cli.main(["ingest", *map(str, words)], more=[add_ingest])


def draw(path: Path, shade: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), (shade % 256, 90, 160)).save(path)
    return path


def script(path: Path, more: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT + more)
    return path


@pytest.fixture
def pile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pile").mkdir()
    return tmp_path / "pile"


def of_scripts(pile: Path) -> dict[str, list[str]]:
    """Name of each record -> its pictures below the pile."""
    records = Registry().records()
    return {
        record.name: [str(Path(one.path).relative_to(pile)) for one in linked(record.linked_pictures)]
        for record in records
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("step_0001200.png", "1,200 steps"),
        ("epoch_0001.png", "1 epoch"),
        ("epoch=3-step=1.png", "1 step"),
        ("a.png", ""),
    ],
)
def test_a_name_in_words_prefers_steps(name: str, said: str):
    assert moment(name) == said


@pytest.mark.parametrize(
    ("name", "epoch", "step"),
    [
        ("epoch_10.png", 10, None),
        ("v5_ep3.jpg", 3, None),
        ("Epoch 007 grid.png", 7, None),
        ("samples_epoch010.png", 10, None),
        ("50_epochs.png", 50, None),
        ("epoch=3-step=1200.png", 3, 1200),
        ("sample-000200.png", None, 200),
        ("iter_2000.png", None, 2000),
        ("steps5000.webp", None, 5000),
        ("sample-10.png", None, None),
        ("episode_7.png", None, None),
        ("deep3.png", None, None),
        ("timestep_50.png", None, None),
        ("v5.png", None, None),
        ("2024-01-05.png", None, None),
        ("epoch.png", None, None),
    ],
)
def test_what_a_name_says(name: str, epoch: int | None, step: int | None):
    assert counted(name) == (epoch, step)


def test_pictures_where_the_code_writes_them_or_beside_the_one_script(pile: Path):
    script(pile / "v1/train.py", 'os.makedirs("art", exist_ok=True)\n')
    script(pile / "v2/train.py")
    for name in ("v1/art/deep/epoch_2.png", "v1/epoch_1.png", "v2/results/epoch_1.png", "v2/photos/cat.png", "far.png"):
        draw(pile / name)
    assert ingest(pile) == 0
    assert of_scripts(pile) == {
        "v1/train.py": ["v1/epoch_1.png", "v1/art/deep/epoch_2.png"],
        "v2/train.py": ["v2/results/epoch_1.png"],
    }


def test_of_several_scripts_the_name_or_the_version_decides(pile: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("cifar_v4.py", "cifar_v5.py", "cifar.py"):
        script(pile / name, 'os.makedirs("samples", exist_ok=True)\n')
    for name in ("cifar_v5_grid.png", "v4_ep3.jpg", "cifar-grid.png", "samples/v5.png", "samples/1.png", "other.png"):
        draw(pile / name)
    assert ingest(pile) == 0
    assert of_scripts(pile) == {
        "pile/cifar_v4.py": ["v4_ep3.jpg"],
        "pile/cifar_v5.py": ["cifar_v5_grid.png", "samples/v5.png"],
        "pile/cifar.py": ["cifar-grid.png"],
    }
    assert "2 pictures without a script" in " ".join(capsys.readouterr().out.split())


def test_nothing_outside_the_folder_and_nothing_that_is_no_image(pile: Path):
    secret = draw(pile.parent / "elsewhere/secret.png")
    script(pile / "train.py", 'os.makedirs("../elsewhere", exist_ok=True)\nos.makedirs("out")\n')
    draw(pile / "out/epoch_1.png")
    (pile / "out/link.png").symlink_to(secret)
    (pile / "out/folder").symlink_to(secret.parent, target_is_directory=True)
    (pile / "out/text.png").write_text("no image")
    Image.new("RGB", (8, 8)).save(pile / "out/paper.pdf")
    (pile / "out/named_as.png").write_bytes((pile / "out/paper.pdf").read_bytes())
    assert ingest(pile) == 0
    assert of_scripts(pile) == {"pile/train.py": ["out/epoch_1.png"]}


def test_reading_again_does_not_double_and_names_what_is_gone(pile: Path, capsys: pytest.CaptureFixture[str]):
    script(pile / "train.py")
    gone, stays = draw(pile / "epoch_1.png"), draw(pile / "epoch_2.png")
    ingest(pile)
    gone.unlink()
    ingest(pile)
    assert of_scripts(pile) == {"pile/train.py": [stays.name]}
    assert f"{gone} is gone" in capsys.readouterr().out.replace("\n", "")


def test_a_person_links_a_folder_to_a_run_whose_folder_stays_as_it_is(pile: Path, capsys: pytest.CaptureFixture[str]):
    run = pile.parent / "outputs/run"
    write_record(RunRecord(run_id="run-1", name="a run", path=str(run)), run)
    Registry().upsert(read_record(run))
    (run / "weights").write_text("as they were")
    first, second = draw(pile / "generated/epoch_1.png"), draw(pile / "generated/epoch_2.png", 9)
    for _ in range(2):
        assert ingest(pile / "generated", "--images-of", "latest") == 0
    assert "2 of them new" in (said := capsys.readouterr().out) and "0 of them new" in said and "run-1" in said
    record = Registry().get("run-1")
    assert record is not None and [one.path for one in linked(record.linked_pictures)] == [str(first), str(second)]
    assert sorted(path.name for path in run.iterdir() if path.suffix != ".lock") == ["run.json", "weights"]

    first.unlink()
    assert ingest(pile / "generated", "--images-of", "a run") == 0
    assert f"{first} is gone" in capsys.readouterr().out.replace("\n", "")
    record = Registry().get("run-1")
    assert record is not None and [one.path for one in linked(record.linked_pictures)] == [str(second)]


def test_what_a_person_linked_to_a_script_outlives_the_next_reading(pile: Path):
    script(pile / "train.py")
    draw(pile / "epoch_1.png")
    draw(pile.parent / "more/epoch_2.png")
    ingest(pile)
    assert ingest(pile.parent / "more", "--images-of", "pile/train.py") == 0
    ingest(pile)
    (record,) = Registry().records()
    assert [Path(one.path).name for one in linked(record.linked_pictures)] == ["epoch_1.png", "epoch_2.png"]


def test_search_shows_the_pictures_of_a_script(pile: Path, capsys: pytest.CaptureFixture[str]):
    script(pile / "v4/ddpm.py")
    script(pile / "v5/ddpm.py")
    draw(pile / "v4/epoch_1.png")
    newest = [draw(pile / f"v5/epoch_{epoch}.png", epoch) for epoch in (2, 10)][::-1]
    ingest(pile)
    for question in ("images of CIFAR10 v5", "images of v5/ddpm.py", "show me the pictures of v5/ddpm"):
        capsys.readouterr()
        assert search([question, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["intent"] == "pictures"
        hit = next(hit for hit in said["hits"] if hit["name"] == "v5/ddpm.py")
        assert hit["pictures"] == list(map(str, newest)) and hit["thumbnail"].startswith("data:image/png;base64,")
    assert search(["images of CIFAR10 v5"]) == 0
    assert str(newest[0]) in capsys.readouterr().out.replace("\n", "")
    assert search(["which scripts have pictures", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 2


def test_a_strangers_record_shows_no_picture_of_this_machine(pile: Path, capsys: pytest.CaptureFixture[str]):
    private = draw(pile / "private.png")
    entry = {str(private): {"sha256": "0" * 64, "by": "person"}, "/dev/zero": {}, "\0": 3, "x": "y"}
    (pile / "runs.jsonl").write_text(json.dumps({"run_id": "run-1", "name": "run-1", "linked_pictures": entry}))
    assert cli.main(["import", str(pile / "runs.jsonl")]) == 0
    capsys.readouterr()
    assert search(["images of run-1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hits"][0]["pictures"] == []


def test_of_very_many_pictures_some_are_linked_the_ends_among_them():
    paths = [Path(f"{number}.png") for number in range(10 * MOST)]
    some = evenly(paths)
    assert len(some) == MOST and (some[0], some[-1]) == (paths[0], paths[-1]) and len(set(some)) == MOST
