"""What no single part can check: rules across groups, and the arguments of Lightning's Trainer."""

import math
from collections.abc import Mapping
from types import NoneType
from typing import get_args, get_origin

from diffusionlab.errors import UsageError, did_you_mean
from diffusionlab.runs.settings import Settings, trainer_parameters, values_of

MOST_CHARACTERS = 10_000
"""Of notes; a registry is no place for more."""

PLAIN = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", NoneType: "null"}
"""The types that are checked here, in words; Lightning checks the others itself."""

_KINDS: dict[type, tuple[type, ...]] = {bool: (bool, int), int: (int, float), float: (int, float), list: (list, tuple)}
_WANTED = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
"""By the type of the value in the option's file."""


def check(settings: Settings) -> None:
    """Raises UsageError with the override that mends it."""
    _check_kinds(settings)
    _check_trainer(settings)
    _check_training(settings)
    _check_schedule_free(settings)
    _check_precision(settings.hardware.precision)
    _check_labels(settings)
    if settings.schedule is not None:
        _check_diffusion(settings)


def _check_kinds(settings: Settings) -> None:
    """A text for a number and a number for a list would fail far from here, in words that do not name the setting."""
    for group, choice in settings.choices.items():
        known, given = values_of(group, choice), settings.config.get(group)
        if known is None or not isinstance(given, Mapping) or given.get("_target_") != known.get("_target_"):
            continue
        for name, default in known.items():
            value = given.get(name)
            part = "_target_" in known and isinstance(default, Mapping) and name in given
            if part and not isinstance(value, Mapping):
                option, shown = next((key, default[key]) for key in default if not key.startswith("_"))
                typed = "null" if value is None else value
                raise UsageError(f"{group}.{name}={typed}: type its options, such as {group}.{name}.{option}={shown}")
            if value is None or isinstance(value, _KINDS.get(type(default), (object,))):
                continue
            shown = str(default).lower() if isinstance(default, bool) else str(default).replace(" ", "")
            raise UsageError(f"{group}.{name}={value}: {_WANTED[type(default)]}, such as {shown}")


def _check_trainer(settings: Settings) -> None:
    known = trainer_parameters()
    for name, value in settings.trainer.items():
        if name not in known:
            near = did_you_mean(f"trainer.{name}", [f"trainer.{other}" for other in known])
            raise UsageError(f"there is no option trainer.{name}{near}")
        types = {get_origin(one) or one for one in get_args(known[name].annotation) or [known[name].annotation]}
        if types <= PLAIN.keys() and not isinstance(value, tuple(types)):
            wanted = " or ".join(words for one, words in PLAIN.items() if one in types)
            raise UsageError(f"trainer.{name}: {value!r} is not {wanted}")


def _check_training(settings: Settings) -> None:
    if settings.resume not in (None, "auto"):
        raise UsageError(f"resume={settings.resume}: auto, or null for a new run; ckpt_path=FILE names a checkpoint")
    for name in ("max_epochs", "max_steps"):
        if settings.trainer[name] == 0:
            raise UsageError(f"trainer.{name}=0 trains nothing: at least 1; check=true tries the settings out")
    accumulated, clipped = settings.trainer.accumulate_grad_batches, settings.trainer.gradient_clip_val
    if accumulated < 1:
        raise UsageError(f"trainer.accumulate_grad_batches={accumulated}: at least 1, which accumulates nothing")
    if clipped is not None and not 0 < clipped < math.inf:  # Lightning takes the others for none, without a word
        raise UsageError(f"trainer.gradient_clip_val={clipped}: above 0, or null not to clip")
    length = len(settings.notes or "")
    if length > MOST_CHARACTERS:
        raise UsageError(f"notes has {length:,} characters, at most {MOST_CHARACTERS:,}: put the text in a file")


def _check_schedule_free(settings: Settings) -> None:
    """What an optimizer that averages by itself leaves no place for."""
    if not settings.optimizer["_target_"].endswith(".ScheduleFree"):
        return
    if settings.ema_decay or settings.ema is not None:
        raise UsageError("optimizer=schedule_free averages the weights by itself: type ema_decay=0 ema=null")
    if settings.choices["lr_schedule"] not in (None, "constant"):
        raise UsageError("optimizer=schedule_free takes the place of a schedule: type lr_schedule=constant")


def _check_precision(precision: str) -> None:
    if precision in ("16-true", "bf16-true"):
        raise UsageError(
            f"hardware.precision={precision}: an average of weights in 16 bits stands still, so they are kept in 32; "
            f"type hardware.precision={precision.replace('true', 'mixed')}"
        )


def _check_labels(settings: Settings) -> None:
    classes, model = settings.model.get("num_classes"), settings.choices.get("model", "")
    known = settings.data.get("num_classes", classes)
    if classes not in (None, known):
        raise UsageError(f"model.num_classes={classes}, but the data have {known}: omit it")
    if model.startswith("conditional") and classes is None:
        raise UsageError(
            f"model={model} needs classes and data={settings.choices['data']} has none: "
            "type model=attention_unet, or choose data with classes"
        )
    style = settings.condition.style
    if style is not None and settings.model.get("num_styles") is None and "style_names" not in settings.loss:
        raise UsageError(
            f"condition.style={style} needs a network that takes labels: type model=conditional_unet "
            "or model=conditional_latent_unet"
        )


def _check_diffusion(settings: Settings) -> None:
    clip_weight = settings.loss.get("clip_weight")
    if clip_weight and settings.codec.autoencoder is not None:
        raise UsageError(
            f"loss.clip_weight={clip_weight} compares images, and x0 of a latent model is not an image: "
            "omit it, or type model=conditional_unet"
        )
    augment = settings.loss.get("augment")
    if augment and settings.codec.autoencoder is not None:
        raise UsageError(
            f"loss.augment={augment} changes images, and x0 of a latent model is not an image: "
            "omit it, or type model=conditional_unet"
        )
    if augment and settings.model.get("augment_dim") is None:
        raise UsageError(
            f"loss.augment={augment}: model={settings.choices.get('model')} cannot be told what was done to an image: "
            "type model=conditional_unet, model=attention_unet or model=pixel_transformer"
        )
    if clip_weight and settings.clip is None:
        raise UsageError(f"loss.clip_weight={clip_weight} needs a CLIP: type clip=local or clip=vit_b_32")
    if settings.parameterization["_target_"].endswith(".Epsilon"):
        if settings.schedule.get("zero_terminal_snr"):
            raise UsageError(
                "schedule.zero_terminal_snr=true leaves no signal for parameterization=epsilon to divide by: "
                "type parameterization=v"
            )
        if settings.schedule["_target_"].endswith(".FlowSchedule"):
            raise UsageError(
                "schedule=flow ends without any signal for parameterization=epsilon to divide by: "
                "type parameterization=flow, or v"
            )
