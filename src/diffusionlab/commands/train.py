"""One run from settings to record: build the parts, train, remember."""

import logging
import os
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from pytorch_lightning.utilities.seed import isolate_rng

from diffusionlab.commands.check import preflight
from diffusionlab.commands.closing import here, to_find, to_type
from diffusionlab.diffusion import LatentCodec
from diffusionlab.errors import LabError, StorageError, TrainingInterrupted, UsageError, first_line
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.provenance import provenance, save_uncommitted
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record
from diffusionlab.report.run_page import REPORT_FILE, refresh_report
from diffusionlab.runs import hardware
from diffusionlab.runs.build import Experiment, build, is_rank_zero
from diffusionlab.runs.explain import user_errors
from diffusionlab.runs.facts import facts_of_parts, facts_of_result, facts_of_settings
from diffusionlab.runs.failures import in_one_line
from diffusionlab.runs.first_stage import find_autoencoder, fit_codec, resume_if_interrupted
from diffusionlab.runs.folder import discard_unless_recorded, new_id_for
from diffusionlab.runs.frozen import plain
from diffusionlab.runs.ownership import Ownership
from diffusionlab.runs.resume import choose_checkpoint
from diffusionlab.runs.settings import Settings, resolve
from diffusionlab.training import DiffusionModule
from diffusionlab.training.callbacks.logged import close_loggers, log_settings
from diffusionlab.training.callbacks.loss_by_time import LossByTime
from diffusionlab.training.loss_advice import advice, min_snr_weights
from diffusionlab.untrusted import link_out_of, say
from diffusionlab.visualization.loss_table import read_loss_table

log = logging.getLogger(__name__)


def train(cfg: DictConfig) -> float | None:
    """Build, train and record one run, inside a Hydra job; returns its validation loss, or else its training loss.

    In a sweep, a trial that fails is recorded and reported, and None is returned, so that the sweep goes on. Otherwise
    raises LabError where a user can mend it, and whatever else went wrong as it is.
    """
    _quieten_lightning()
    hydra = HydraConfig.get()
    if cfg.check:
        try:
            with user_errors():
                say(preflight(resolve(cfg, hydra.runtime.choices)))
        finally:
            discard_unless_recorded(Path(cfg.paths.output_dir))
        return None
    if hydra.mode is not RunMode.MULTIRUN:
        settings = _resolved(cfg)
        return _score(_train(settings, sweep=None) if settings.resume is None else _start_or_continue(settings))
    try:
        return _score(_start_or_continue(_resolved(cfg), sweep=Path(hydra.sweep.dir).name))
    except TrainingInterrupted as error:
        raise TrainingInterrupted("the sweep was stopped: the same command continues it") from error
    except Exception as error:  # whatever befell this trial, the next ones are to be tried
        log.error("trial %s failed: %s", hydra.job.num, first_line(error), exc_info=not isinstance(error, LabError))
        return None


def _resolved(cfg: DictConfig) -> Settings:
    try:
        with user_errors():
            return resolve(cfg, HydraConfig.get().runtime.choices)
    except LabError:
        discard_unless_recorded(Path(cfg.paths.output_dir))
        raise


def _start_or_continue(settings: Settings, sweep: str | None = None) -> RunRecord:
    """Train, unless the run that the folder holds is finished; what was begun continues."""
    if sweep is None and settings.ckpt_path is not None:
        raise UsageError("resume=auto finds the checkpoint by itself: omit ckpt_path")
    folder = Path(settings.paths.output_dir).absolute()
    before = _record_in(folder)
    if before is not None:
        if before.config_hash != settings.hash:
            where = "hydra.run.dir" if sweep is None else "hydra.sweep.dir"
            raise UsageError(f"{folder} holds run {before.run_id} of other settings: type another {where}")
        if before.status == "finished":
            rank_zero_only(say)(f"run {before.run_id} is finished; it is not trained again")
            return before
        if _has_checkpoint(folder):
            settings = settings.replaced(ckpt_path="last")
    return _train(settings, sweep, brief=sweep is not None)


def _has_checkpoint(folder: Path) -> bool:
    """Whether a trial can continue; one whose checkpoints are all damaged starts again."""
    try:
        return choose_checkpoint("last", folder) is not None
    except UsageError as error:
        log.warning("%s; the trial starts again", error)
        return False


def _train(settings: Settings, sweep: str | None, *, brief: bool = False) -> RunRecord:
    """Train, record, and say where everything lies: in one line if it is `brief`."""
    folder = Path(settings.paths.output_dir).absolute()
    with user_errors():
        leads = is_rank_zero(settings)
    try:
        with Ownership(folder) if leads else nullcontext() as ownership:
            return _train_owned(settings, folder, sweep, ownership, brief=brief)
    finally:
        if leads:
            discard_unless_recorded(folder)


def _train_owned(
    settings: Settings, folder: Path, sweep: str | None, ownership: Ownership | None, *, brief: bool
) -> RunRecord:
    """Train in `folder`; the rank 0 that has the ownership is the one that records."""
    recorder = _recorder(settings, folder, sweep, leads=ownership is not None)
    started = False
    if sweep is not None and ownership is not None:
        recorder.start()  # a trial is known even if it cannot be built
        started = True

    def beat() -> None:
        if ownership is not None:
            ownership.beat()
        recorder.beat()

    experiment: Experiment | None = None
    try:
        with user_errors():
            experiment = build(settings, folder, beat)
        if experiment.has_nothing_to_train and _is_done(recorder.record, experiment, leads=ownership is not None):
            return recorder.record
        if isinstance(experiment.module, DiffusionModule) and experiment.checkpoint is None:
            clip_run = (settings.clip or {}).get("run")
            recorder.record.parent_run = clip_run or _train_codec(settings, experiment) or settings.init_from
        if ownership is not None:
            recorder.start()
            started = True
            recorder.update(**facts_of_parts(experiment.datamodule, experiment.module, experiment.trainer))
            save_uncommitted(folder)
            precision, channels_last = str(experiment.trainer.precision), settings.hardware.channels_last
            computes_in = hardware.in_one_line(settings.trainer.accelerator, precision, channels_last=channels_last)
            data = experiment.datamodule
            say(f"data     {data.name}: {len(data.train):,} images to train on, {len(data.val):,} to validate on")
            print(f"trains on {computes_in}")
            log.info(
                "run %s (%s), settings %s, on %s", recorder.record.run_id, settings.name, settings.hash, computes_in
            )
            if experiment.fresh is not None:
                fresh = f"; starts fresh: {', '.join(experiment.fresh)}" if experiment.fresh else ""
                say(f"starts from the weights of {settings.init_from}{fresh}")
        log_settings(experiment.trainer, plain(settings.config))
        result = _fit(experiment, folder)
    except BaseException as error:
        line = in_one_line(error, settings, folder)
        # Lightning makes a SystemExit of the second Ctrl-C
        stopped = isinstance(error, (TrainingInterrupted, KeyboardInterrupt, SystemExit))
        if started:
            result = _result(experiment, folder) if experiment else {}
            _finish(recorder, result, "interrupted" if stopped else "failed", reason=str(line or error))
        if line is not None:
            raise line from error
        raise
    finally:
        if experiment is not None:
            close_loggers(experiment.trainer)
    if ownership is not None:
        _finish(recorder, result, "finished")
        if not recorder.is_written:
            raise StorageError(
                f"run {recorder.record.run_id} is trained, but {folder / RECORD_FILE} cannot be written: "
                "make room, then type the same command with ckpt_path=last to record its end"
            )
        _say_where(recorder.record, settings, brief=brief)
        if sentence := _advice(experiment):
            log.info("%s", sentence)
            if not brief:
                say(f"next     {sentence}")
    return recorder.record


def _fit(experiment: Experiment, folder: Path) -> dict[str, Any]:
    """Train from the checkpoint, or from the start; returns the facts to record."""
    checkpoint = experiment.checkpoint
    if checkpoint is not None:
        rank_zero_only(say)(f"goes on from step {checkpoint.step:,}, epoch {checkpoint.epochs}")
    experiment.trainer.fit(
        experiment.module,
        datamodule=experiment.datamodule,
        ckpt_path=None if checkpoint is None else checkpoint.path,
        weights_only=True,
    )
    result = _result(experiment, folder)
    result["metrics"] |= _test(experiment)
    return result


def _result(experiment: Experiment, folder: Path) -> dict[str, Any]:
    return facts_of_result(experiment.trainer, experiment.totals, folder)


def _is_done(record: RunRecord, experiment: Experiment, *, leads: bool) -> bool:
    """Whether the run ended as it should, has nothing left to train and so stays as it is, which is said in one line.

    A run that was killed after its last step still has its end before it. Raises UsageError if it has gone further
    than the settings ask.
    """
    checkpoint = experiment.checkpoint
    assert checkpoint is not None
    so_far = f"run {record.run_id} has {checkpoint.epochs} epochs ({checkpoint.step} steps) behind it"
    if record.status == "finished":
        if leads:
            say(f"{so_far} and is finished: nothing to train; raise trainer.max_epochs to go on")
        return True
    max_epochs = experiment.trainer.max_epochs
    if max_epochs is not None and 0 <= max_epochs < checkpoint.epochs:
        raise UsageError(f"{so_far}, more than trainer.max_epochs={max_epochs}: type {checkpoint.epochs} or more")
    return False


def _train_codec(settings: Settings, experiment: Experiment) -> str | None:
    """Give a latent codec its autoencoder, trained now if no finished run has it; returns that run's id.

    The random state is left as it was: a diffusion run is the same whether it found its autoencoder or not.
    """
    stage, datamodule, module = settings.first_stage, experiment.datamodule, experiment.module
    if stage is None:
        return None
    assert isinstance(module, DiffusionModule) and isinstance(module.codec, LatentCodec)
    record = find_autoencoder(stage, datamodule.data_hash)
    if record is None:
        _say_first_stage(stage, settings, experiment.trainer.world_size)
        try:
            with isolate_rng():
                record = _train(resume_if_interrupted(stage, datamodule.data_hash), sweep=None, brief=True)
        except TrainingInterrupted as error:
            raise TrainingInterrupted("stopped in the autoencoder's training; go on with the same command") from error
    fit_codec(module.codec, Path(record.path or ""), datamodule, trust=settings.trusted_modules)
    return record.run_id


def _say_first_stage(stage: Settings, settings: Settings, world_size: int) -> None:
    """What is trained before the run itself, and which settings say how long; UsageError for several processes."""
    if world_size > 1:
        raise UsageError(
            "this latent model's autoencoder is not trained yet, and is trained in one process: type the same command "
            "with hardware.devices=1 and stop it (Ctrl-C) once the autoencoder is finished, then this one"
        )
    limits = {name: stage.trainer[name] for name in ("max_epochs", "max_steps", "max_time")}
    said = ", ".join(f"{name}={value}" for name, value in limits.items() if value not in (None, -1))
    own = [name for name in limits if settings.trainer[name] != limits[name]]
    which = (
        f"; trainer.{' and trainer.'.join(own)} {'is' if len(own) == 1 else 'are'} for the run after it" if own else ""
    )
    say(f"first    an autoencoder, as no finished run has it: codec.autoencoder.trainer has {said}{which}")


def _record_in(folder: Path) -> RunRecord | None:
    """The record of the run that `folder` holds; None if it holds none. Raises UsageError if it cannot be read."""
    with user_errors():
        return read_record(folder) if (folder / RECORD_FILE).is_file() else None


def _recorder(settings: Settings, folder: Path, sweep: str | None, *, leads: bool) -> RunRecorder:
    """The recorder of a new run, or of the one in `folder` that continues or, in a sweep, is tried again.

    Raises UsageError if the folder is another run's.
    """
    before = _record_in(folder)
    if before is not None and leads:
        if link := link_out_of(folder):  # training would write through it
            raise UsageError(f"{link} leads out of the run folder: replace the link by what it leads to, or remove it")
        status = actual_status(vars(before))
        if status == "running":
            raise UsageError(f"run {before.run_id} is still training (process {before.pid} on {before.host})")
        if settings.ckpt_path is None and settings.resume is None and sweep is None:
            raise UsageError(
                f"{folder} already holds run {before.run_id} ({status}): type ckpt_path=last to continue it, "
                "or another hydra.run.dir to start a new run"
            )
    if before is not None and settings.ckpt_path is not None:
        record = before
    else:
        run_id = before.run_id if before else new_id_for(folder, settings.paths.runs_dir)
        record = RunRecord(run_id=run_id, name=settings.name, sweep=sweep, **provenance())
    recorder = RunRecorder(settings.registry.uri, folder, record)
    with user_errors():
        for field, value in facts_of_settings(settings).items():
            setattr(record, field, record.sources | value if field == "sources" else value)
        record.normalise()
    return recorder


def _test(experiment: Experiment) -> dict[str, float]:
    """Figures on the test split, of a module that has some."""
    if isinstance(experiment.module, DiffusionModule):
        return {}
    tested = experiment.trainer.test(experiment.module, datamodule=experiment.datamodule, verbose=False)
    return {name.removeprefix("test/"): value for name, value in tested[0].items()}


def _score(record: RunRecord) -> float | None:
    """What a sweep compares trials by."""
    metrics = record.metrics
    return metrics.get("train_loss") if metrics.get("val_loss") is None else metrics["val_loss"]


def _finish(recorder: RunRecorder, facts: dict[str, Any], status: str, reason: str | None = None) -> None:
    """Write how the run ended, and its page; a run folder that is gone is not made anew."""
    if reason:
        facts["reason"] = reason
    recorder.finish(status, **facts)
    log.info("%s after %.0f s%s", status, recorder.record.seconds or 0, f": {reason}" if reason else "")
    recorder.close()
    if recorder.folder.is_dir():
        refresh_report(recorder.folder)


def _quieten_lightning() -> None:
    """Its greetings, and warnings that are about neither the user's settings nor a fault of ours."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    os.environ.setdefault("WANDB_SILENT", "true")  # its greeting and its summary
    logging.raiseExceptions = False  # a log file on a full disk is no reason for a traceback a line
    warnings.filterwarnings("ignore", "Total length of `list` across ranks is zero")  # no validation images: asked for
    warnings.filterwarnings("ignore", ".*smaller than the logging interval.*")  # means over epochs are logged anyway
    warnings.filterwarnings("ignore", ".*It is recommended to use .*sync_dist=True.*")  # they are reduced already
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
    warnings.filterwarnings("ignore", ".*in eval mode at the start of training.*")  # the moving average is, rightly


def _advice(experiment: Experiment) -> str | None:
    """What the loss by time says of the settings to try next."""
    files = [one.file for one in experiment.trainer.callbacks if isinstance(one, LossByTime)]  # type: ignore[attr-defined]
    module = experiment.module
    if not files or not files[0].is_file() or not isinstance(module, DiffusionModule) or module.teacher is not None:
        return None
    try:
        return advice(read_loss_table(files[0]), min_snr_weights(module))
    except (ValueError, OSError) as error:
        log.warning("%s", first_line(error))
        return None


def _say_where(record: RunRecord, settings: Settings, *, brief: bool) -> None:
    folder = Path(record.path or ".")
    shown = here(folder)
    losses = ", ".join(f"{name} {value:.4f}" for name, value in record.metrics.items() if value is not None)
    say(f"run      {record.run_id}  ({losses}; {record.seconds or 0:.0f} s)")
    if brief:
        return
    if record.thumbnail:
        say(f"samples  {shown / record.thumbnail}")
    if (folder / REPORT_FILE).is_file():
        say(f"report   {shown / REPORT_FILE}")
    uri, trust = settings.registry.uri, settings.trusted_modules
    if record.schedule:
        again = to_type("sample", f"run={record.run_id}", "num_samples=16", registry=uri, trust=trust)
        say(f"again    {again}")
    say(f"find it  {to_find(record.name, record.run_id, registry=uri)}")
