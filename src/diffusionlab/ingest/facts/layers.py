"""Layers of built networks: where they stand, how wide their kernels are, which object holds them."""

from __future__ import annotations

from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import Instance, Obj, Seq, constant

CONVOLUTIONS = ("Conv", "SeparableConv", "DepthwiseConv", "Convolution", "Deconvolution")


RECURRENT = {
    "LSTM",
    "GRU",
    "RNN",
    "LSTMCell",
    "GRUCell",
    "RNNCell",
    "SimpleRNN",
    "ConvLSTM2D",
    "Bidirectional",
    "OptimizedLSTMCell",
}


LINEAR = {"Linear", "Dense", "LazyLinear", "LinearGeneral", "DenseGeneral"}


def where(layer: Obj) -> tuple[int, ...]:
    """The line of a layer, and the lines where the class around it is defined and built."""
    lines = [layer.site]
    inside = layer.inside
    while inside is not None:
        lines += [inside.site]
        inside = inside.inside
    return tuple(lines)


def kernel_of(layer: Obj) -> object:
    value = layer.kwargs.get("kernel_size")
    if value is None:
        torch = layer.path.startswith(("torch", "mxnet", "paddle"))
        position = 2 if torch else 1
        value = layer.args[position] if position < len(layer.args) else None
    if isinstance(value, Seq) and value.items:
        value = value.items[0]
    return constant(value)


def around(event: Event) -> list[int]:
    """Where the class that is running is defined and built."""
    lines: list[int] = []
    for instance in reversed(event.forward):
        lines += [*instance.cls.lines, instance.site]
    return lines


def sites_of(instance: Instance) -> list[int]:
    lines: list[int] = []
    one: Instance | None = instance
    while one is not None:
        lines.append(one.site)
        one = one.inside
    return lines


def held_by(inside: Instance | None, instance: Instance) -> bool:
    while inside is not None:
        if inside is instance:
            return True
        inside = inside.inside
    return False
