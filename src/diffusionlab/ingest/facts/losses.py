"""The terms of the loss, with their weights where they are plain numbers."""

from __future__ import annotations

from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.values import constant

NAMES = {
    "mse_loss": "MSE", "l1_loss": "L1", "smooth_l1_loss": "smooth L1", "huber_loss": "Huber",
    "cross_entropy": "cross-entropy", "nll_loss": "NLL", "binary_cross_entropy": "BCE",
    "binary_cross_entropy_with_logits": "BCE", "kl_div": "KL", "squared error": "squared error",
    "absolute error": "absolute error",
}  # fmt: skip
KERAS = {
    "mse": "MSE", "mean_squared_error": "MSE", "mae": "L1", "mean_absolute_error": "L1",
    "binary_crossentropy": "BCE", "categorical_crossentropy": "cross-entropy",
    "sparse_categorical_crossentropy": "cross-entropy", "huber": "Huber",
}  # fmt: skip


def losses(scene: Scene, out: Writer) -> None:
    """
    F.mse_loss(a, b), nn.MSELoss()(a, b), ((a - b) ** 2).mean()      -> MSE, MSE, squared error
    compile(loss="binary_crossentropy")                             -> BCE
    1 + logvar - mu ** 2 - exp(logvar)                              -> KL
    """
    for loss in scene.losses:
        if loss.name == "loss":
            continue  # a function of the script, whose parts are told where it is shown
        out.say("loss", NAMES.get(loss.name, loss.name), loss.lines, scene.stage_of_loss(loss))
    for event in scene.trace.of("kl"):
        if not event.no_grad:
            out.say("loss", "KL", (event.line,))
    for event in scene.trace.of(".compile"):
        given = event.arg("loss", 1)
        word = constant(given) or getattr(given, "path", "").rsplit(".", 1)[-1]
        if isinstance(word, str) and word in KERAS and given is not None:
            out.say("loss", KERAS[word], (*given.lines, event.line))
