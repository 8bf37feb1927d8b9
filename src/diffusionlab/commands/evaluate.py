"""Measure the samples of a trained run under one protocol, show the figures, and remember them."""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from PIL import Image

from diffusionlab.atomic import replaced
from diffusionlab.commands.closing import here, to_type
from diffusionlab.commands.place import output_folder
from diffusionlab.diffusion import Heun
from diffusionlab.errors import UsageError, first_line
from diffusionlab.evaluation.features import slug
from diffusionlab.evaluation.judge import OTHER
from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.manage.evaluations import record_evaluation
from diffusionlab.registry.record.columns import label
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.measured import figures, floor_of
from diffusionlab.report.run_page import refresh_report
from diffusionlab.runs.checkpoint import saved_step
from diffusionlab.runs.evaluation import Evaluation, Evaluator
from diffusionlab.runs.explain import user_errors
from diffusionlab.runs.frozen import Group, freeze
from diffusionlab.runs.run import Run, load_run
from diffusionlab.runs.settings import make, to_plain
from diffusionlab.training.callbacks.logged import log_figures
from diffusionlab.untrusted import say
from diffusionlab.visualization.grids import save_png

log = logging.getLogger(__name__)

FOLDER = "evaluations"


def evaluate(cfg: DictConfig) -> Evaluation:
    """Print the figures, write them with a picture of nearest training images, and record them.

    Raises UsageError for invalid input.
    """
    with user_errors():
        options = freeze(to_plain(cfg))
        uri = options.registry.uri
        run = load_run(
            options.run,
            registry=uri,
            device=options.device,
            data_dir=options.data_dir,
            trust=options.trust,
            ema=options.ema,
            checkpoint=options.checkpoint,
        )
        evaluator = _evaluator(run, options, run.sampler_settings(options.sampler))
        others = list(_by_calls(run, options))
        target = output_folder(options.output_dir, run.folder, FOLDER)
    evaluation = evaluator.evaluate()
    if others:
        say("\n".join(_table_by_calls(others)) + "\n")
    say("\n".join(_lines(evaluation, OTHER[options.reference])))
    _write(evaluation, evaluator.picture(), target)
    _remember(evaluation, run, uri)
    if report := refresh_report(run.folder):
        say(f"report    {here(report)}")
    if run.record.dataset:
        say(f"rank      {to_type('search', f'lowest FID on {run.record.dataset}', registry=uri)}")
    return evaluation


def _evaluator(run: Run, options: Group, sampler: Any) -> Evaluator:
    guide = run.guide(options.guidance.by, options.guidance.checkpoint, registry=options.registry.uri)
    return Evaluator(
        run,
        num_samples=options.num_samples,
        features=make(options, "features"),
        sampler=sampler,
        guidance_scale=run.guidance(options.guidance_scale, by=guide),
        reference=options.reference,
        per_class=options.per_class,
        seed=options.seed,
        batch_size=options.batch_size,
        cache_dir=options.cache_dir,
    )


def _by_calls(run: Run, options: Group) -> Iterator[tuple[int, Evaluator]]:
    """An evaluator for each number of network calls and each run. Raises UsageError for a number that none can have."""
    calls = options.calls or ()
    if options.beside is not None and not calls:
        raise UsageError("beside=RUN is for a table by network calls: add calls=[1,2,4,8,16]")
    if calls and any(options.guidance.values()):
        raise UsageError("calls=... makes its table without autoguidance: omit guidance.by and guidance.checkpoint")
    runs = [run]
    if options.beside is not None:
        runs.append(
            load_run(
                options.beside,
                registry=options.registry.uri,
                device=options.device,
                data_dir=options.data_dir,
                trust=options.trust,
            )
        )
    for number in calls:
        for one in runs:
            sampler = one.sampler(one.sampler_settings(options.sampler))
            cost = 1 + (one.guidance(options.guidance_scale).scale != 1)
            if isinstance(sampler, Heun):
                raise UsageError("calls=... counts a call a step, and heun takes two: type sampler=dpmpp_2m")
            if not isinstance(number, int) or number < cost or number % cost:
                raise UsageError(
                    f"calls={list(calls)}: whole numbers from 1; guidance takes two calls a step: "
                    "guidance_scale=1 takes one"
                )
            yield number, _evaluator(one, options, replace(sampler, num_steps=number // cost))


def _table_by_calls(evaluators: list[tuple[int, Evaluator]]) -> Iterator[str]:
    """A line for each number of network calls, a column for each run."""
    found: dict[int, dict[str, str]] = {}
    for number, one in evaluators:
        name = f"{one.run.record.name} ({one.run.record.run_id})"
        found.setdefault(number, {})[name] = f"{one.judge.distance(one.images):.4g}"
    names = list(dict.fromkeys(name for row in found.values() for name in row))
    yield f"Fréchet distance of {evaluators[0][1].num_samples:,} samples by network calls a sample"
    yield "  ".join(["calls", *names])
    for number, row in found.items():
        yield "  ".join([f"{number:<5}", *(f"{row[name]:<{len(name)}}" for name in names)]).rstrip()


NOTES = {
    label("label_accuracy"): "of all real test images",
    label("memorised"): "of fresh images, by definition",
}
"""What the last column is of, for figures that no set of real images has in the samples' place."""


def _lines(evaluation: Evaluation, other: str) -> Iterator[str]:
    """What is printed: each figure beside its floor, then one line a class."""
    metrics = evaluation.metrics
    yield f"run       {evaluation.run_id}" + (f" after {evaluation.step:,} steps" if evaluation.step else "")
    yield f"protocol  {evaluation.protocol}\n"
    yield _line("", "samples", f"{evaluation.floor_samples} real {other} images in their place")
    for name, of_samples, of_real in figures(metrics, floor_of(asdict(evaluation))):
        yield _line(name, of_samples, f"{of_real} {NOTES.get(name, '')}".strip())
    if evaluation.classes:
        yield "\n" + _line(
            "class", "classifier accuracy", "Fréchet distance (real), precision, recall, density, coverage"
        )
    for name, own in evaluation.classes.items():
        reach = "too few for a distance"
        if "fid" in own:
            reach = f"{own['fid']:.4g} ({own['fid_floor']:.4g}), "
            reach += ", ".join(f"{own[name]:.3f}" for name in ("precision", "recall", "density", "coverage"))
        yield _line(name, f"{own['label_accuracy']:.3f}" if "label_accuracy" in own else "", reach)


def _line(name: str, of_samples: str, of_real: str) -> str:
    return f"{name:<24}{of_samples:<30}{of_real}"


def _write(evaluation: Evaluation, picture: Image.Image, target: Path) -> None:
    digest = hashlib.sha256(evaluation.protocol.encode()).hexdigest()[:6]
    stem = f"{slug(evaluation.protocol.partition('-')[0])}-{evaluation.num_samples}-{digest}"
    with replaced(target / f"{stem}.json") as temporary:
        temporary.write_text(json.dumps(asdict(evaluation), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    save_png(picture, target / f"{stem}.png")
    say(f"\nwrote     {here(target / stem)}.json")
    say("nearest   the same name, .png: samples beside the training images nearest to them")


def _remember(evaluation: Evaluation, run: Run, uri: str) -> None:
    """Into run.json and the registry, unless the weights are no longer those that were judged."""
    folder = run.folder
    training = actual_status(vars(read_record(folder))) == "running"
    if training or saved_step(folder, run.checkpoint) != evaluation.step:
        state = "is still training" if training else "has trained on meanwhile"
        log.warning("run %s %s: its figures are not put into the registry", evaluation.run_id, state)
        return
    metrics: dict[str, Any] = dict(evaluation.for_registry)
    try:
        record_evaluation(Registry(uri), folder, evaluation.protocol, metrics)
    except (RegistryError, ImportError) as error:
        log.warning("the figures stand in the run folder, but not in the registry: %s", first_line(error))
    try:
        log_figures(run.settings.config.get("logger") or {}, folder, evaluation.metrics, evaluation.step)
    except (OSError, ImportError) as error:
        log.warning("the figures do not stand in the run's loggers: %s", first_line(error))
