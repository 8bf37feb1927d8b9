"""What the labels do to the samples of a model that was really trained, judged by what never saw the model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from diffusionlab.data import Garments, ImageArrays
from diffusionlab.data.styles import make_styler, measure
from diffusionlab.runs.run import load_run
from diffusionlab.tensors import to_float
from tests.conftest import Lab

CLASSES = ("Trouser", "Bag", "Ankle boot")
SETTINGS = (
    *("data.image_size=16", "data.num_train=1500", "data.num_val=100", "data.batch_size=64"),
    "data.class_names=[Trouser,Bag,Ankle boot]",
    *("condition.style=ink", "model.channels=[24,48]", "optimizer.lr=3e-3", "ema_decay=0.99", "lr_warmup_steps=20"),
    *("trainer.max_epochs=60", "trainer.check_val_every_n_epoch=100", "callbacks=quiet", "~callbacks.sample_grid"),
)
PER_CELL = 20


class ShuffledGarments(Garments):
    """Garments whose labels say nothing: each image has that of another."""

    def read(self) -> tuple[ImageArrays, ImageArrays]:
        return tuple(
            replace(arrays, labels=arrays.labels[np.random.default_rng(0).permutation(len(arrays))])
            for arrays in super().read()
        )


def real(style: str = "ink") -> Garments:
    data = Garments(image_size=16, num_train=1500, num_test=600, class_names=CLASSES)
    data.styler = make_styler(style, None)
    data.setup()
    return data


def trained_classifier(data: Garments) -> nn.Module:
    torch.manual_seed(1)
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten()),
        nn.Linear(512, len(CLASSES)),
    )
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    images, labels = to_float(data.train.images), data.train.labels
    for _ in range(10):
        for rows in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[rows]), labels[rows]).backward()
            optimizer.step()
    right = network(to_float(data.test.images)).argmax(1) == data.test.labels
    assert right.float().mean() > 0.95
    return network


def samples(folder: Path, label: Tensor, style: Tensor) -> Tensor:
    """uint8, the same noise for every call."""
    run = load_run(folder, device="cpu")
    options = {"sampler": "dpmpp_2m", "num_steps": 20, "batch_size": 100}
    return run.sample(len(label), label=label, style=style, guidance_scale=2.0, **options)


@pytest.mark.slow
def test_samples_have_the_class_and_the_style_that_were_asked_for_and_shuffled_labels_undo_it(tmp_path: Path):
    lab = Lab(tmp_path)
    folder = lab.train(*SETTINGS, name="whole", small=())
    data, classes, styles = real(), len(CLASSES), 3
    classifier = trained_classifier(data)
    label = torch.arange(classes).repeat_interleave(styles * PER_CELL)
    style = torch.arange(styles).repeat_interleave(PER_CELL).repeat(classes)

    images = samples(folder, label, style)
    agreement = (classifier(to_float(images)).argmax(1) == label).float().mean().item()
    assert agreement >= 0.85
    ink = measure("ink", images)
    for number in range(classes):
        of_class = label == number
        ranks = np.stack([ink[of_class].numpy().argsort().argsort(), style[of_class].numpy()])
        assert np.corrcoef(ranks)[0, 1] > 0.8

    shuffled = lab.train(*SETTINGS, "data._target_=tests.test_conditioning.ShuffledGarments", name="shuffled", small=())
    guessed = classifier(to_float(samples(shuffled, label, style))).argmax(1)
    assert (guessed == label).float().mean().item() < 0.6  # of three classes
