"""`evaluate.py` on runs that were really trained, however small."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from diffusionlab.commands.evaluate import Evaluation, evaluate
from diffusionlab.data import Garments
from diffusionlab.errors import UsageError
from diffusionlab.evaluation import classifier, judge
from diffusionlab.evaluation.classifier import trained_classifier
from diffusionlab.evaluation.features import extract
from diffusionlab.evaluation.judge import figures
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.registry.manage import edits
from diffusionlab.registry.record.run_record import read_record, write_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.runs.evaluation import Evaluator
from diffusionlab.runs.run import Run
from diffusionlab.runs.schemas import register
from tests.conftest import CONF, Lab
from tests.memory import growth_while_sampling

RUN = "20260101-120000-abcdef"
FEW_STEPS = ("MIN_STEPS", 40), ("BATCH_SIZE", 32)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """One small conditional run, its registry and the cache of its classifier."""
    root = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        return Lab(root).train("data.num_train=80", "data.num_test=60", name=RUN), root / "registry"


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FEW_STEPS:
        monkeypatch.setattr(classifier, name, value)


@pytest.fixture
def measure(trained) -> Callable[..., Evaluation]:
    return lambda *overrides, of=trained: run_evaluate(of, *overrides)


def run_evaluate(trained, *overrides: str) -> Evaluation:
    register()
    GlobalHydra.instance().clear()
    own = (f"registry.uri={trained[1]}", f"cache_dir={trained[1].parent / 'cache'}", "sampler.num_steps=2")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return evaluate(compose("evaluate", [*own, "num_samples=40", *overrides]))


def test_figures_land_in_the_folder_the_record_and_the_registry(trained, measure, capsys, caplog):
    edits.tag(Registry(str(trained[1])), RUN, ["mine"])
    found = measure()
    assert re.match(r"classifier-1-[0-9a-f]{8}, 40 samples against Garments train \(", found.protocol)
    assert found.protocol.endswith("DDIM eta=0 2 steps, guidance 2")
    assert set(found.metrics) == {
        *(
            "fid",
            "kid",
            "kid_low",
            "kid_high",
            "precision",
            "recall",
            "density",
            "coverage",
            "label_accuracy",
            "memorised",
        )
    }
    assert found.floor["fid"] < found.metrics["fid"]
    (file,) = (trained[0] / "evaluations").glob("*.json")
    assert json.loads(file.read_text())["metrics"] == found.metrics
    assert Image.open(file.with_suffix(".png")).width > 6 * 28 * 3
    record = Registry(str(trained[1])).get(RUN)
    assert record == read_record(trained[0]) and record is not None
    assert record.protocol == found.protocol and record.tags == ["mine"]
    assert record.metrics.items() >= found.metrics.items() and "val_loss" in record.metrics
    assert record.evaluations[found.protocol]["label_accuracy/Bag"] == found.classes["Bag"]["label_accuracy"]
    printed = capsys.readouterr().out
    for part in (RUN, found.protocol, "40 real test images", "95 % interval", "Ankle boot"):
        assert part in printed
    assert "40 samples put the Fréchet distance too high: 40 real images are at" in caplog.text
    assert found.protocol in (trained[0] / "report.html").read_text()


def test_the_same_wish_gives_the_same_figures_whatever_the_batch(measure, tmp_path):
    first = measure(f"output_dir={tmp_path / 'a'}")
    again = measure(f"output_dir={tmp_path / 'b'}", "batch_size=7")
    assert again.metrics == pytest.approx(first.metrics, rel=0.05, abs=0.03)  # a grey level here and there
    assert again.protocol == first.protocol
    other = measure(f"output_dir={tmp_path / 'c'}", "seed=1")
    assert other.metrics["fid"] != pytest.approx(first.metrics["fid"], rel=1e-6)


def test_classes_with_images_enough_have_figures_of_their_own(trained, measure, monkeypatch):
    monkeypatch.setattr(judge, "MIN_PER_CLASS", 6)
    found = measure("reference=test", "per_class=true", "num_samples=60")
    assert "against Garments test" in found.protocol
    assert found.classes["Bag"].keys() >= {
        "fid",
        "fid_floor",
        "kid",
        "precision",
        "recall",
        "density",
        "label_accuracy",
    }
    mean = sum(own["label_accuracy"] for own in found.classes.values()) / 10
    assert found.metrics["label_accuracy"] == pytest.approx(mean)


def test_samples_are_kept_in_a_file_and_not_in_memory(trained, monkeypatch):
    def drawn(count: int) -> Evaluator:
        cache = trained[1].parent / "cache"
        return Evaluator(Run(trained[0]), num_samples=count, num_steps=2, batch_size=32, cache_dir=cache)

    few, many = drawn(64), drawn(640)
    growth = [growth_while_sampling(monkeypatch, lambda one=one: one.images) for one in (few, many)]
    assert growth[1] - growth[0] < (640 - 64) * 784 / 10
    assert len(many.images) == 640
    alike = few.run.sample(64, label=few.label, num_steps=2, batch_size=32)
    assert torch.equal(few.images[:], alike)


def test_an_unconditional_run_has_no_label_accuracy(lab, registry_of_its_own, tmp_path):
    trained = lab.train("model=attention_unet"), registry_of_its_own
    found = run_evaluate(trained)
    assert "label_accuracy" not in found.metrics and found.classes == {}
    assert found.protocol.endswith("guidance 1")


def test_a_run_that_is_still_training_is_measured_and_not_recorded(trained, measure, caplog):
    before = read_record(trained[0])
    running = read_record(trained[0])
    running.status = "running"
    write_record(running, trained[0])
    try:
        measure(f"run={trained[0]}", "num_samples=10")
        assert read_record(trained[0]).evaluations == before.evaluations
    finally:
        write_record(before, trained[0])
    assert "still training" in caplog.text


def test_figures_are_of_the_weights_that_were_judged(lab, registry_of_its_own):
    trained = lab.train(name=RUN), registry_of_its_own
    before = run_evaluate(trained)
    report = trained[0] / "report.html"
    assert before.step == 2 and "after 2 steps" in report.read_text() and "Of earlier weights" not in report.read_text()
    lab.train("trainer.max_epochs=2", "ckpt_path=last", name=RUN)
    record = Registry(str(registry_of_its_own)).get(RUN)
    assert record is not None and record.evaluations == {} and "fid" not in record.metrics
    assert "Of earlier weights" in report.read_text()
    after = run_evaluate(trained)
    assert after.step == 4 and after.metrics["fid"] != before.metrics["fid"]
    assert "after 4 steps" in report.read_text() and "Of earlier weights" not in report.read_text()


def test_a_run_that_trains_on_while_it_is_measured_is_not_recorded(lab, registry_of_its_own, monkeypatch, caplog):
    trained = lab.train(name=RUN), registry_of_its_own
    sample = Run.sample_batches

    def sample_while_it_trains(*arguments, **options):
        lab.train("trainer.max_epochs=2", "ckpt_path=last", name=RUN)
        return sample(*arguments, **options)

    monkeypatch.setattr(Run, "sample_batches", sample_while_it_trains)
    run_evaluate(trained)
    assert read_record(trained[0]).evaluations == {} and "has trained on meanwhile" in caplog.text


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["num_samples=3"], "num_samples=3"),
        (["reference=val"], "train or test"),
        (["guidance_scale=nan"], "guidance_scale=nan"),
        (["sampler.num_steps=5000"], "use 1 to 1000"),
        (["run=nothing"], "nothing"),
        (["output_dir=/dev/null/x"], "output_dir=/dev/null/x"),
        (["features=inception", "features.weights=/nowhere.pth"], "features.weights=/nowhere.pth"),
        (["features=clip"], "no finished CLIP run on Garments"),
        (["device=cudda"], "cudda"),
        (["batch_size=0"], "batch_size=0"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_line(measure, overrides, words):
    with pytest.raises(UsageError) as caught:
        measure(*overrides)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_figures_are_logged_as_training_goes_on_and_change_nothing_of_it(lab):
    often = ("callbacks=figures", "callbacks.figures.num_samples=20", "callbacks.figures.every_n_epochs=1")
    folders = [lab.train("trainer.max_epochs=2", *extra, name=name) for name, extra in (("a", ()), ("b", often))]
    logged = next((folders[1] / "logs").rglob("metrics.csv")).read_text().splitlines()
    assert {"eval/fid", "eval/kid"} <= set(logged[0].split(","))
    plain, measured = (torch.load(folder / "checkpoints/last.ckpt", weights_only=True) for folder in folders)
    for name, weights in plain["state_dict"].items():
        assert torch.equal(weights, measured["state_dict"][name])


def test_noise_is_farther_the_more_there_is_of_it(tmp_path: Path):
    """What must differ does: the more noise, the larger every distance, the smaller precision."""
    data = Garments(num_train=400, num_test=200, image_size=16, batch_size=16)
    data.setup()
    real = RealImages.of(data)
    features = trained_classifier(real, tmp_path, torch.device("cpu"))
    reference = extract(features, real.train.images)
    noise = torch.randint(0, 256, real.test.images.shape, generator=torch.Generator().manual_seed(0))
    ladder = [
        figures(reference, extract(features, ((1 - share) * real.test.images + share * noise).to(torch.uint8)))
        for share in (0.0, 0.1, 0.3, 1.0)
    ]
    for name in ("fid", "kid"):
        values = [step[name] for step in ladder]
        assert values == sorted(values) and values[-1] > 10 * abs(values[0])
    assert ladder[0]["recall"] > 0.5 > ladder[-1]["recall"]
