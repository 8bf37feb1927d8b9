"""Architecture facets: checked facts about a network, and what each implies.

The vocabulary is closed under IMPLICATIONS so that a question about CNNs finds every U-Net without guessing.
"""

import re
from collections.abc import Iterable

FACETS: dict[str, tuple[str, ...]] = {
    "unet": ("u-net", "u net", "unets", "u-nets"),
    "cnn": (
        "convnet",
        "conv net",
        "convolutional",
        "convolutional network",
        "convolutional neural network",
        "cnns",
    ),
    "residual": ("residual", "residual blocks", "skip blocks"),
    "resnet": ("res-net", "res net", "residual network", "resnets"),
    "mlp": ("multilayer perceptron", "multi-layer perceptron", "fully connected", "dense network", "mlps"),
    "transformer": ("transformers", "vit", "vision transformer"),
    "dit": ("diffusion transformer", "diffusion transformers", "dits"),
    "attention": ("self-attention", "self attention", "attentional"),
    "linear_attention": ("linear attention", "linear self-attention", "linear-attention", "linattn"),
    "conditional": (
        "class-conditional",
        "class conditional",
        "conditioned",
        "class-conditioned",
        "label-conditioned",
    ),
    "styled": ("style-conditioned", "style conditioned", "style-conditional", "style conditional"),
    "cfg": ("classifier-free guidance", "classifier free guidance", "guidance", "guided"),
    "latent": ("latent diffusion", "ldm", "latent space"),
    "autoencoder": ("auto-encoder", "auto encoder", "autoencoders", "ae"),
    "vae": ("variational autoencoder", "kl autoencoder"),
    "gan": ("generative adversarial network", "generative adversarial", "adversarial network", "gans"),
    "cyclegan": ("cycle-gan", "cycle gan", "cyclegans"),
    "rnn": ("recurrent network", "recurrent neural network", "recurrent", "rnns", "gru", "grus"),
    "lstm": ("long short-term memory", "lstms", "bilstm"),
    "seq2seq": ("sequence-to-sequence", "sequence to sequence", "encoder-decoder", "encoder decoder"),
    "dqn": ("deep q-learning", "deep q-network", "q-learning", "dqns", "reinforcement learning", "rl agent"),
    "classifier": ("classifiers", "classification", "image classifier"),
    "diffusion": ("ddpm model", "score-based", "denoising diffusion", "diffusion-based"),
    "clip": ("contrastive language-image", "dual encoder", "image-text model", "open_clip"),
}
"""Facet -> other spellings."""

IMPLICATIONS: dict[str, tuple[str, ...]] = {
    "unet": ("cnn",),
    "resnet": ("cnn",),
    "dit": ("transformer",),
    "linear_attention": ("attention",),
    "cfg": ("conditional",),
    "vae": ("autoencoder",),
    "cyclegan": ("gan",),
    "lstm": ("rnn",),
}
"""Facet -> facets that hold wherever it holds."""


def _squeeze(text: str) -> str:
    return re.sub(r"[^0-9a-z]+", "", text.lower())


_BY_SPELLING = {_squeeze(text): facet for facet, names in FACETS.items() for text in (facet, *names)}


def canonical_facet(text: str) -> str:
    """The facet that "U-Net" means: "unet". A tag outside the vocabulary keeps its words, as "mixture_of_experts"."""
    squeezed = _squeeze(text)
    return _BY_SPELLING.get(squeezed) or re.sub(r"[\W_]+", "_", text.lower()).strip("_")


def close(tags: Iterable[str]) -> list[str]:
    """Canonical facets with all that they imply: the given ones first, in order, each once."""
    closed: list[str] = []
    waiting = [facet for tag in tags if (facet := canonical_facet(tag))]
    while waiting:
        facet = waiting.pop(0)
        if facet not in closed:
            closed.append(facet)
            waiting.extend(IMPLICATIONS.get(facet, ()))
    return closed
