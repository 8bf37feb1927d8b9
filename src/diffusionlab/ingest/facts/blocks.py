"""How the blocks of a network are joined: attention, transformer blocks, residual sums, skip connections."""

from __future__ import annotations

from diffusionlab.ingest.facts.layers import LINEAR, around, held_by, kernel_of, sites_of
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import Instance, Obj, flow_of


def attention(scene: Scene, out: Writer) -> None:
    blocks: dict[int, list[int]] = {}
    for event in scene.trace.of("attention", "linear attention"):
        lines = [event.line, *around(event)]
        out.facet("attention", *lines)
        if event.path == "linear attention":
            out.facet("linear_attention", *lines)
        for instance in event.forward:
            blocks.setdefault(id(instance), []).append(event.line)
    for layer in scene.trace.layers:
        if (
            layer.name in ("MultiheadAttention", "MultiHeadAttention", "MultiHeadDotProductAttention")
            and layer.inside is not None
        ):
            blocks.setdefault(id(layer.inside), []).append(layer.site)
    for instance in scene.trace.instances:
        if id(instance) in blocks and _is_transformer_block(scene, instance):
            out.facet("transformer", *instance.cls.lines, *sites_of(instance), *blocks[id(instance)])


def _is_transformer_block(scene: Scene, instance: Instance) -> bool:
    """Attention and a feed-forward network of two layers behind each other, with a sum around each, in one class."""
    own = [layer for layer in scene.trace.layers if layer.inside is instance or held_by(layer.inside, instance)]
    if any(layer.name.startswith("Conv") and kernel_of(layer) != 1 for layer in own):
        return False
    outputs = {flow_of(event.result).last: event.owner for event in scene.trace.of("layer")}
    heads = {flow_of(one).last for event in scene.trace.of("attention", "linear attention") for one in event.args}
    attends = feeds = False
    for event in scene.trace.of("op.add"):
        if not event.forward or event.forward[-1] is not instance or not is_residual(event):
            continue
        left, right = (flow_of(one).layers for one in event.args)
        branch = (left - right) or (right - left) if len(left) > len(right) else (right - left) or (left - right)
        names = [owner.name for one in branch if isinstance(owner := outputs.get(one), Obj)]
        attention = bool(branch & heads) or any(name.startswith("Multi") for name in names)
        attends = attends or attention
        feeds = feeds or (not attention and sum(name in LINEAR for name in names) >= 2)
    return attends and feeds


def sums(scene: Scene, out: Writer) -> None:
    samples = {event.line for event in scene.trace.of("reparameterization")}
    for event in scene.trace.of("op.add"):
        graph = any("symbolic" in flow_of(one).tags for one in event.args)
        if (event.forward or graph) and event.line not in samples and is_residual(event):
            out.facet("residual", event.line, *around(event)[:4])


def is_residual(event: Event) -> bool:
    """`x + f(x)`: two feature maps of one resolution of which one derives from the other, or both from a third."""
    if len(event.args) != 2:
        return False
    left, right = (flow_of(one) for one in event.args)
    if not left.layers or not right.layers or left.last is None or right.last is None or left.last == right.last:
        return False
    if "loss" in left.marks | right.marks or _is_long(left, right):
        return False
    if left.last in right.layers or right.last in left.layers:
        return True
    common = left.layers & right.layers
    return (
        bool(common) and bool(left.layers - common) and bool(right.layers - common) and _one_layer(left, right, common)
    )


def _one_layer(left: object, right: object, common: frozenset[int]) -> bool:
    """A shortcut with a projection: one side is a single layer away from what both come from."""
    sizes = [len(side.layers - common) for side in (left, right)]  # type: ignore[attr-defined]
    return min(sizes) <= 2 and max(sizes) >= 2


def _is_long(left: object, right: object) -> bool:
    """Whether one side went down in resolution and came up again, and the other did not."""
    a, b = left, right
    for up, skip in ((a, b), (b, a)):
        if up.lowest > up.level and up.lowest > skip.lowest and skip.last in up.layers:  # type: ignore[attr-defined]
            return True
    return False


def joins(scene: Scene, out: Writer) -> None:
    """Skip connections from an encoder to a decoder: what went down and came up meets what it came from.

    Where the resolution is not followed (patches, reshapes), joins that meet earlier and earlier features show the U.
    """
    nested: dict[int, list[tuple[int, int]]] = {}
    for event in scene.trace.of("cat", "op.add"):
        if len(event.args) != 2 or not (event.forward or event.path == "cat"):
            continue
        flows = [flow_of(one) for one in event.args]
        if not all(flow.layers for flow in flows):
            continue
        for up, skip in (flows, flows[::-1]):
            if skip.last is None or skip.last not in up.layers or up.last == skip.last:
                continue
            if up.lowest > up.level and up.lowest > skip.lowest and len(up.layers - skip.layers) >= 2:
                lines = (event.line, *around(event))
                out.facet("skip_connections", *lines)
                out.facet("unet", *lines)
            elif event.path == "cat" and event.forward and len(up.layers - skip.layers) >= 4:
                nested.setdefault(id(event.forward[0]), []).append((skip.last, event.line))
    for joins in nested.values():
        runs: list[list[tuple[int, int]]] = []
        for join in joins:  # each call of the network joins earlier and earlier features
            if runs and join[0] < runs[-1][-1][0]:
                runs[-1].append(join)
            else:
                runs.append([join])
        if any(len(run) < 2 for run in runs):
            continue
        for line in dict.fromkeys(line for run in runs for _, line in run):
            events = [event for event in scene.trace.of("cat") if event.line == line][:1]
            lines = (line, *(one for event in events for one in around(event)))
            out.facet("skip_connections", *lines)
            out.facet("unet", *lines)
