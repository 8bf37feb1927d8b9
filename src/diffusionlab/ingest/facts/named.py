"""Settings that a script hands to code which is not shown: only their names say what they are.

This is the weakest evidence, so it is used only for fields that nothing else shows, and only where all places agree.
"""

from __future__ import annotations

from diffusionlab.ingest.facts.diffusion import KNOWN
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import Map, Value, constant, options_of

NAMES = {
    "batch_size": ("batch_size", "train_batch_size", "batchsize"),
    "image_size": ("image_size", "img_size", "imsize", "resolution"),
    "num_classes": ("num_classes", "n_classes"),
    "epochs": ("epochs", "num_epochs", "n_epochs"),
    "lr": ("lr", "learning_rate"),
}


def named_settings(scene: Scene, out: Writer) -> None:
    """
    Dataset(image_size=64, batch_size=64) of an import that is not shown        -> image_size 64, batch_size 64
    get_data(args) with args.batch_size = 14                                    -> batch_size 14
    """
    for field, names in NAMES.items():
        if out.has(field) or (field in ("epochs", "lr") and scene.optimizers):
            continue
        found = [(value, event.line) for event in scene.trace.events for value in _given(event, names)]
        values = {repr(constant(one)) for value, _ in found for one in options_of(value)}
        if len(values) == 1:
            for value, line in found:
                out.tell(field, value, line)


def _given(event: Event, names: tuple[str, ...]) -> list[Value]:
    if not _is_foreign(event.path):
        return []
    found = [event.kwargs[name] for name in names if name in event.kwargs]
    for one in event.args:
        if isinstance(one, Map) and one.kind == "namespace":
            found += [one.items[name] for name in names if name in one.items]
    return found


def _is_foreign(path: str) -> bool:
    """Whether a call goes to a module of the script's own that is not shown."""
    return "." in path and not path.startswith((".", "?", "op.", "tensor.")) and path.split(".")[0] not in KNOWN
