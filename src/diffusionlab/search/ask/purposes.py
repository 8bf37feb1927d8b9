"""Words for what networks do, which select where some of the records are of another kind.

denoisers, denoising models               what diffuses, or whose texts say that it denoises
generative models, text generation        diffusion, GANs, VAEs, or what says so of itself
generators                                what speaks of generators; where nothing does, what is generative

Where nothing tells that a record is of another kind, as of the runs of this project, such words are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.filters.conditions import Contains, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Or
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import IsDiffusion
from diffusionlab.search.read.text import Mentions

_DENOISES = Or(IsDiffusion(), Mentions(("denoising", "removes noise")))
_GENERATES = Or(
    IsDiffusion(), Contains("arch_tags", "gan"), Contains("arch_tags", "vae"), Mentions(("generative", "generator"))
)
_KINDS = ("classifier", "rnn", "seq2seq", "dqn", "clip", "gan", "cyclegan")
_OTHER = And(IsNull("parameterization"), Or(IsNull("arch_tags"), *(Contains("arch_tags", facet) for facet in _KINDS)))
_PURPOSES: dict[str, Filter] = {
    **dict.fromkeys(("denoiser", "denoisers", "denoising", "denoise", "denoises"), _DENOISES),
    **dict.fromkeys(("generative", "generation", "generate", "generates", "generating"), _GENERATES),
    **dict.fromkeys(("generator", "generators"), _GENERATES),
}
_MEASURED = ("field", "number", "how")  # "denoising steps", "generation quality"


def with_purposes(items: list[Item], known: Known) -> list[Item]:
    """The items, with a condition in the place of each word that says what a network does, or before it as a noun."""
    places = [i for i in range(len(items)) if _is_purpose(items, i)]
    if not places or not known.any_meets(_OTHER):
        return items
    found: list[Item] = []
    for i, item in enumerate(items):
        word = item.words.lower()
        if i in places and word.startswith("generator") and known.anyone_says((word,)):
            found.append(replace(item, kind="text", payload=(word, item.words)))
        elif i in places:
            condition = Condition("facet", _PURPOSES[word], words=item.words)
            found.append(replace(item, kind="condition", payload=condition))
        found += [item] if i not in places or item.kind == "noun" else []
    return found


def _is_purpose(items: Sequence[Item], i: int) -> bool:
    if items[i].kind not in ("filler", "noun") or items[i].words.lower() not in _PURPOSES:
        return False
    return items[i].kind == "noun" or i + 1 == len(items) or items[i + 1].kind not in _MEASURED
