"""`sample.py` on a run that was really trained, however small."""

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from diffusionlab.commands.closing import to_find, to_type
from diffusionlab.commands.sample import _new_folder, columns_of, grid, num_shown, sample
from diffusionlab.diffusion import NO_LABELS, Labels
from diffusionlab.errors import UsageError
from diffusionlab.invocation import as_typed
from diffusionlab.registry.record.run_record import RunRecord, new_run_id, read_record, utc_now
from diffusionlab.registry.storage.table import Registry
from diffusionlab.runs.labels import choose_labels
from diffusionlab.runs.run import load_run
from diffusionlab.runs.schemas import register
from diffusionlab.visualization.catalogue import as_override
from tests.conftest import CONF, Lab
from tests.memory import growth_while_sampling

NAMES = ["T-shirt/top", "cat", "dog"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """One small conditional run and its registry."""
    root = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        return Lab(root).train(name="20260101-120000-abcdef"), root / "registry"


def run_sample(trained, *overrides: str) -> Path:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("sample", [f"registry.uri={trained[1]}", "sampler.num_steps=2", *overrides])
    return sample(cfg)


def pictures(folder: Path):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("0*.png"))])


def test_it_writes_the_grid_and_the_single_pictures(trained):
    folder = run_sample(trained, "num_samples=20")
    assert pictures(folder).shape == (20, 28, 28)
    width, _ = Image.open(folder / "grid.png").size
    assert width == 10 * (28 * 3 + 4) + 4  # a column for each class
    assert run_sample(trained, "num_samples=1") != folder


def test_settings_beside_the_samples_make_them_again(trained, tmp_path):
    first = run_sample(trained, "num_samples=3", "label=Bag", "guidance_scale=3", "seed=5")
    kept = json.loads((first / "settings.json").read_text())
    assert kept["run"] == read_record(trained[0]).run_id and kept["step"] > 0 and kept["sampler"]["num_steps"] == 2
    again = [f"{name}={kept[name]}" for name in ("num_samples", "label", "guidance_scale", "seed")]
    second = run_sample(trained, f"output_dir={tmp_path / 'again'}", *again)
    np.testing.assert_array_equal(pictures(first), pictures(second))


def test_samples_of_one_class_fill_a_rectangle_that_is_no_strip():
    for count in (1, 2, 7, 12, 16, 20, 36, 40, 100):
        columns = columns_of(count)
        assert count % columns == 0 and columns <= 8 * (count // columns)
    assert columns_of(37) == 7  # no rectangle but a strip: nearly a square


def test_a_grid_names_what_it_shows_without_a_hole():
    """Ink above the images: the name of the one class, or a name over each where classes have unequal numbers."""
    dark = torch.zeros(14, 1, 28, 28, dtype=torch.uint8)
    one_class = Labels(label=torch.full((14,), 1))
    tile, gap = 28 * 3, 4
    bare = np.asarray(grid({2.0: dark}, NO_LABELS, NAMES))
    named = np.asarray(grid({2.0: dark}, one_class, NAMES))
    assert bare.shape[1] == named.shape[1] and (named[: named.shape[0] - bare.shape[0]] < 200).any()
    mixed = np.asarray(grid({2.0: dark}, Labels(label=torch.arange(14) % 3), NAMES))
    for column in range(7):
        x = gap + column * (tile + gap) + bare.shape[1] - (7 * (tile + gap) + gap)
        assert (mixed[4:16, x : x + tile] < 200).any()
    scales = np.asarray(grid({1.0: dark[:7], 2.0: dark[:7]}, Labels(label=torch.full((7,), 1)), NAMES))
    assert (
        scales[-tile - gap : -gap, -7 * (tile + gap) : -gap].max(axis=2) == 0
    ).mean() > 0.9  # the second scale's row


@pytest.mark.parametrize(
    "run", ["latest", "20260101-120000-abcdef", "20260101-12", "garments_conditional_unet", "FOLDER"]
)
def test_a_run_is_found_by_id_prefix_name_latest_or_folder(trained, run):
    folder = run_sample(trained, f"run={trained[0] if run == 'FOLDER' else run}", "num_samples=1")
    assert folder.is_relative_to(trained[0])


@pytest.mark.parametrize("sampler", ["ddim", "ddpm", "dpmpp_2m", "heun"])
def test_sample_i_depends_on_the_seed_and_i_alone(trained, sampler, tmp_path):
    def of(name, *overrides):
        settings = ("label=Bag", f"sampler={sampler}", f"output_dir={tmp_path / name}", *overrides)
        return pictures(run_sample(trained, *settings)).astype(int)

    few = of("few", "num_samples=2", "batch_size=1")
    many = of("many", "num_samples=5", "batch_size=4")
    assert np.abs(few - many[:2]).max() <= 1  # a grey level: kernels differ with the batch size
    assert np.abs(of("other", "num_samples=2", "seed=1") - few).max() > 1


def test_labels_are_taken_by_name_number_or_list_in_turn():
    def chosen(requested, num_samples, style=None, null_labels=(3,)):
        labels = choose_labels([requested, style], [NAMES, ["light", "bold"]], null_labels, num_samples)
        return [label.tolist() for label in labels]

    assert chosen("CAT", 3) == [[1, 1, 1]]
    assert chosen(2, 2) == [[2, 2]]
    assert chosen(None, 5) == [[0, 1, 2, 0, 1]]
    assert chosen(None, 5, null_labels=()) == []
    assert chosen(["dog", "cat"], 5, ["light", "bold"], (3, 2)) == [[2, 1, 2, 1, 2], [0, 0, 1, 1, 0]]
    assert chosen("dog", 2, None, (3, 2)) == [[2, 2], [2, 2]]  # any style: the null label


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["label=Trousers"], "did you mean Trouser?"),
        (["label=11"], "numbered 0 to 9"),
        (["label=-1"], "numbered 0 to 9"),
        (["label=[]"], "names none"),
        (["seed=-1"], "seed=-1"),
        (["batch_size=0"], "batch_size=0"),
        (["guidance_scale=nan"], "guidance_scale=nan"),
        (["output_dir=/dev/null/x"], "output_dir=/dev/null/x"),
        (["num_samples=0"], "num_samples=0"),
        (["style=bold"], "trained without styles"),
        (["guidance_scale=much"], "a list such as [1,2,4]"),
        (["guidance_schedule=square"], "constant, linear, interval"),
        (["guidance_schedule=interval", "guidance_interval=[0.8,0.2]"], "two rising times"),
        (["sampler.num_steps=5000"], "use 1 to 1000"),
        (["run=20260101-120000-abcdee"], "20260101-120000-abcdef"),
        (["device=cudda"], "cudda"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_line(trained, overrides, words):
    with pytest.raises(UsageError) as caught:
        run_sample(trained, *overrides)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_an_unconditional_run_takes_neither_label_nor_guidance(lab, registry_of_its_own):
    trained = lab.train("model=attention_unet"), registry_of_its_own
    assert pictures(run_sample(trained, "num_samples=3")).shape[0] == 3
    with pytest.raises(UsageError, match="unconditional"):
        run_sample(trained, "label=Bag")
    with pytest.raises(UsageError, match="guidance_scale=3"):
        run_sample(trained, "guidance_scale=3")


def test_several_guidance_scales_make_a_grid_of_scales_and_classes_from_the_same_noise(trained):
    folder = run_sample(trained, "num_samples=10", "guidance_scale=[0,1,5000]", "guidance_schedule=linear")
    width, height = Image.open(folder / "grid.png").size
    assert width > 10 * (28 * 3 + 4) and height > 3 * (28 * 3 + 4)
    one = run_sample(trained, "num_samples=10", "guidance_scale=5000", "guidance_schedule=linear")
    assert np.array_equal(pictures(folder / "guidance_scale=5000"), pictures(one))
    assert not np.array_equal(pictures(folder / "guidance_scale=0"), pictures(one))


def test_changing_one_label_changes_only_that_sample(trained, tmp_path):
    """The same noise, another class: sample 1 differs, its neighbours stay what they were."""

    def of(name, labels):
        settings = (f"label={labels}", "num_samples=3", "guidance_scale=5000", f"output_dir={tmp_path / name}")
        return pictures(run_sample(trained, *settings))

    before, after = of("before", "[Bag,Bag,Bag]"), of("after", "[Bag,Sandal,Bag]")
    assert np.array_equal(before[[0, 2]], after[[0, 2]]) and not np.array_equal(before[1], after[1])


def test_the_bar_counts_the_steps_of_all_scales_and_batches(trained):
    run = load_run(str(trained[0]))
    sampler, calls = run.sampler("ddim", 3), []
    run.sample(5, sampler=sampler, batch_size=2, progress=lambda: calls.append(1))
    assert len(calls) == run.num_steps_of(5, sampler, 2) == 9


def test_it_ends_with_short_paths_and_commands_about_this_run(trained, capsys, monkeypatch):
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(trained[1]))
    monkeypatch.chdir(trained[0].parents[2])
    folder = run_sample(trained, "num_samples=1")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 5 and str(folder.relative_to(Path.cwd()) / "grid.png") in lines[0]
    assert not any(str(Path.cwd()) in line for line in lines)
    commands = [shlex.split(line.partition("python ")[2]) for line in lines if "python " in line]
    assert commands and all(f"run={read_record(trained[0]).run_id}" in words for words in commands)
    for script, *words in commands:  # each composes for its command
        name = script.removesuffix(".py")
        picture = [as_override(words.pop(0))] if name == "visualize" else []
        with initialize_config_dir(str(CONF), version_base="1.3"):
            compose(name, [*picture, *words])


def test_a_registry_elsewhere_and_trust_are_part_of_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.chdir(tmp_path)
    assert to_type("sample", "run=a", registry="registry") == "python sample.py run=a"
    typed = shlex.split(to_type("sample", "run=a", registry="o'ther (1)", trust=["mine"]))[2:]
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("sample", typed)
    assert cfg.registry.uri == "o'ther (1)" and cfg.trust == ["mine"]
    assert shlex.split(to_find("a b", "id", registry="x"))[2:] == ['runs named "a b"', "--registry", "x"]
    assert "show id" in to_find('with " quotes', "id", registry="x")


def test_from_another_folder_the_scripts_are_named_with_theirs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["../the lab/train.py"])
    (tmp_path.parent / "the lab").mkdir()
    assert as_typed("python sample.py run=a") == "python '../the lab/sample.py' run=a"
    assert as_typed(as_typed("type `python registry.py --help`")) == "type `python '../the lab/registry.py' --help`"
    assert as_typed("/home/me/train.py is no picture") == "/home/me/train.py is no picture"
    monkeypatch.chdir(tmp_path.parent / "the lab")
    monkeypatch.setattr("sys.argv", ["train.py"])
    assert as_typed("python sample.py run=a") == "python sample.py run=a"


def test_a_run_whose_folder_has_moved_says_how_to_find_it(tmp_path):
    record = RunRecord(run_id="moved", name="moved", path=str(tmp_path / "gone"))
    Registry(tmp_path / "registry").upsert(record)
    with pytest.raises(UsageError, match=r"no longer at .*gone: type run=FOLDER .* rebuild FOLDER") as caught:
        load_run("moved", registry=tmp_path / "registry")
    assert "\n" not in str(caught.value)


def test_starts_in_the_same_second_take_a_folder_each(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(_new_folder, [tmp_path / "samples"] * 24))) == 24
    now = utc_now()
    assert len({new_run_id(now) for _ in range(50)}) == 50


def test_memory_does_not_grow_with_the_number_of_samples(trained, tmp_path, monkeypatch):
    """The batch alone is in memory, and of 640 pictures no tenth of their 784 bytes each."""
    own = {count: (f"num_samples={count}", f"output_dir={tmp_path / str(count)}") for count in (64, 640)}
    few, many = (
        growth_while_sampling(monkeypatch, partial(run_sample, trained, "batch_size=32", *options))
        for options in own.values()
    )
    assert many - few < (640 - 64) * 784 / 10
    assert len(pictures(tmp_path / "640")) == 640
    width, height = Image.open(tmp_path / "640" / "grid.png").size
    assert width < 12 * (28 * 3 + 4) and height < 42 * (28 * 3 + 4)  # 400 of them, a column for each class


@pytest.mark.parametrize(
    ("count", "num_classes", "expected"), [(400, 10, 400), (401, 10, 400), (9000, 7, 399), (9000, 0, 400)]
)
def test_the_grid_of_many_shows_each_class_as_often(count, num_classes, expected):
    labels = Labels(label=torch.arange(count) % num_classes) if num_classes else NO_LABELS
    assert num_shown(labels, count, 400) == expected
