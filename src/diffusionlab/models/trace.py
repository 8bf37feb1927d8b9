"""One forward pass written down as a graph of tensor operations, below every module and its name."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

PRODUCTS = {"mm", "addmm", "bmm", "baddbmm"}
RESAMPLING = {"convolution", "pixel_shuffle", "pixel_unshuffle"}
RESAMPLING_WORDS = ("pool", "upsample")


@dataclass(frozen=True)
class Operation:
    """One aten operation on data. `inputs` are the operations that made its operands, in order."""

    name: str
    inputs: tuple[int, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]
    sources: frozenset[str]  # the network's inputs that reach it
    kernel: tuple[int, ...] = ()  # of a convolution, in pixels
    stride: tuple[int, ...] = ()

    @property
    def is_product_of_activations(self) -> bool:
        return self.name in PRODUCTS and len(self.inputs) >= 2

    @property
    def is_weighted(self) -> bool:
        """A product with parameters (a convolution, a linear layer) or of activations."""
        return self.name == "convolution" or self.name in PRODUCTS

    @property
    def is_spatial_convolution(self) -> bool:
        """A convolution whose windows overlap; one that only cuts into patches or mixes channels is none."""
        pairs = zip(self.kernel, self.stride, strict=True)
        return any(size > 1 and size != step for size, step in pairs)

    @property
    def resampling(self) -> int:
        """-1 where a feature map becomes coarser, 1 where it becomes finer, else 0."""
        known = self.name in RESAMPLING or any(word in self.name for word in RESAMPLING_WORDS)
        if not known or len(self.shape) != 4 or len(self.input_shapes[0]) != 4:
            return 0
        before, after = prod(self.input_shapes[0][2:]), prod(self.shape[2:])
        return (after > before) - (after < before)


@dataclass(frozen=True)
class Graph:
    """Operations in the order in which they ran: an operation's inputs have smaller indices."""

    operations: list[Operation]

    @cached_property
    def ancestors(self) -> list[frozenset[int]]:
        """Of each operation, all operations that it depends on, itself included."""
        found: list[frozenset[int]] = []
        for index, operation in enumerate(self.operations):
            found.append(frozenset({index}).union(*(found[parent] for parent in operation.inputs)))
        return found

    def weighted_depth(self, start: int, end: int) -> int:
        """The most weighted operations on a path from behind `start` to `end`; -1 where there is no path."""
        depth = {start: 0}
        for index in sorted(self.ancestors[end]):
            parents = [depth[parent] for parent in self.operations[index].inputs if parent in depth]
            if index > start and parents:
                depth[index] = max(parents) + self.operations[index].is_weighted
        return depth.get(end, -1)


@dataclass
class Recorder(TorchDispatchMode):
    """Writes down every operation that depends on one of the named tensors; parameters alone leave no trace."""

    named: Mapping[str, Tensor]
    operations: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._made_by: dict[int, int] = {}
        self._alive: list[Tensor] = []  # an id stays one tensor's only while that tensor lives
        for name, tensor in self.named.items():
            self._write(Operation(name, (), (), tuple(tensor.shape), frozenset({name})), [tensor])

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__.removesuffix("_")
        operands = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        data = [operand for operand in operands if id(operand) in self._made_by]
        made_from_shape_alone = name.startswith("new_") or name.endswith("_like")
        if data and not made_from_shape_alone:
            outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
            self._write(self._operation(name, data, outputs, args), outputs)
        return result

    def _operation(self, name: str, data: list[Tensor], outputs: list[Tensor], args: Any) -> Operation:
        inputs = tuple(self._made_by[id(tensor)] for tensor in data)
        sources = frozenset[str]().union(*(self.operations[parent].sources for parent in inputs))
        shape = tuple(outputs[0].shape) if outputs else ()
        shapes = tuple(tuple(tensor.shape) for tensor in data)
        if name != "convolution":
            return Operation(name, inputs, shapes, shape, sources)
        _, weight, _, stride = args[:4]
        kernel = tuple(weight.shape[2:])
        stride = tuple(stride) * (len(kernel) // len(stride))
        return Operation(name, inputs, shapes, shape, sources, kernel, stride)

    def _write(self, operation: Operation, outputs: Iterable[Tensor]) -> None:
        for tensor in outputs:
            self._made_by[id(tensor)] = len(self.operations)
            self._alive.append(tensor)
        self.operations.append(operation)


@contextmanager
def plain_evaluation(network: nn.Module) -> Iterator[None]:
    """Eval mode without gradients, compilation and fused attention; puts every module's own mode back."""
    modes = [(module, module.training) for module in network.modules()]
    fastpath = torch.backends.mha.get_fastpath_enabled()
    try:
        for module, _ in modes:
            module.training = False
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), torch.compiler.set_stance("force_eager"):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)
        for module, training in modes:
            module.training = training


def trace(network: nn.Module, **named: Tensor) -> Graph:
    """Runs `network(**named)` once, on shapes alone, and returns what it did to the named tensors.

    The last operation is the output. Named tensors and weights stand on the meta device, so the run costs no
    arithmetic and no memory, and a network whose course depends on values cannot be traced.
    """
    weights = {name: tensor.to("meta") for name, tensor in chain(network.named_parameters(), network.named_buffers())}
    recorder = Recorder({name: tensor.to("meta") for name, tensor in named.items()})
    with recorder:
        functional_call(network, weights, kwargs=dict(recorder.named)).clone()  # now the output is what ran last
    return Graph(recorder.operations)
