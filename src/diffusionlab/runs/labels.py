"""From what a person types for a class or a style to label tensors."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from diffusionlab.diffusion import NO_LABELS, Labels
from diffusionlab.errors import UsageError, did_you_mean

OPTIONS = ("label", "style")


def choose_labels(
    requested: Sequence[Any], names: Sequence[Sequence[str] | None], null_labels: Sequence[int], num_samples: int
) -> Labels:
    """The labels of `num_samples` samples, as the network takes them: every requested class in every style, in turn.

    A request is a name, a number, a list of them, or a tensor (num_samples,) of numbers, one a sample; None is all
    classes, or the null style. `null_labels`: how many classes and styles there are. Raises UsageError for others.
    """
    for option, request in list(zip(OPTIONS, requested, strict=True))[len(null_labels) :]:
        if request is not None:
            kind = "unconditional" if not null_labels else "trained without styles"
            how = "model=conditional_unet" + (" condition.style=ink" if option == "style" else "")
            raise UsageError(f"{option}={request}: this run is {kind}; omit {option}, or train {how}")
    if not null_labels:
        return NO_LABELS
    if any(isinstance(request, Tensor) for request in requested):
        return _one_a_sample(requested, null_labels, num_samples)
    chosen = [
        _chosen(option, request, known or [str(place) for place in range(number)], number)
        for option, request, known, number in zip(OPTIONS, requested, names, null_labels, strict=False)
    ]
    in_turn = [combination[::-1] for combination in product(*reversed(chosen))]  # the class changes fastest
    rows = torch.tensor(in_turn).repeat(-(-num_samples // len(in_turn)), 1)[:num_samples]
    return Labels.of(rows.unbind(dim=1), null_labels)


def number_of(option: str, request: Any, names: Sequence[str]) -> int:
    """The place in `names` of a name, in any case, or else of a number; UsageError naming `option` if there is none.

    A class that is called 10 is meant by 10, wherever it stands.
    """
    word, lower = str(request).lower(), [name.lower() for name in names]
    if word in lower:
        return names.index(str(request)) if str(request) in names else lower.index(word)
    if not isinstance(request, bool) and word.lstrip("-").isdecimal():
        if 0 <= int(request) < len(names):
            return int(request)
        raise UsageError(f"{option}={request}: they are numbered 0 to {len(names) - 1}, {', '.join(names)}")
    raise UsageError(f"{option}={request} is none of {', '.join(names)}{did_you_mean(str(request), list(names))}")


def _chosen(option: str, request: Any, names: Sequence[str], number: int) -> list[int]:
    if request is None:
        return list(range(number)) if option == "label" else [number]
    several = list(request) if isinstance(request, (list, tuple)) else [request]
    if not several:
        raise UsageError(f"{option}=[] names none; choose from {', '.join(names)}, or omit it")
    return [number_of(option, one, names) for one in several]


def _one_a_sample(requested: Sequence[Any], null_labels: Sequence[int], num_samples: int) -> Labels:
    """Tensors as they are, once they fit; None is the null label."""
    labels = []
    for option, request, number in zip(OPTIONS, requested, null_labels, strict=False):
        numbers = torch.full((num_samples,), number) if request is None else torch.as_tensor(request).long().cpu()
        if numbers.shape != (num_samples,) or bool(((numbers < 0) | (numbers > number)).any()):
            raise UsageError(f"{option}: one number in 0 to {number} for each of the {num_samples} samples")
        labels.append(numbers)
    return Labels.of(labels, null_labels)
