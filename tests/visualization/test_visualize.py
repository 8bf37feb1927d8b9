"""`visualize.py` on a run that was really trained, however small."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from diffusionlab.commands.visualize import DRAW, visualize
from diffusionlab.errors import UsageError
from diffusionlab.evaluation import classifier
from diffusionlab.gallery.of_sampling import between_noises, finished, guided, labels_of, noise_of, way
from diffusionlab.gallery.options import PictureOptions
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.report.command import write
from diffusionlab.runs.explain import explain
from diffusionlab.runs.run import Run
from diffusionlab.runs.schemas import register
from diffusionlab.visualization.catalogue import PICTURES, find_picture, pictures_of
from tests.conftest import CONF, Lab

FAST = (
    "sampler.num_steps=3",
    "num_steps=[1,2]",
    "guidance_scales=[1,3]",
    "num_samples=2",
    "num_times=3",
    "num_points=20",
    *(f"samplers.{name}.num_steps=2" for name in ("ddim", "dpmpp_2m", "heun", "ddpm")),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """A small conditional run, an unconditional one, and their registry."""
    root = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        every = ("callbacks.panels.every_n_epochs=1", "trainer.max_epochs=2", "data.num_test=40")
        one = Lab(root).train(*every, "model.time_embedding_dim=16", name="20260101-120000-aaaaaa")
        other = Lab(root).train("model=simple_unet", "callbacks=quiet", name="20260101-120001-bbbbbb")
        return one, other, root / "registry"


def run_visualize(trained, *overrides: str) -> list[Path]:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("visualize", [f"registry.uri={trained[2]}", f"run={trained[0]}", *FAST, *overrides])
    return visualize(cfg)


def test_every_picture_of_the_catalogue_is_drawn():
    assert list(DRAW) == [picture.name for picture in PICTURES]


def test_all_makes_a_png_and_an_svg_of_everything_and_they_say_what_they_are(trained):
    files = run_visualize(trained, "what=all")
    names = [picture.name for picture in PICTURES if picture.name != "prompts"]  # of a CLIP alone
    assert {path.name for path in files} == {"gif.gif"} | {
        f"{name}.{suffix}" for name in names if name != "gif" for suffix in ("png", "svg")
    }
    for path in files:
        if path.suffix == ".svg":
            root = ElementTree.parse(path).getroot()
            assert root.tag.endswith("svg") and "<text" in path.read_text()
        else:
            with Image.open(path) as image:
                assert np.asarray(image.convert("L")).std() > 5, path
    shown = pictures_of(trained[0])
    assert [path.stem for _, _, path in shown] == names
    for picture, (title, caption, path) in zip(map(find_picture, names), shown, strict=True):
        assert title == picture.title and caption.startswith(picture.caption) and path.is_file()
    assert "of the loss" in {path.stem: caption for _, caption, path in shown}["loss_by_time"]


def test_all_of_a_run_that_cannot_have_everything_says_what_it_leaves_out(trained, tmp_path, capsys):
    files = run_visualize(trained, "what=all", f"run={trained[1]}", f"output_dir={tmp_path}", "format=svg")
    assert "skipped guidance: " in capsys.readouterr().out
    assert not any(path.name.startswith("guidance") for path in files)
    assert (tmp_path / "interpolate.svg").is_file() and (tmp_path / "gif.gif").is_file()
    assert not list(tmp_path.glob("*.png"))


def test_several_runs_make_one_picture_or_one_each(trained, tmp_path):
    both = f"run=[{trained[0]},{trained[1]}]"
    assert [path.name for path in run_visualize(trained, "what=curves", both, "format=png")] == ["curves_of_2_runs.png"]
    each = run_visualize(trained, "what=forward", both, "format=png", f"output_dir={tmp_path}")
    assert [path.name for path in each] == [f"forward_{folder.name}.png" for folder in trained[:2]]
    assert run_visualize(trained, "what=same_noise", both, "format=png", "~samplers.heun")

    ids = [folder.name for folder in trained[:2]]
    page = write(str(trained[2]), ids[::-1], tmp_path / "both.html").read_text()  # the order makes no difference
    assert "Pictures of them together" in page and page.count('alt="The same noise, sampled differently"') == 1
    assert f"Run 2 is {read_record(trained[1]).name}" in page.replace("<wbr>", "") and "From noise to image" not in page
    assert "Pictures of them together" not in write(str(trained[2]), ids[:1], tmp_path / "one.html").read_text()


def test_samples_are_mapped_among_test_images_in_features_of_another_network(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "MIN_STEPS", 40)
    options = ("what=tsne", "features=classifier", "num_points=20", f"cache_dir={tmp_path}", f"output_dir={tmp_path}")
    told = []
    for run in trained[:2]:
        (file,) = run_visualize(trained, *options, f"run={run}", "format=svg")
        assert file.name == "tsne_of_samples.svg"  # beside that of the network, which is another picture
        told.append(" ".join(file.read_text().split()))
    assert all("Points are 10 test images" in one and "classifier-1" in one for one in told)
    assert "have an image of theirs nearest" in told[0]  # the other run is unconditional
    assert "rings are as many samples. DDIM" in told[1]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["what=tsne", "features=classifier", "num_points=18"], "num_points=20 or more"),
        (["what=guidence"], "did you mean guidance?"),
        (["what=gif", "label=Trousers"], "did you mean Trouser?"),
        (["what=gif", "format=pdf"], "png, svg, both"),
        (["what=gif", "run=[]"], "names none"),
        (["what=gif", "num_samples=0"], "num_samples=0"),
        (["what=gif", "output_dir=/dev/null/x"], "output_dir=/dev/null/x"),
        (["what=gif", "device=cudda"], "cudda"),
        (["what=schedules", "beta_ends=[0.1]"], "two of them"),
        (["what=schedules", "beta_ends=[0.1,3]"], "beta_end=3"),
        (["what=denoising", "sampler.num_steps=5000"], "use 1 to 1000"),
        (["what=guidance", "num_steps=[2,many]"], "many"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_line(trained, overrides, words):
    with pytest.raises(UsageError) as caught:
        run_visualize(trained, *overrides)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_option_names_the_nearest(trained):
    with pytest.raises(Exception) as caught:
        run_visualize(trained, "what=gif", "num_sample=3")
    assert "did you mean num_samples?" in str(explain(caught.value, config_name="visualize"))


def test_a_run_that_recorded_nothing_says_what_it_lacks(trained):
    (trained[1] / "logs/loss_by_time.csv").unlink()
    with pytest.raises(UsageError, match=r"callbacks\.loss_by_time"):
        run_visualize(trained, "what=loss_by_time", f"run={trained[1]}")


class TestSampling:
    options = PictureOptions(num_samples=3, seed=5)

    def test_a_way_begins_with_the_noise_and_ends_with_the_image(self, trained):
        run = Run(trained[0])
        denoise = guided(run, labels_of(run, self.options, 3), self.options)
        moments = way(run, self.options.sampler, denoise, noise_of(run, self.options, 3), 5)
        times = [moment.t for moment in moments]
        assert times[0] == 1 and times[-1] == 0 and times == sorted(times, reverse=True) and len(times) == 5
        assert moments[0].images.equal(run.decode(noise_of(run, self.options, 3)()))
        assert moments[-1].images.equal(finished(run, self.options.sampler, denoise, noise_of(run, self.options, 3)))

    def test_between_two_noises_the_ends_are_the_two_samples_themselves(self, trained):
        run = Run(trained[0])
        labels = labels_of(run, self.options, 3)[:1].repeat(2)
        alone = finished(run, self.options.sampler, guided(run, labels, self.options), noise_of(run, self.options, 2))
        ends = between_noises(run, self.options, np.linspace(0, 1, 2))
        between = finished(run, self.options.sampler, guided(run, labels, self.options), ends)
        assert (between.int() - alone.int()).abs().max() <= 1

    def test_images_are_the_classes_in_turn_and_always_the_same(self, trained):
        run = Run(trained[0])
        assert run.images(12).labels.tolist() == [*range(10), 0, 1]
        assert run.images(3, [4]).labels.tolist() == [4] * 3
        assert run.images(12).images.equal(Run(trained[0]).images(12).images)
