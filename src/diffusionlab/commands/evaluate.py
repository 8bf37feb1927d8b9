"""Measure the samples of a trained run under one protocol, show the figures, and remember them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor

from diffusionlab.atomic import replaced
from diffusionlab.commands.sample import device_of, draw, guidance_scales, run_folder_of
from diffusionlab.diffusion import Guidance, Sampler, SampleRequest
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.classifier import Classifier, trained_classifier
from diffusionlab.evaluation.features import FeatureExtractor, slug
from diffusionlab.evaluation.judge import MIN_SAMPLES, OTHER, Judge, Judgement
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.gallery.loaded_run import LoadedRun
from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.manage.evaluations import record_evaluation
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import read_record, utc_now
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.run_page import refresh_report
from diffusionlab.runs.checkpoint import TrainedModel, saved_step
from diffusionlab.runs.explain import user_errors
from diffusionlab.untrusted import folder_inside, say
from diffusionlab.visualization.grids import image_grid, save_png

log = logging.getLogger(__name__)

FOLDER = "evaluations"
ENOUGH = 2000
"""Samples below which the Fréchet distance is told with its bias."""

NUM_ROWS = 12
"""Samples in the picture of nearest training images."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The figures of one run under one protocol, as its JSON file holds them; see `Judgement` for what they are.

    `step`: how many optimizer steps the weights have behind them, None where their file does not say.
    `classifier_accuracy` is that of the classifier on real test images, None where there is none.
    """

    run_id: str
    step: int | None
    protocol: str
    evaluated_at: str
    seed: int
    num_samples: int
    metrics: dict[str, float]
    floor: dict[str, float]
    floor_samples: int
    classes: dict[str, dict[str, float]]
    classifier_accuracy: float | None

    @property
    def for_registry(self) -> dict[str, float]:
        """The metrics, and under `NAME/CLASS` those of each class."""
        of_classes = {f"{name}/{label}": value for label, own in self.classes.items() for name, value in own.items()}
        return self.metrics | of_classes


def evaluate(cfg: DictConfig) -> Evaluation:
    """Print the figures, write them with a picture of nearest training images, and tell the registry.

    Raises UsageError for a wish that cannot be met.
    """
    with user_errors():
        _check(cfg)
        folder = run_folder_of(cfg.registry.uri, str(cfg.run))
        device = device_of(cfg.device)
        run = LoadedRun(folder, device=device, data_dir=cfg.data_dir)
        model, step = run.model, saved_step(folder)
        sampler = instantiate(cfg.sampler)
        num_steps = len(sampler.times(model.denoiser.schedule)) - 1
        (scale,) = guidance_scales(cfg.guidance_scale, model)
        target = _folder(cfg.output_dir, folder)
        real = RealImages.of(run.datamodule)
        request = _request(cfg, model, real, scale)
        cache_dir = Path(cfg.cache_dir)
        features = instantiate(cfg.features)(real=real, cache_dir=cache_dir, device=device)
        classifier = _classifier(features, real, cache_dir, device) if request.labels else None
    judge = Judge(real, features, classifier, reference=cfg.reference, cache_dir=cache_dir)
    images = draw(model, sampler, request, cfg.batch_size)
    judgement = judge.judge(images, request.labels[0] if request.labels else None, per_class=cfg.per_class)
    evaluation = Evaluation(
        run_id=run.record.run_id,
        step=step,
        protocol=_protocol(cfg, features, real, sampler, num_steps, scale),
        evaluated_at=utc_now().isoformat(timespec="seconds"),
        seed=cfg.seed,
        num_samples=cfg.num_samples,
        metrics=judgement.metrics,
        floor=judgement.floor,
        floor_samples=judgement.floor_samples,
        classes=judgement.classes,
        classifier_accuracy=None if classifier is None else classifier.accuracy,
    )
    say("\n".join(_lines(evaluation, OTHER[cfg.reference])))
    if cfg.num_samples < ENOUGH:
        _tell_bias(evaluation, judge)
    _write(evaluation, _picture(images, judgement, real), target)
    _remember(evaluation, folder, cfg.registry.uri)
    refresh_report(folder)
    return evaluation


def _check(cfg: DictConfig) -> None:
    if cfg.num_samples < MIN_SAMPLES:
        raise UsageError(f"num_samples={cfg.num_samples}: at least {MIN_SAMPLES}, and 2000 for a figure to trust")
    if cfg.reference not in OTHER:
        raise UsageError(f"reference={cfg.reference}: train or test")
    if cfg.batch_size < 1:
        raise UsageError(f"batch_size={cfg.batch_size}: at least 1")


def _request(cfg: DictConfig, model: TrainedModel, real: RealImages, scale: float) -> SampleRequest:
    """Each class as often as the real split has it; any style."""
    return SampleRequest(
        num_samples=cfg.num_samples,
        shape=model.x0_shape,
        labels=real.labels_in_proportion(cfg.reference, cfg.num_samples, model.network.null_labels),
        null_labels=model.network.null_labels,
        guidance=Guidance(scale=scale),
        seed=cfg.seed,
    )


def _classifier(
    features: FeatureExtractor, real: RealImages, cache_dir: Path, device: torch.device
) -> Classifier | None:
    """The features' own, or one beside them; none where there is only one class to name."""
    if isinstance(features, Classifier):
        return features
    return trained_classifier(real, cache_dir, device) if len(real.class_names) > 1 else None


def _protocol(
    cfg: DictConfig, features: FeatureExtractor, real: RealImages, sampler: Sampler, num_steps: int, scale: float
) -> str:
    """All that a figure depends on beside the run: only figures of one protocol compare."""
    return (
        f"{features.name}, {cfg.num_samples} samples against {real.name} {cfg.reference} ({real.hash[:8]}), "
        f"{sampler} {num_steps} steps, guidance {scale:g}"
    )


def _lines(evaluation: Evaluation, other: str) -> Iterator[str]:
    """What is printed: each figure beside its floor, then one line a class."""
    metrics, floor = evaluation.metrics, evaluation.floor
    yield f"run       {evaluation.run_id}" + (f" after {evaluation.step:,} steps" if evaluation.step else "")
    yield f"protocol  {evaluation.protocol}\n"
    yield _line("", "samples", f"{evaluation.floor_samples} real {other} images in their place")
    yield _line("Fréchet distance", f"{metrics['fid']:.4g}", f"{floor['fid']:.4g}")
    yield _line(
        "KID, 95 % interval",
        *(f"{of['kid']:.3g} [{of['kid_low']:.3g}, {of['kid_high']:.3g}]" for of in (metrics, floor)),
    )
    yield _line("precision", f"{metrics['precision']:.3f}", f"{floor['precision']:.3f}")
    yield _line("recall", f"{metrics['recall']:.3f}", f"{floor['recall']:.3f}")
    if "label_accuracy" in metrics:
        real_accuracy = f"{evaluation.classifier_accuracy:.3f} of all real test images"
        yield _line("taken for their class", f"{metrics['label_accuracy']:.3f}", real_accuracy)
    yield _line("memorised", f"{metrics['memorised']:.3f}", "0.050 of fresh images, by definition")
    if evaluation.classes:
        yield "\n" + _line("class", "taken for it", "Fréchet distance (real), precision, recall")
    for name, own in evaluation.classes.items():
        reach = "too few for a distance"
        if "fid" in own:
            reach = f"{own['fid']:.4g} ({own['fid_floor']:.4g}), {own['precision']:.3f}, {own['recall']:.3f}"
        yield _line(name, f"{own['label_accuracy']:.3f}" if "label_accuracy" in own else "", reach)


def _line(name: str, of_samples: str, of_real: str) -> str:
    return f"{name:<24}{of_samples:<30}{of_real}"


def _tell_bias(evaluation: Evaluation, judge: Judge) -> None:
    log.warning(
        "%d samples put the Fréchet distance too high: %d real images are at %.4g, all that there are at %.4g; "
        "num_samples=%d or more for a figure to trust",
        evaluation.num_samples,
        evaluation.floor_samples,
        evaluation.floor["fid"],
        judge.best_floor(),
        ENOUGH,
    )


def _picture(images: Tensor, judgement: Judgement, real: RealImages) -> Image.Image:
    """A sample and its nearest training images a row: the nearest first, then ever farther ones."""
    order = judgement.distances[:, 0].argsort()
    spread = torch.linspace(0, 1, min(NUM_ROWS, len(order))).square() * (len(order) - 1)
    chosen = order[spread.long()]
    rows = torch.cat([images[chosen, None], real.train.images[judgement.rows[chosen]]], dim=1)
    captions = ["sample", "nearest", *(f"{place}." for place in range(2, rows.shape[1]))]
    far = [f"{distance:.2g}" for distance in judgement.distances[chosen, 0].tolist()]
    return image_grid(rows.flatten(0, 1), columns=rows.shape[1], captions=captions, row_captions=far)


def _folder(wish: str | None, run_folder: Path) -> Path:
    if wish is None:
        return folder_inside(run_folder, FOLDER)
    target = Path(wish)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"output_dir={wish} cannot be made: {error.strerror}") from error
    return target


def _write(evaluation: Evaluation, picture: Image.Image, target: Path) -> None:
    stem = slug(evaluation.protocol)
    with replaced(target / f"{stem}.json") as temporary:
        temporary.write_text(json.dumps(asdict(evaluation), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    save_png(picture, target / f"{stem}.png")
    say(f"\nwrote     {target / stem}.json and, of the nearest training images, .png")


def _remember(evaluation: Evaluation, folder: Path, uri: str) -> None:
    """Into run.json and the registry, unless the weights are no longer those that were judged."""
    training = actual_status(vars(read_record(folder))) == "running"
    if training or saved_step(folder) != evaluation.step:
        told = "is still training" if training else "has trained on meanwhile"
        log.warning("run %s %s: its figures are not put into the registry", evaluation.run_id, told)
        return
    metrics: dict[str, Any] = dict(evaluation.for_registry)
    try:
        record_evaluation(Registry(uri), folder, evaluation.protocol, metrics)
    except RegistryError as error:
        log.warning("%s; the figures stand in the run folder, and `registry.py rebuild` takes them from there", error)
