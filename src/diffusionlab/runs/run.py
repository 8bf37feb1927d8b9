"""A trained run, by its name alone: what it is, its samples, and figures of them."""

import base64
import html
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from diffusionlab import tensors
from diffusionlab.bars import counted
from diffusionlab.data import ImageArrays, ImageDataModule
from diffusionlab.diffusion import (
    Guidance,
    Guide,
    Labels,
    Sampler,
    SampleRequest,
    Steering,
    can_be_guided,
    sample_batches,
)
from diffusionlab.diffusion.guidance import DEFAULT_SCALE
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.runs.checkpoint import TrainedModel, load_data, load_model, load_settings
from diffusionlab.runs.evaluation import Evaluation, Evaluator
from diffusionlab.runs.explain import user_errors
from diffusionlab.runs.folder import WEIGHTS, folder_of
from diffusionlab.runs.labels import choose_labels, number_of
from diffusionlab.runs.settings import Settings, make, option
from diffusionlab.untrusted import inside
from diffusionlab.visualization.grids import image_grid


def load_run(
    run: str | Path = "latest",
    *,
    registry: str | Path | None = None,
    device: str = "auto",
    data_dir: str | None = None,
    trust: str | Collection[str] | None = None,
    ema: float | None = None,
    checkpoint: str | None = None,
) -> "Run":
    """The run that `run` means: an id, the unique beginning of one, a name, a run folder, or `latest`.

    The latest is the newest that draws images: neither an autoencoder nor a CLIP.

    Args:
        registry: where runs are recorded; None for DIFFUSIONLAB_REGISTRY, or `registry`.
        device: auto, cpu, cuda or mps.
        data_dir: where the run's data set lies now; None for where it lay in training.
        trust: modules outside this package whose classes the run may use: importing them runs their code.
        ema: of a run with ema=post_hoc, which average of its weights to take: a relative width below 0.288, or a
            half-life in optimizer steps; None for the one that training validated.
        checkpoint: the name of a file in the run's checkpoints/ whose weights to take, such as best.

    Raises UnknownRun if no run or more than one is meant, another UsageError if it has no folder here.
    """
    record = find_run(None if registry is None else str(registry), str(run), drawing=True)
    return Run(folder_of(record), device=device, data_dir=data_dir, trust=trust, ema=ema, checkpoint=checkpoint)


class Run:
    """The run in `folder`; weights, record and images are read when they are first asked for. See `load_run`."""

    def __init__(
        self,
        folder: Path | str,
        *,
        device: str | torch.device = "auto",
        data_dir: str | None = None,
        trust: str | Collection[str] | None = None,
        ema: float | None = None,
        checkpoint: str | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.device = find_device(str(device))
        self.data_dir = data_dir
        self.trust = tuple([trust] if isinstance(trust, str) else trust or ())
        self.ema, self.checkpoint = ema, checkpoint

    @cached_property
    def record(self) -> RunRecord:
        """What `run.json` says of the run."""
        return read_record(self.folder)

    @property
    def metrics(self) -> dict[str, float | None]:
        """Losses at the end of training and the figures of the latest evaluation, by name."""
        return self.record.metrics

    @cached_property
    def settings(self) -> Settings:
        """Everything that the run was trained with: `run.settings.optimizer.lr`."""
        return load_settings(self.folder) if (self.folder / WEIGHTS).is_file() else Settings.of(self.record.config, {})

    @cached_property
    def model(self) -> TrainedModel:
        """The averaged weights; UsageError if the run has none, or is an autoencoder or a CLIP."""
        return load_model(self.folder, self.device, self.trust, ema=self.ema, checkpoint=self.checkpoint)

    @cached_property
    def datamodule(self) -> ImageDataModule:
        """The run's data set, read."""
        return load_data(self.settings.config, self.folder, self.data_dir, self.trust)

    @cached_property
    def real_images(self) -> RealImages:
        """What its samples are judged by."""
        return RealImages.of(self.datamodule)

    @property
    def class_names(self) -> list[str]:
        """Of the data; numbers if the classes have no names, nothing if there are no classes."""
        data = self.settings.data
        names = data.get("class_names") or range(data.get("num_classes") or 0)
        return [str(name) for name in names]

    @property
    def style_names(self) -> list[str] | None:
        """Of the second label; None if the run has none."""
        names = (self.settings.config.get("condition") or {}).get("style_names")
        return None if names is None else [str(name) for name in names]

    @property
    def can_be_guided(self) -> bool:
        """Whether the null label was trained, without which a guidance scale means nothing."""
        return can_be_guided(self.model.network.null_labels, self.settings.loss.get("label_dropout") or 0.0)

    def sample(
        self,
        num_samples: int = 16,
        *,
        label: Any = None,
        style: Any = None,
        guidance_scale: float | Guidance | None = None,
        sampler: str | Sampler | None = None,
        num_steps: int | None = None,
        seed: int = 0,
        steering: Steering | None = None,
        batch_size: int = 64,
        progress: bool | Callable[[], None] = False,
    ) -> Tensor:
        """Draw samples with the averaged weights; sample i depends on (seed, i) alone.

        Args:
            label: a class by name or number, a list of them to take in turn, or a tensor (num_samples,) of numbers;
                None for all classes in turn.
            style: likewise; None for any.
            guidance_scale: 1 for none; None for 2 if the run can be guided. A `Guidance` also sets its
                schedule, and what guides (`Run.guide`).
            sampler: an option of conf/sampler, such as dpmpp_2m, or a `Sampler`; None for ddim, or for the own sampler
                of a distilled run.
            num_steps: of the sampler; None for its own number.
            progress: whether to show a progress bar on stderr; a function is called instead, after each of the
                steps that `num_steps_of` counts.

        Returns:
            (num_samples, C, H, W) uint8 on the CPU.

        Raises:
            UsageError: a label, scale or number that the run does not have, in one line.
        """
        batches = self.sample_batches(
            num_samples,
            label=label,
            style=style,
            guidance_scale=guidance_scale,
            sampler=sampler,
            num_steps=num_steps,
            seed=seed,
            steering=steering,
            batch_size=batch_size,
            progress=progress,
        )
        return torch.cat(list(batches))

    def sample_batches(
        self,
        num_samples: int,
        *,
        label: Any = None,
        style: Any = None,
        guidance_scale: float | Guidance | None = None,
        sampler: str | Sampler | None = None,
        num_steps: int | None = None,
        seed: int = 0,
        steering: Steering | None = None,
        batch_size: int = 64,
        progress: bool | Callable[[], None] = False,
    ) -> Iterator[Tensor]:
        """The images of `sample`, with the same arguments, (<= batch_size, C, H, W) at a time and as they are drawn."""
        with user_errors():
            solver = self.sampler(sampler, num_steps)
            model = self.model
            request = SampleRequest(
                num_samples=num_samples,
                shape=model.x0_shape,
                labels=self.labels(num_samples, label, style),
                guidance=self.guidance(guidance_scale),
                steering=steering,
                seed=seed,
            )
            num_calls = self.num_steps_of(num_samples, solver, batch_size)

        def draw(on_step: Callable[[], None] | None) -> Iterator[Tensor]:
            how: dict[str, Any] = {"batch_size": batch_size, "device": self.device, "on_step": on_step}
            for batch in sample_batches(model.denoiser, model.codec, solver, request, **how):
                yield tensors.to_uint8(batch).cpu()

        def draw_with_bar() -> Iterator[Tensor]:
            with counted(f"sampling {num_samples:,} images", num_calls) as on_step:
                yield from draw(on_step)

        return draw_with_bar() if progress is True else draw(progress or None)

    def num_steps_of(self, num_samples: int, sampler: Sampler, batch_size: int) -> int:
        """Steps of the sampler over all batches. Raises UsageError for a batch of nothing."""
        if batch_size < 1:
            raise UsageError(f"batch_size={batch_size}: at least 1")
        return -(-num_samples // batch_size) * (len(sampler.times(self.model.denoiser.schedule)) - 1)

    @property
    def is_distilled(self) -> bool:
        """Whether the run leaps to images in a few steps, which its own sampler alone makes use of."""
        return bool(self.settings.config.get("teacher"))

    def sampler(
        self, sampler: str | Sampler | Mapping[str, Any] | None = None, num_steps: int | None = None
    ) -> Sampler:
        """A sampler by name or by its settings; None: ddim, or what a distilled run was trained for.

        Raises UsageError for an unknown one, ValueError for more steps than the schedule has.
        """
        if sampler is None:
            sampler = self.settings.sampler if self.is_distilled else "ddim"
        found: Any = option("sampler", sampler) if isinstance(sampler, str) else sampler
        found = make({"sampler": found}, "sampler") if isinstance(found, Mapping) else found
        found = found if num_steps is None else replace(found, num_steps=num_steps)
        found.times(self.model.denoiser.schedule)
        return found

    def sampler_settings(self, composed: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings of the sampler that a command line asks for, of which `composed` has the defaults too.

        For a distilled run ddim, the default of every command, stands for the run's own, with whatever differs from
        ddim's settings.
        """
        default = option("sampler", "ddim")
        if not self.is_distilled or composed["_target_"] != default["_target_"]:
            return composed
        return self.settings.sampler | {name: one for name, one in composed.items() if one != default.get(name)}

    def guide(self, by: str | None, checkpoint: str | None = None, *, registry: str | None = None) -> Guide | None:
        """The weaker model that autoguidance asks for: a run, or an earlier checkpoint, of this run without `by`.

        None without either. Raises UsageError if its images, labels or noise schedule are not those of this run.
        """
        if by is None and checkpoint is None:
            return None
        options: dict[str, Any] = {"device": str(self.device), "trust": self.trust, "checkpoint": checkpoint}
        weak = Run(self.folder, **options) if by is None else load_run(by, registry=registry, **options)
        name = weak.record.run_id + ("" if checkpoint is None else f" checkpoint {checkpoint}")
        codecs = [model.codec.state_dict() for model in (self.model, weak.model)]
        alike = {
            "image size": self.model.x0_shape == weak.model.x0_shape,
            "labels": self.model.network.null_labels == weak.model.network.null_labels,
            "noise schedule": self.settings.schedule == weak.settings.schedule,
            "autoencoder": codecs[0].keys() == codecs[1].keys()
            and all(torch.equal(tensor, codecs[1][key]) for key, tensor in codecs[0].items()),
        }
        if unlike := [what for what, same in alike.items() if not same]:
            raise UsageError(f"guidance.by={by}: {name} has another {unlike[0]} than {self.record.run_id}")
        return Guide(name, weak.model.denoiser)

    def guidance(self, scale: float | Guidance | None = None, *, by: Guide | None = None) -> Guidance:
        """The guidance to sample with. Raises UsageError if the run cannot be guided and the scale is not 1."""
        if scale is None:
            return Guidance(scale=DEFAULT_SCALE if self.can_be_guided or by else 1.0, by=by)
        guidance = scale if isinstance(scale, Guidance) else Guidance(scale=float(scale), by=by)
        if guidance.scale != 1 and guidance.by is None and not self.can_be_guided:
            why = "was trained with loss.label_dropout=0" if self.model.network.null_labels else "is unconditional"
            raise UsageError(
                f"guidance_scale={guidance.scale:g}: run {self.record.run_id} {why}; omit it, or train "
                "model=conditional_unet with loss.label_dropout above 0"
            )
        return guidance

    def labels(self, num_samples: int, label: Any = None, style: Any = None) -> Labels:
        """The labels of the samples that `sample` draws."""
        names = (self.class_names or None, self.style_names)
        return choose_labels((label, style), names, self.model.network.null_labels, num_samples)

    def label_numbers(self, requested: Sequence[int | str] | None) -> list[int]:
        """Class names or numbers as numbers; None is all. Raises UsageError for a class that there is not."""
        names = self.class_names
        return list(range(len(names))) if requested is None else [number_of("label", one, names) for one in requested]

    def evaluate(self, num_samples: int = 2000, **options: Any) -> Evaluation:
        """Measure samples as `evaluate.py` does, without recording the figures; options as `Evaluator` takes them."""
        with user_errors():
            evaluator = Evaluator(self, num_samples=num_samples, **options)
        return evaluator.evaluate()

    def show(self, images: Tensor, columns: int | None = None) -> Image.Image:
        """A grid of images (N, C, H, W) uint8, as square as possible unless `columns` says how wide."""
        return image_grid(images, columns=columns or max(1, round(len(images) ** 0.5)))

    def images(self, number: int, labels: Sequence[int] | None = None) -> ImageArrays:
        """Test images, the classes in turn, the same every time; fewer if there are not so many."""
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

    def __repr__(self) -> str:
        return f"Run({self.record.run_id!r}, name={self.record.name!r}, folder={str(self.folder)!r})"

    def _repr_html_(self) -> str:
        """For a notebook: the latest sample grid, what was trained, and its figures."""
        record = self.record
        facts = {
            "run": record.run_id, "status": record.status, "data": record.dataset, "network": record.architecture,
            "parameters": f"{record.num_parameters:,}" if record.num_parameters else None,
            "schedule": record.schedule, "parameterization": record.parameterization, "sampler": record.sampler,
            "epochs": record.epochs, "steps": record.steps,
            **{name: f"{value:.4g}" for name, value in record.metrics.items() if value is not None},
        }  # fmt: skip
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in facts.items()
            if value is not None
        )
        picture = inside(self.folder, record.thumbnail)
        shown = ""
        if picture is not None and picture.suffix == ".png":
            shown = f"<img alt='samples' src='data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}'>"
        return f"<div><b>{html.escape(record.name)}</b>{shown}<table>{rows}</table></div>"


def find_device(name: str) -> torch.device:
    """`auto` is CUDA or MPS if available; UsageError for a device that this machine does not have."""
    if name != "auto":
        try:
            return torch.empty(0, device=name).device
        except (RuntimeError, AssertionError) as error:
            raise UsageError(
                f"device={name} is not available on this machine; type device=auto, or cpu, cuda, mps"
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
