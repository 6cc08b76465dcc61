"""Build an ONNX graph: nodes, constants, inputs and outputs with unique names."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.errors import ExportError
from unrolled.extras import extra
from unrolled.version import __version__

with extra("onnx", "the ONNX export"):
    import onnx
    from onnx import helper, numpy_helper

OPSET = 18
IR_VERSION = 8
"""Version of the file format. ONNX Runtime reads it from 1.14 on."""
LARGEST_MODEL = 2_000_000_000
"""Largest total size of the weights in bytes; the encoding of the file ends at 2 GiB."""
Shape = tuple[int | str, ...]
"""Sizes of the axes; a free axis has a name."""


@dataclass(frozen=True)
class Value:
    """An input or output of a graph."""

    name: str
    shape: Shape
    dtype: type[np.generic] = np.float32
    about: str = ""
    """What the value is, for readers of the file."""
    bounds: tuple[int | str, int | str] | None = None
    """Smallest value and the end (exclusive) of an integer input; a name stands for the size of that axis."""


@dataclass(frozen=True)
class State:
    """A state of a network: an input, and an output for its next value."""

    name: str
    size: int
    initial: float = 0.0
    """Value of every element before the first step."""

    @property
    def next_name(self) -> str:
        """Name of the output."""
        return f"next_{self.name}"


@dataclass(frozen=True)
class Target:
    """What a graph is written for."""

    operators: frozenset[str]
    """Recurrent operators that it may use; the other cells become a Scan."""
    shares_tables: bool
    """A table that is also an output matrix is stored once."""


FLOAT32 = Target(frozenset({"LSTM", "GRU", "RNN"}), shares_tables=True)
INT8 = Target(frozenset({"LSTM"}), shares_tables=False)
"""ONNX Runtime has no GRU and no RNN in 8 bits, but products. It needs their matrices as constants."""


class Graph:
    """Collects the nodes of a graph. Values are strings, the names that ONNX knows them by.

    Args:
        target: what it is written for.
        parent: graph of the node whose body this is. A body reads values of its parent by name.
    """

    def __init__(self, target: Target = FLOAT32, parent: "Graph | None" = None) -> None:
        self.target = target
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.states: list[State] = []
        self.streams = False
        """A sequence may be read in pieces, with the states carried from piece to piece."""
        self._nodes: list[Any] = []
        self._constants: dict[str, NDArray[Any]] = {} if parent is None else parent._constants
        self._names: Counter[str] = Counter() if parent is None else parent._names

    def body(self) -> "Graph":
        """Return an empty graph for the body of a node of this graph."""
        return Graph(self.target, self)

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return that output.

        Args:
            operator: operator of the ONNX standard.
            inputs: its inputs; "" for one that is left out.
            name: what the name of the output begins with; "" for the name of the operator.
            attributes: attributes of the operator.
        """
        return self.add_multiple(operator, inputs, [name or operator.lower()], **attributes)[0]

    def add_multiple(
        self, operator: str, inputs: Sequence[str], names: Sequence[str], **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs, and return them; an output with the name "" is left out."""
        outputs = [self.unique(name) if name else "" for name in names]
        self._nodes.append(
            helper.make_node(operator, list(inputs), outputs, self.unique(operator), **attributes)
        )
        return outputs

    def input(self, value: Value) -> str:
        """Declare an input."""
        self.inputs.append(value)
        return value.name

    def output(self, value: Value, source: str) -> None:
        """Declare an output that has the value of ``source``."""
        self.outputs.append(value)
        self._nodes.append(helper.make_node("Identity", [source], [value.name], self.unique("output")))

    def result(self, shape: Shape, source: str, dtype: type[np.generic] = np.float32) -> None:
        """Declare the next output of a body, whose outputs are known by their order."""
        produced = {name for node in self._nodes for name in node.output}
        taken = {value.name for value in self.outputs}
        if source in produced - taken:
            self.outputs.append(Value(source, shape, dtype))
        else:
            self.output(Value(self.unique("result"), shape, dtype), source)

    def weight(self, name: str, array: NDArray[Any]) -> str:
        """Return a constant with a name; the same name always stands for the same array."""
        self._constants.setdefault(name, array)
        return name

    def constant(self, values: ArrayLike, dtype: type[np.generic] = np.int64) -> str:
        """Return a small constant, for example the axes of an operator."""
        array = np.asarray(values, dtype)
        kind = "ints" if dtype is np.int64 else np.dtype(dtype).name
        text = "_".join(str(value).replace("-", "m") for value in array.ravel().tolist())
        rank = "" if array.ndim == 1 else f"_{'x'.join(map(str, array.shape)) or 'scalar'}"
        return self.weight(f"{kind}_{text}{rank}", array)

    def number(self, value: float) -> str:
        """Return a float32 scalar."""
        return self.constant(value, np.float32)

    def to_graph(self, name: str, *, constants: bool = False) -> Any:
        """Return the graph in onnx's classes; ``constants`` includes them, as the outermost graph does."""
        initializers = self._constants if constants else {}
        return helper.make_graph(
            self._nodes,
            name,
            [_to_info(value) for value in self.inputs],
            [_to_info(value) for value in self.outputs],
            [numpy_helper.from_array(array, key) for key, array in initializers.items()],
        )

    def to_model(self, name: str, metadata: Mapping[str, str]) -> Any:
        """Return the model with its metadata.

        Raises:
            ExportError: if the model is too large, or the graph breaks a rule of the standard.
        """
        size = sum(array.nbytes for array in self._constants.values())
        if size > LARGEST_MODEL:
            raise ExportError(
                f"the weights of {name}.onnx take {size / 1e9:.1f} GB in float32, but an ONNX file holds at "
                "most 2 GB: use a smaller model"
            )
        model = helper.make_model(
            self.to_graph(name, constants=True),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="unrolled",
            producer_version=__version__,
        )
        helper.set_model_props(model, dict(metadata))
        try:
            onnx.checker.check_model(model)
        except (onnx.checker.ValidationError, ValueError) as error:
            raise ExportError(f"{name}: onnx does not accept the graph: {error}") from error
        return model

    def unique(self, name: str) -> str:
        """Return a new name that begins with ``name``."""
        self._names[name] += 1
        return f"{name}_{self._names[name]}"  # always numbered: never the name of an input or output


def _to_info(value: Value) -> Any:
    return helper.make_tensor_value_info(
        value.name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)), value.shape, value.about
    )
