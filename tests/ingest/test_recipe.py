"""`registry.py ingest FILE --recipe`: the experiment file says what the facts say, composes, and trains."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.core.hydra_config import HydraConfig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torchvision import datasets

from diffusionlab import invocation
from diffusionlab.commands.check import preflight
from diffusionlab.errors import UsageError
from diffusionlab.ingest.command import add_ingest
from diffusionlab.ingest.read import read_script
from diffusionlab.ingest.recipe import write
from diffusionlab.ingest.recipe.recipe import Recipe, recipe_of
from diffusionlab.ingest.recipe.rows import ABOUT_THE_SCRIPT, ROWS
from diffusionlab.ingest.recipe.text import text_of
from diffusionlab.ingest.record import FIELDS, Conflict, Fact, Script
from diffusionlab.registry.manage import cli
from diffusionlab.runs.settings import make, resolve, to_plain
from tests.conftest import ROOT, Lab
from tests.ingest.test_fixtures import SCRIPTS
from tests.miniatures import write_cifar10, write_fashion_mnist

DIFFUSION = [path for path in SCRIPTS if re.search(r"facet: [\w, ]*\bdiffusion\b", path.read_text(encoding="utf-8"))]
OTHERS = [path for path in SCRIPTS if path not in DIFFUSION]

LAB_DATA = {
    "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10", "cifar_catdog": "CIFAR-10 cat/dog",
}  # fmt: skip
OPTIMIZER_CLASSES = {"Adam", "AdamW", "SGD", "RAdam", "NAdam", "Adamax"}


def fact(value: Any, line: int | str = 1, **more: Any) -> Fact:
    return Fact(value, (line,), **more)


def script_of(facets: str = "diffusion", path: str = "train.py", **facts: Any) -> Script:
    """A script with one fact a field, or those of a list."""
    told = {name: value if isinstance(value, list) else [fact(value)] for name, value in facts.items()}
    return Script(path, "", facets=[fact(word) for word in facets.split()], facts=told)


def composed(lab: Lab, recipe: Recipe, *overrides: str, name: str = "mine") -> tuple[dict[str, Any], dict[str, str]]:
    """The settings that a recipe's file makes, every interpolation resolved, and the options that it chooses."""
    file = lab.root / "own" / "experiment" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text_of(recipe, name), encoding="utf-8")
    place = f"hydra.searchpath=[file://{file.parents[1]}]"
    cfg = lab.compose(place, f"experiment={name}", "hardware.accelerator=cpu", *overrides, small=())
    return to_plain(cfg), dict(HydraConfig.get().runtime.choices)


def said_by_settings(name: str, config: dict[str, Any], choices: dict[str, str], stage: str | None) -> Any:
    """What the composed settings say of a field, in a script's words."""
    first = stage in ("autoencoder", "vae")
    config = config | config["codec"]["autoencoder"] if first else config
    match name:
        case "dataset":
            return LAB_DATA.get(choices["data"])
        case "num_classes" | "image_size" | "channels" | "batch_size":
            return config["data"][name]
        case "augmentation":
            return "RandomHorizontalFlip" if config["data"]["horizontal_flip"] else None
        case "schedule":
            return choices["schedule"]
        case "timesteps":
            return config["schedule"]["num_steps"]
        case "beta_start" | "beta_end":
            return config["schedule"][name]
        case "parameterization":
            return choices["parameterization"]
        case "loss":
            return "MSE" if first or config["loss"]["weighting"] == "uniform" else None
        case "guidance":
            return config["callbacks"]["sample_grid"]["guidance_scale"]
        case "optimizer":
            return config["optimizer"]["_target_"].rpartition(".")[2]
        case "lr" | "weight_decay":
            return config["optimizer"][name]
        case "lr_scheduler":
            return choices["lr_schedule@codec.autoencoder.lr_schedule" if first else "lr_schedule"]
        case "epochs" | "steps":
            return config["trainer"][f"max_{name}"]
        case "ema":
            return config["ema_decay"]
        case "precision":
            return config["hardware"]["precision"]
        case "seed":
            return config["seed"]
    raise AssertionError(name)


WORDS = {"squared error": "MSE", "OneCycleLR": "one_cycle", "CosineAnnealingLR": "cosine"}
CARRIED_BY_OTHERS = ABOUT_THE_SCRIPT | {"subset", "hardware"}


def check_that_settings_say_the_facts(recipe: Recipe, config: dict[str, Any], choices: dict[str, str]) -> None:
    """Every fact stands in the settings, or is listed as not carried over with its value."""
    for name, facts in recipe.script.facts.items():
        for one in facts:
            listed = any(text.startswith(f"{name}: {str(one.value)[:20]}") for text in recipe.lost)
            if listed or name in CARRIED_BY_OTHERS:
                continue
            said = said_by_settings(name, config, choices, one.stage)
            assert said == WORDS.get(str(one.value), one.value), (name, one)


def test_every_field_has_a_row_or_is_about_the_script_alone():
    assert {row.field for row in ROWS} | ABOUT_THE_SCRIPT == set(FIELDS)


@pytest.mark.parametrize("path", DIFFUSION, ids=lambda path: path.name)
def test_the_settings_of_a_recipe_are_the_facts_of_its_script(lab: Lab, path: Path):
    recipe = recipe_of(read_script(path))
    config, choices = composed(lab, recipe)
    check_that_settings_say_the_facts(recipe, config, choices)
    for setting in recipe.settings.values():
        assert path.name in setting.source or setting.source.startswith("no facet"), setting


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_a_script_that_trains_no_diffusion_is_refused_in_one_line(path: Path):
    with pytest.raises(UsageError, match="no diffusion training") as caught:
        recipe_of(read_script(path))
    assert "\n" not in str(caught.value)


def test_the_refusal_says_what_the_script_trains_instead():
    for name, words in {"keras_gan.py": "a GAN", "recurrent.py": "recurrent", "vae_on_faces.py": "a VAE"}.items():
        with pytest.raises(UsageError, match=words):
            recipe_of(read_script(SCRIPTS[0].parent / name))


MODELS = {
    "diffusion cnn": "simple_unet",
    "diffusion unet group_norm": "attention_unet",
    "diffusion unet attention": "attention_unet",
    "diffusion unet attention linear_attention": "linear_attention_unet",
    "diffusion unet conditional": "conditional_unet",
    "diffusion unet attention linear_attention conditional": "conditional_unet",
    "diffusion transformer attention patch_embedding": "pixel_transformer",
    "diffusion transformer attention conditional": "pixel_transformer",
    "diffusion unet transformer attention": "attention_unet",
    "diffusion latent autoencoder": "latent_unet",
    "diffusion latent autoencoder attention linear_attention": "latent_unet",
    "diffusion latent vae conditional": "conditional_latent_unet",
}


@pytest.mark.parametrize("facets", MODELS)
def test_the_network_has_what_the_code_shows(lab: Lab, facets: str):
    config, choices = composed(lab, recipe_of(script_of(facets)))
    model, shows = config["model"], set(facets.split())
    assert choices["model"] == MODELS[facets]
    assert (model.get("num_classes") is not None) == ("conditional" in shows)
    if "attention_max_size" in model:
        assert (model["attention_max_size"] > 0) == ("attention" in shows)
        assert (model["attention"] == "linear") == ("linear_attention" in shows)
    assert (config["codec"]["autoencoder"] is not None) == ("latent" in shows)


def test_a_part_of_a_data_set_keeps_its_classes_in_their_order(lab: Lab):
    deer_and_horses = script_of(dataset="CIFAR-10 deer/horse", subset="deer/horse", num_classes=2)
    config, _ = composed(lab, recipe_of(deer_and_horses))
    assert config["data"]["class_names"] == ["deer", "horse"] and config["data"]["num_classes"] == 2
    bags = script_of(dataset="Fashion-MNIST bag/ankle boot", subset="bag/ankle boot")
    assert composed(lab, recipe_of(bags))[0]["data"]["class_names"] == ["Bag", "Ankle boot"]
    cats = recipe_of(script_of(dataset="CIFAR-10 cat/dog", subset="cat/dog", num_classes=2))
    assert composed(lab, cats)[1]["data"] == "cifar_catdog" and not cats.lost


def test_stages_have_settings_of_their_own(lab: Lab):
    stages = [
        fact(0.002, 3, stage="autoencoder"),
        fact(0.0001, 4, stage="diffusion"),
        fact(0.5, 5, stage="discriminator"),
    ]
    schedulers = [fact("OneCycleLR", stage="vae"), fact("CosineAnnealingLR", stage="diffusion")]
    recipe = recipe_of(script_of("diffusion latent autoencoder", lr=stages, lr_scheduler=schedulers))
    config, choices = composed(lab, recipe)
    assert config["codec"]["autoencoder"]["optimizer"]["lr"] == 0.002 and config["optimizer"]["lr"] == 0.0001
    assert (config["codec"]["autoencoder"]["lr_warmup_steps"], config["lr_warmup_steps"]) == (0, 100)
    assert choices["lr_schedule"] == "cosine"
    assert "OneCycle" in config["codec"]["autoencoder"]["lr_schedule"]["_target_"]
    assert any("0.5" in text and "discriminator" in text for text in recipe.lost)
    assert "stage autoencoder" in " ".join(recipe_of(script_of(lr=stages)).lost)


def test_what_takes_effect_is_set_and_the_rest_is_listed(lab: Lab):
    rates = [fact(0.4, 7, role="peak set by OneCycleLR"), fact(0.1, 5, role="optimizer argument")]
    recipe = recipe_of(script_of(lr=rates))
    assert composed(lab, recipe)[0]["optimizer"]["lr"] == 0.4
    assert any(text.startswith("lr: 0.1") and "train.py:5" in text for text in recipe.lost)


def test_the_first_value_that_the_lab_has_is_taken(lab: Lab):
    warm_up = script_of(lr_scheduler=[fact("LinearLR", 3), fact("CosineAnnealingLR", 4)])
    recipe = recipe_of(warm_up)
    assert composed(lab, recipe)[1]["lr_schedule"] == "cosine"
    assert [text for text in recipe.lost if text.startswith("lr_scheduler: LinearLR (train.py:3)")]


def test_conflicts_and_what_the_caller_decides_are_listed_with_what_to_type():
    script = script_of()
    script.conflicts.append(Conflict("lr", (fact(0.01, 8), fact(0.0001, 9))))
    script.depends_on_input.append("batch_size")
    lost = recipe_of(script).lost
    assert any("0.01 (train.py:8) or 0.0001 (train.py:9)" in text and "optimizer.lr=" in text for text in lost)
    assert any(text.startswith("batch_size: ") and "data.batch_size=" in text for text in lost)
    assert not {"optimizer.lr", "data.batch_size"} & set(recipe_of(script).silent)


UNFIT = {
    "schedule": ["laplace", "quadratic"],
    "timesteps": [10**9],
    "parameterization": ["score"],
    "image_size": [4096, 2, 30],
    "batch_size": [10**6],
    "optimizer": ["LBFGS"],
    "lr_scheduler": ["StepLR"],
    "precision": ["bf16-true", "64-true"],
    "seed": [-1, 2**40],
    "loss": ["LPIPS 0.1"],
    "dataset": ["CelebA"],
    "guidance": [3.0],
    "augmentation": ["ColorJitter", "MixUp"],
    "beta_start": [0.5],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in UNFIT for value in UNFIT[name]])
def test_a_value_that_does_not_fit_is_listed_with_its_line_and_the_rest_composes(lab: Lab, name: str, value: Any):
    recipe = recipe_of(script_of(lr=0.25, **{name: [fact(value, 120)]}))
    assert [text for text in recipe.lost if text.startswith(f"{name}: {value} (train.py:120): ")]
    assert composed(lab, recipe)[0]["optimizer"]["lr"] == 0.25


def test_epsilon_is_never_taken_to_a_schedule_without_signal(lab: Lab):
    recipe = recipe_of(script_of(schedule="flow", parameterization="epsilon"))
    assert composed(lab, recipe)[1]["schedule"] == "cosine"
    assert any(text.startswith("schedule: flow") for text in recipe.lost)


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "dataset": st.sampled_from([*LAB_DATA.values(), "MNIST", "CelebA", "CIFAR-10 deer/horse"]),
        "image_size": st.integers(2, 2000),
        "channels": st.integers(1, 4),
        "num_classes": st.sampled_from([2, 10, 100]),
        "batch_size": st.integers(1, 10_000),
        "lr": st.floats(1e-9, 100),
        "weight_decay": st.floats(1e-9, 9),
        "optimizer": st.sampled_from([*sorted(OPTIMIZER_CLASSES), "Lion"]),
        "lr_scheduler": st.sampled_from(["CosineAnnealingLR", "OneCycleLR", "StepLR", "linear"]),
        "epochs": st.integers(1, 10**9),
        "steps": st.integers(1, 10**9),
        "schedule": st.sampled_from(["linear", "cosine", "sigmoid", "quadratic", "flow"]),
        "timesteps": st.integers(2, 10**7),
        "beta_start": st.floats(0, 1),
        "beta_end": st.floats(0, 1),
        "parameterization": st.sampled_from(["epsilon", "x0", "v", "flow", "score"]),
        "loss": st.sampled_from(["MSE", "squared error", "L1", "KL"]),
        "ema": st.floats(0.001, 0.9999),
        "guidance": st.floats(0, 20),
        "precision": st.sampled_from(["16-mixed", "bf16-mixed", "32-true", "bf16-true", "64-true"]),
        "seed": st.integers(-10, 2**40),
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facets=st.sampled_from(list(MODELS)), facts=FACTS)
def test_any_facts_make_a_recipe_that_composes_and_says_them(lab: Lab, facets: str, facts: dict[str, Any]):
    recipe = recipe_of(script_of(facets, **facts))
    config, choices = composed(lab, recipe)
    check_that_settings_say_the_facts(recipe, config, choices)
    parts = {name: make(config, name) for name in ("data", "model", "schedule", "sampler", "loss", "lr_schedule")}
    parts["sampler"].times(parts["schedule"])
    make(config, "optimizer")(parts["model"].parameters())


HOSTILE = "${oc.env:HOME}\x1b[31m\n- override /data: x\u2028evil: ${now:}\ufffe\x85}{*a &b !!python/object:os.system"


def test_hostile_strings_stay_in_comments(lab: Lab):
    facts = {name: [fact(HOSTILE, f"{HOSTILE}.yaml:3", role=HOSTILE, via=HOSTILE)] for name in FIELDS}
    numbers = {"image_size", "channels", "batch_size", "timesteps", "lr", "weight_decay", "epochs", "steps", "ema"}
    numbers |= {"beta_start", "beta_end", "guidance", "seed"}
    kept = {name: value for name, value in facts.items() if name not in numbers}  # a number is never a text
    script = script_of(path=f"{HOSTILE}.py", **kept)
    script.facets.append(fact("gan", HOSTILE))
    recipe = recipe_of(script)
    text = text_of(recipe, "mine")
    assert all(line.isprintable() for line in text.split("\n"))
    code = "".join(line.partition("#")[0] for line in text.splitlines())
    assert "evil" not in code and "$" not in code and "HOME" in text
    config, choices = composed(lab, recipe)
    assert choices["data"] == "cifar10" and "evil" not in str(config)


def test_a_hostile_script_names_neither_settings_nor_its_own_file(own: Path, capsys: pytest.CaptureFixture[str]):
    text = (SCRIPT.parent / "scheduler_of_noise.py").read_text(encoding="utf-8")
    evil = "${now}\\x1b[2J\\nseed = 666 {gpu}\\u2028"
    script = own.parents[1] / "${now:}\x1b[2J.py"
    script.write_text(text.replace("huggan/flowers-102-categories", evil), encoding="utf-8")
    assert ingest(script, "--recipe") == 0
    (file,) = own.iterdir()
    written = file.read_text(encoding="utf-8")
    loaded = yaml.safe_load(written)
    assert "666" in written and "seed" not in loaded and "gpu" not in str(loaded) and "$" not in str(loaded)
    assert file.name == "now_2J.yaml" and "\x1b" not in written + capsys.readouterr().out


@pytest.mark.parametrize("path", DIFFUSION, ids=lambda path: path.name)
def test_every_line_of_the_file_is_yaml_that_the_writer_made(path: Path):
    recipe = recipe_of(read_script(path))
    loaded = yaml.safe_load(text_of(recipe, "mine"))
    chosen = {f"/{key.removeprefix('override /')}": value for one in loaded["defaults"] for key, value in one.items()}
    assert chosen == {one.option: one.value for one in recipe.settings.values() if one.option.startswith("/")}


# ---- the command ----


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of somebody with an installed package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(write, "own_conf", lambda: (Path("conf"), "--config-dir conf "))
    return tmp_path / "conf" / "experiment"


def ingest(*words: object) -> int:
    return cli.main(["ingest", *map(str, words)], more=[add_ingest])


SCRIPT = SCRIPTS[0].parent / "classifier_free_guidance.py"


def test_it_prints_where_the_file_is_and_what_to_type(own: Path, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT, "--recipe") == 0
    said = capsys.readouterr().out
    assert "conf/experiment/classifier_free_guidance.yaml" in said
    assert "python train.py --config-dir conf experiment=classifier_free_guidance check=true" in said
    assert not (own.parents[1] / "registry").exists()


def test_nothing_is_overwritten(own: Path, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT, "--recipe", "mine") == 0
    file = own / "mine.yaml"
    assert ingest(SCRIPT, "--recipe", "mine") == 0  # the same again
    before = file.read_text()
    file.write_text(before + "# a note of mine\n")
    assert ingest(SCRIPT, "--recipe", "mine") == 2
    assert "--recipe fixtures_mine" in capsys.readouterr().err
    assert file.read_text() == before + "# a note of mine\n"
    (own / "link.yaml").symlink_to(own.parent / "elsewhere.yaml")
    assert ingest(SCRIPT, "--recipe", "link") == 2
    assert not (own.parent / "elsewhere.yaml").exists()


def test_a_name_that_the_lab_has_already_is_refused(own: Path, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT, "--recipe", "demo") == 2
    assert "the lab has an experiment demo" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../up", "a b", "${now:}", "null", "1", "a.b", "x" * 101])
def test_a_name_that_hydra_would_read_otherwise_is_refused(own: Path, name: str, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT, "--recipe", name) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not own.exists()


@given(st.text(max_size=80))
def test_every_file_name_gives_a_name(text: str):
    assert write.NAME.fullmatch(write.option_name(text))


def test_a_recipe_is_of_one_file(own: Path, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT.parent, "--recipe") == 2
    assert "one script" in capsys.readouterr().err


def test_a_dry_run_prints_the_file_and_writes_nothing(own: Path, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT, "--recipe", "mine", "--dry-run") == 0
    assert yaml.safe_load(capsys.readouterr().out)["name"] == "mine"
    assert not own.exists()


def test_an_installed_package_is_not_written_into(monkeypatch: pytest.MonkeyPatch):
    assert invocation.own_conf() == (ROOT / "conf", "")
    monkeypatch.setattr(invocation, "CONF", invocation.PACKAGE / "conf")
    assert invocation.own_conf() == (Path("conf"), "--config-dir conf ")


# ---- the training ----


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_fashion_mnist(root, num_images=320, name="MNIST")
    write_fashion_mnist(root, num_images=320)
    write_cifar10(root, num_images=320)
    return root


SAMPLE = [
    "latent_diffusion.py",
    "scheduler_of_noise.py",
    "classifier_free_guidance.py",
    "diffusion_from_scratch.ipynb",
    "forward_by_name.py",
    "velocity_and_flow.py",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_recipe_passes_check(lab: Lab, name: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for attribute, value in write_cifar10(tmp_path / "elsewhere", num_images=320).items():
        monkeypatch.setattr(datasets.CIFAR10, attribute, value)  # the miniature's own checksums
    recipe = recipe_of(read_script(SCRIPT.parent / name))
    place = f"hydra.searchpath=[file://{lab.root / 'own'}]"
    composed(lab, recipe)
    cfg = lab.compose(
        place, "experiment=mine", f"paths.data_dir={data_dir}", "data.num_val=40", "hardware.accelerator=cpu", small=()
    )
    assert "all fits" in preflight(resolve(cfg, HydraConfig.get().runtime.choices))


@pytest.mark.slow
def test_the_printed_command_runs(own: Path, data_dir: Path, script_environment, capsys: pytest.CaptureFixture[str]):
    assert ingest(SCRIPT, "--recipe") == 0
    command = capsys.readouterr().out.split("look")[1].split()
    command[:2] = [sys.executable, str(ROOT / "train.py")]
    few = [f"paths.data_dir={data_dir}", "data.num_val=40", "hardware.accelerator=cpu"]
    done = subprocess.run([*command, *few], env=script_environment(), capture_output=True, text=True)
    assert done.returncode == 0 and "all fits" in done.stdout, done.stderr[-2000:]
