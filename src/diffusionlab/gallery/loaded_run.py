"""A trained run, opened for pictures of it: what it is, its weights and its images, each read when first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusionlab import tensors
from diffusionlab.commands.sample import number_of
from diffusionlab.data import ImageArrays, ImageDataModule
from diffusionlab.diffusion import DDIM, Sampler
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.features import MakeFeatures
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.runs.checkpoint import TrainedModel, load_data, load_model
from diffusionlab.visualization.animation import Animation


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a picture shows; where a picture has no use for a field, it does not look at it.

    `labels`: names or numbers of classes, all by default. `num_samples`: rows or columns of samples. `num_times`: how
    many times t are shown. `guidance_scale`: None is 2 where the run can be guided, else 1. `guidance_scales` and
    `num_steps`: rows and columns of the guidance grid. `beta_ends`: of the two strips of linear schedules of
    `beta_steps` steps. `samplers`: by name, for the same noise. `num_points` and `perplexity`: of t-SNE;
    `make_features`: the space that it maps samples and test images in, kept in `cache_dir`, None for the model's own.
    """

    labels: Sequence[int | str] | None = None
    num_samples: int = 6
    num_times: int = 8
    sampler: Sampler = field(default_factory=lambda: DDIM(num_steps=50))
    samplers: dict[str, Sampler] = field(default_factory=dict)
    guidance_scale: float | None = None
    guidance_scales: Sequence[float] = (1, 2, 4, 8)
    num_steps: Sequence[int] = (5, 10, 25, 50)
    beta_ends: Sequence[float] = (0.02, 0.1)
    beta_steps: int = 300
    num_points: int = 1000
    perplexity: float = 30.0
    make_features: MakeFeatures | None = None
    cache_dir: Path = Path("outputs/cache")
    seed: int = 0

    def __post_init__(self) -> None:
        for option, least in (("num_samples", 1), ("num_times", 2), ("num_points", 10), ("seed", 0)):
            if (value := getattr(self, option)) < least:
                raise UsageError(f"{option}={value}: at least {least}")
        if len(self.beta_ends) != 2:
            raise UsageError(f"beta_ends={list(self.beta_ends)}: two of them, such as [0.02,0.1]")


@dataclass(frozen=True)
class Drawn:
    """A picture: a figure, or an animation; `note` is a sentence on what this one shows.

    `variant` goes into the file's name, where a run can have several of its kind side by side.
    """

    content: Figure | Animation
    note: str = ""
    variant: str = ""


class LoadedRun:
    """The run in `folder`. `data_dir`: where its data set lies now; None is where it lay in training."""

    def __init__(self, folder: Path, *, device: torch.device | str = "cpu", data_dir: str | None = None) -> None:
        self.folder = folder
        self.device = torch.device(device)
        self.data_dir = data_dir

    @cached_property
    def record(self) -> RunRecord:
        """What the run's own file says of it."""
        return read_record(self.folder)

    @cached_property
    def model(self) -> TrainedModel:
        """The averaged weights; UsageError where the run has none, or is an autoencoder."""
        return load_model(self.folder, self.device)

    @property
    def class_names(self) -> list[str]:
        """Of the data; numbers where the classes have no names, nothing where there are no classes."""
        names, number = self.record.config["data"].get("class_names"), self.record.config["data"].get("num_classes")
        return list(names) if names else [str(label) for label in range(number or 0)]

    def chosen_labels(self, wished: Sequence[int | str] | None) -> list[int]:
        """Class names or numbers -> numbers; None is all. UsageError where there is no such class."""
        names = self.class_names
        return list(range(len(names))) if wished is None else [number_of("label", one, names) for one in wished]

    @cached_property
    def datamodule(self) -> ImageDataModule:
        """The run's data set, read."""
        return load_data(self.record.config, self.folder, self.data_dir)

    def images(self, number: int, labels: Sequence[int] | None = None) -> ImageArrays:
        """Test images, the classes in turn, the same every time; fewer where there are not so many."""
        test = self.datamodule.test if len(self.datamodule.test) else self.datamodule.train
        classes = test.labels.unique().tolist() if labels is None else list(labels)
        places = [np.flatnonzero(test.labels.numpy() == label) for label in classes]
        most = max(map(len, places), default=0)
        in_turn = [place[row] for row in range(most) for place in places if row < len(place)]
        return test.take(np.array(in_turn[:number], dtype=int))

    def encode(self, images: Tensor) -> Tensor:
        """uint8 images -> x0 on the run's device."""
        return self.model.codec.encode(tensors.to_float(images).to(self.device))

    def decode(self, x0: Tensor) -> Tensor:
        """x0 -> uint8 images on the CPU."""
        return tensors.to_uint8(self.model.codec.decode(x0)).cpu()
