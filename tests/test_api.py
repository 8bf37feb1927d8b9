"""`import diffusionlab as lab`: a run and its samples in three lines, and one line for what cannot be done."""

import shutil
import subprocess
import sys

import pytest
import torch
from PIL import Image

import diffusionlab as lab
from diffusionlab.commands.sample import sample as sample_command
from diffusionlab.diffusion import DDIM
from diffusionlab.errors import UsageError
from diffusionlab.registry.errors import RegistryError, UnknownRun
from diffusionlab.registry.record.run_record import RunRecord, utc_now
from diffusionlab.registry.storage.table import default_uri
from tests.conftest import Lab
from tests.test_sample import pictures, run_sample

ID = "20260101-120000-abcdef"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """The folder of one small conditional run, and its registry."""
    root = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        return Lab(root).train(name=ID), root / "registry"


@pytest.fixture
def here(trained, monkeypatch):
    """In a folder with that registry, as a user is."""
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(trained[1]))
    return trained


def test_importing_the_package_imports_nothing_else():
    code = (
        "import sys, time; start = time.perf_counter(); import diffusionlab as lab; lab.__version__;"
        "print([name for name in ('torch', 'pyarrow', 'numpy', 'hydra', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_exists_and_says_what_it_is():
    for name in lab.__all__:
        assert getattr(lab, name) is not None and (name == "__version__" or getattr(lab, name).__doc__)
    with pytest.raises(AttributeError):
        _ = lab.nothing
    assert set(lab.__all__) <= set(dir(lab))


def test_a_run_in_three_lines(here):
    run = lab.load_run("latest")
    images = run.sample(label="Bag", num_samples=4, num_steps=2)
    assert images.shape == (4, 1, 28, 28) and images.dtype == torch.uint8
    assert isinstance(run.show(images), Image.Image)
    assert run.settings.optimizer.lr == run.record.lr and run.metrics["val_loss"] > 0
    assert sum(p.numel() for p in run.model.network.parameters()) == run.record.num_parameters
    assert ID in repr(run) and "<img" in run._repr_html_() and "val_loss" in run._repr_html_()


@pytest.mark.parametrize("by", [ID, ID[:11], "garments_conditional_unet", "FOLDER"])
def test_a_run_is_found_by_id_prefix_name_or_folder(here, by):
    assert lab.load_run(here[0] if by == "FOLDER" else by).record.run_id == ID


def test_the_api_draws_what_the_command_draws(here, tmp_path):
    run = lab.load_run()
    folder = run_sample(here, "num_samples=5", "seed=3", f"output_dir={tmp_path}")
    images = run.sample(5, seed=3, num_steps=2)
    assert torch.equal(images[:, 0], torch.from_numpy(pictures(folder)))
    assert sample_command.__doc__


def test_a_sampler_is_a_name_or_an_object(here):
    run = lab.load_run()
    by_name = run.sample(2, sampler="ddpm", num_steps=3)
    assert torch.equal(by_name, run.sample(2, sampler=DDIM(num_steps=3, eta=1.0)))


def test_labels_are_names_numbers_lists_or_one_a_sample(here):
    run = lab.load_run()
    bag = run.class_names.index("Bag")
    [label] = run.labels(3, "Bag")
    assert label.tolist() == [bag] * 3
    assert run.labels(3, torch.tensor([1, 2, 10])).label.tolist() == [1, 2, 10]  # 10: the null label
    assert run.labels(3, ["Bag", 0]).label.tolist() == [bag, 0, bag]


def test_figures_of_a_run(here, tmp_path):
    found = lab.load_run().evaluate(num_samples=40, num_steps=2, cache_dir=tmp_path)
    assert found.run_id == ID and found.metrics["fid"] > 0 and "DDIM" in found.protocol
    assert lab.load_run().record.evaluations == {}  # the command records, the API does not


def test_runs_by_a_condition(here):
    assert [run.run_id for run in lab.runs()] == [ID]
    assert [run.run_id for run in lab.runs(where="val_loss < 100 and dataset = Garments")] == [ID]
    assert lab.runs(where="val_loss > 100") == []
    found = lab.runs()
    assert found.to_arrow()["run_id"].to_pylist() == [ID] == list(found.to_pandas()["run_id"])
    assert ID in found._repr_html_()


def test_a_question(here):
    answer = lab.search("best val loss per dataset")
    assert ID in answer.text and [row["run_id"] for row in answer.rows] == [ID]
    assert list(answer.to_pandas()["run_id"]) == [ID] and answer.groups[0]["dataset"] == "Garments"
    assert "<table>" in answer._repr_html_() and str(answer).startswith(answer.text)


def test_what_a_run_says_of_itself_is_escaped(here, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(here[0], folder)
    run = lab.load_run(folder)
    run.record.name = "<script>alert(1)</script>"
    assert "<script" not in run._repr_html_()


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (lambda: lab.load_run("20270101"), UnknownRun, "20270101"),
        (lambda: lab.load_run().sample(label="Trousers"), UsageError, "did you mean Trouser?"),
        (lambda: lab.load_run().sample(style="bold"), UsageError, "trained without styles"),
        (lambda: lab.load_run().sample(sampler="dppm"), UsageError, "did you mean ddpm?"),
        (lambda: lab.load_run().sample(num_steps=5000), UsageError, "use 1 to 1000"),
        (lambda: lab.load_run().sample(0), UsageError, "num_samples=0"),
        (lambda: lab.load_run().sample(seed=-1), UsageError, "seed=-1"),
        (lambda: lab.load_run().sample(2, label=torch.tensor([1, 11])), UsageError, "0 to 10"),
        (lambda: lab.load_run().sample(guidance_scale=float("nan")), UsageError, "guidance_scale=nan"),
        (lambda: lab.load_run(device="cudda"), UsageError, "cudda"),
        (lambda: lab.load_run().evaluate(num_samples=1), UsageError, "num_samples=1"),
        (lambda: lab.load_run().evaluate(features="nothing"), UsageError, "unknown features"),
        (lambda: lab.runs(where="fidd < 3"), UsageError, "fidd"),
        (lambda: lab.search(""), UsageError, "question"),
    ],
)
def test_bad_input_is_one_line_of_the_projects_own(here, request_, error, words):
    with pytest.raises(error) as caught:
        request_()
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_an_id_that_two_runs_share_and_a_run_without_weights(lab, registry_of_its_own):
    for name in ("20260101-120000-aaaaaa", "20260101-120000-bbbbbb"):
        folder = lab.train("trainer.max_steps=1", name=name)
    import diffusionlab

    with pytest.raises(UnknownRun, match="begins the ids of 2 runs"):
        diffusionlab.load_run("20260101-12")
    (folder / "weights.safetensors").unlink()
    run = diffusionlab.load_run(folder)
    assert run.settings.model and run.record.run_id
    with pytest.raises(UsageError, match="saved nothing yet"):
        run.sample(1)


def test_a_registry_that_is_missing_or_closed(tmp_path, monkeypatch):
    with pytest.raises(RegistryError, match="there is no registry"):
        lab.runs(registry=tmp_path / "nowhere")
    (tmp_path / "file").write_text("no registry")
    for ask in (lambda: lab.runs(registry=tmp_path / "file"), lambda: lab.load_run(registry=tmp_path / "file")):
        with pytest.raises(RegistryError) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_latest_is_a_run_and_a_script_has_no_weights(here):
    registry = lab.Registry(default_uri())
    script = RunRecord(run_id="script-1", name="old.py", kind="script", created_at=utc_now(), path="old.py")
    registry.upsert([script])
    assert lab.load_run().record.run_id == ID
    with pytest.raises(lab.UsageError, match="script-1 is a script"):
        lab.load_run("script-1")
