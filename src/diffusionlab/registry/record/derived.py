"""Facets of a run whose network nobody looked at, derived from what its architecture, name, and description say.

They are marked as derived (`sources["arch_tags"]`), as a text may say less than there is, or name what it lacks.
"""

import re

from diffusionlab.registry.record.facets import close

SOURCE = "derived from architecture, name, and description"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PATTERNS: dict[str, str] = {  # on words in lower case with single blanks between
    "unet": r"\bu ?net\w*",
    "cnn": r"\bcnns?\b|\bconv\w*",
    "resnet": r"\bres ?net\w*",
    "residual": r"\bresidual\b",
    "mlp": r"\bmlps?\b|\bfully connected\b|\bfeed ?forward\b|\bmulti ?layer perceptron\b",
    "dit": r"\bdits?\b|\bdiffusion transformer\b",
    "transformer": r"\btransformers?\b|\bvits?\b|\bbert\w*|\bgpt\w*",
    "linear_attention": r"\blinear (?:self )?attention\b|\battention of linear cost\b",
    "attention": r"\battention\b",
    "cfg": r"\bclassifier free\b|\bcfg\b|\bguided\b",
    "conditional": r"\b(?:class )?condition(?:al|ed|ing)\b|\bcond\b",
    "latent": r"\blatents?\b|\bldm\b",
    "vae": r"\bvaes?\b|\bvariational auto ?encoder\w*",
    "autoencoder": r"\bauto ?encoders?\b",
    "diffusion": r"\bdiffusion\b|\bdenois\w*|\bddpm\b|\b(?:removes|predicts) (?:the )?noise\b",
    "cyclegan": r"\bcycle ?gans?\b",
    "gan": r"\bgans?\b|\bgenerative adversarial\b",
    "lstm": r"\b(?:bi)?lstms?\b|\blong short term memory\b",
    "rnn": r"\b(?:script)?rnns?\b|\brecurrent\b|\bgrus?\b",
    "seq2seq": r"\bseq ?2 ?seq\w*|\bsequence to sequence\b|\b(?:rnn|lstm|recurrent)\b.*\bencoder and decoder\b",
    "dqn": r"\bdqns?\b|\bq ?learning\b|\bq networks?\b",
    "classifier": r"\bclassifiers?\b(?! free)|\bclassification\b",
    "clip": r"\bclip\b",
}
_IMPLIED = {"transformer": ("attention",), "dit": ("attention",)}
"""What holds of the networks in general, though a record of their modules may say otherwise."""
_NEGATED = re.compile(r"\b(?:no|without|not|non|un)[ -](?:(?!that|which|and|with|but)\w+ )?$")


def derive_facets(architecture: str | None, name: str | None, description: str | None) -> list[str]:
    """The facets that the texts name, and what these imply: "ConditionalUNet" -> unet, conditional, cnn."""
    texts = [_plain(text) for text in (architecture, name, description) if text]
    found = [facet for facet, pattern in _PATTERNS.items() if any(_says(text, pattern) for text in texts)]
    return close([*found, *(implied for facet in found for implied in _IMPLIED.get(facet, ()))])


def _says(text: str, pattern: str) -> bool:
    """Whether the text names it, and not that it is missing: "U-Net without attention"."""
    return any(not _NEGATED.search(text[: m.start()]) for m in re.finditer(pattern, text))


def _plain(text: str) -> str:
    """Words in lower case: "UnetDenoiser_v2" -> "unet denoiser v2", "U-Net" -> "u net"."""
    joined = re.sub(r"\b([Uu])-?[Nn]et", "unet", text).replace("UNet", "Unet")
    return re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", joined)).lower().strip()
