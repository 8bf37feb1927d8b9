"""experiments/recipe/classifier.py: classifiers of samples and of real images, on the same terms."""

import runpy
import sys

import torch

from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.runs.run import load_run
from tests.conftest import ROOT, Lab

SCRIPT = str(ROOT / "experiments/recipe/classifier.py")


def test_both_kinds_have_as_many_images_of_each_class(lab: Lab):
    script = runpy.run_path(SCRIPT)
    run = load_run(lab.train())
    real = RealImages.of(run.datamodule)
    labels = real.labels_in_proportion("train", 30)
    drawn, found = script["samples"](run, labels, 2), script["real_images"](real, labels)
    assert torch.equal(drawn.labels.bincount(minlength=10), found.labels.bincount(minlength=10))
    assert drawn.images.shape == found.images.shape and not torch.equal(drawn.images, found.images)


def test_it_prints_a_row_for_each_kind(lab: Lab, monkeypatch, capsys):
    folder = lab.train("data.num_train=200")
    monkeypatch.setattr(sys, "argv", [SCRIPT, str(folder), "--samples", "40", "--num-steps", "2", "--seeds", "2"])
    runpy.run_path(SCRIPT, run_name="__main__")
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 40 ")]
    assert len(rows) == 2 and "samples" in rows[0] and "real images" in rows[1]
