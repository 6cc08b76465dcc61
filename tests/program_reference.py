"""Step programs for tests: of layers and language models, random ones, and an evaluation in float64."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from unrolled.cells import LSTM, Cell
from unrolled.layers import Recurrent, Window
from unrolled.layers.program_spec import layer_program, spec_of
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, add_stack
from unrolled.programs.operations import BINARY, UNARY
from unrolled.programs.program import Operation, Program, StateSlot

Array = NDArray[np.floating]
Weights = dict[str, NDArray[np.float32]]


def weights_of(module: Recurrent | Window) -> Weights:
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def program_of(layer: Recurrent | Window) -> Program:
    """Return the program of a layer with input ``x`` and output ``y``."""
    return layer_program(spec_of(layer))


def language_model(
    vocabulary: int = 11,
    embedding: int = 6,
    hidden: int = 9,
    layers: int = 1,
    cell: Cell | None = None,
    *,
    one_hot: bool = False,
) -> Program:
    """Return the program of a language model with token input ``token`` and output ``logits``."""
    builder = Builder()
    if one_hot:
        x, embedding = builder.one_hot("token", vocabulary), vocabulary
    else:
        x = builder.embedding("token", "input", (vocabulary, embedding))
    spec = RecurrentSpec(
        cell=cell or LSTM(), input_size=embedding, hidden_size=hidden, num_layers=layers, masks={}
    )
    y = add_stack(builder, x, spec)
    head = builder.parameters({"output": (vocabulary, hidden), "bias": (vocabulary,)})
    return builder.finish(logits=y.linear(head["output"], head["bias"]))  # type: ignore[arg-type]


def random_weights(program: Program, seed: int = 0, scale: float = 0.5) -> Weights:
    rng = np.random.default_rng(seed)
    return {
        name: rng.uniform(-scale, scale, shape).astype(np.float32)
        for name, shape in program.parameters.items()
    }


UNARY_FUNCTIONS = {
    "negate": lambda x: -x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "exp": np.exp,
    "log": np.log,
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "softplus": lambda x: np.logaddexp(0, x),
    "sqrt": np.sqrt,
    "absolute": np.abs,
    "round": np.round,
}
BINARY_FUNCTIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "greater": lambda a, b: (a > b).astype(np.float64),
}


class Reference:
    """One row of a program, evaluated in float64 by the definition of each operation."""

    def __init__(self, program: Program, weights: Mapping[str, Array]) -> None:
        self.program = program
        self.weights = {name: w.astype(np.float64) for name, w in weights.items()}
        self.state = {s.name: np.full(s.size, s.initial) for s in program.states}

    @np.errstate(all="ignore")
    def step(self, inputs: Mapping[str, Array], tokens: Mapping[str, int]) -> dict[str, Array]:
        values: list[Array] = []
        for op in self.program.operations:
            values.append(self._value(op, [values[i] for i in op.inputs], inputs, tokens))
            assert values[-1].shape == (op.size,)
        self.state = {s.name: values[s.result] for s in self.program.states}
        return {name: values[number] for name, number in self.program.outputs.items()}

    def _part(self, name: str, op: Operation) -> Array:
        return self.weights[name][op.begin : op.begin + op.size]

    def _value(
        self, op: Operation, args: Sequence[Array], inputs: Mapping[str, Array], tokens: Mapping[str, int]
    ) -> Array:
        if op.name in UNARY:
            return UNARY_FUNCTIONS[op.name](args[0])
        if op.name in BINARY:
            return BINARY_FUNCTIONS[op.name](*args)
        match op.name:
            case "input":
                return inputs[op.key].astype(np.float64)
            case "state":
                return self.state[op.key]
            case "parameter":
                return self._part(op.weight, op)
            case "constant":
                return np.array([op.value])
            case "embedding":
                return self.weights[op.weight][tokens[op.key]]
            case "one_hot":
                return np.eye(op.size)[tokens[op.key]]
            case "where":
                return np.where(args[0] != 0, args[1], args[2])
            case "linear":
                bias = self._part(op.bias, op) if op.bias else 0.0
                return self._part(op.weight, op) @ args[0] + bias + (args[1] if len(args) > 1 else 0.0)
            case "layer_norm":
                centred = args[0] - args[0].mean()
                z = centred / np.sqrt((centred**2).mean() + op.value)
                z = z * (self._part(op.weight, op) if op.weight else 1.0)
                return z + (self._part(op.bias, op) if op.bias else 0.0)
            case "sum":
                return args[0].sum(keepdims=True)
            case "largest":
                return args[0].max(keepdims=True)
            case "slice":
                return args[0][op.begin : op.begin + op.size]
            case "concat":
                return np.concatenate(args)
        raise AssertionError(op.name)


def random_program(seed: int, operations: int = 25) -> Program:
    """Return a valid program of random operations, with values that stay small."""
    rng = np.random.default_rng(seed)
    sizes = [int(s) for s in rng.integers(1, 40, 3)]
    ops: list[Operation] = []
    parameters: dict[str, tuple[int, ...]] = {"table": (7, sizes[0]), "vector": (50,)}

    def add(name: str, size: int, *inputs: int, **fields: object) -> int:
        ops.append(Operation(name, size, inputs, **fields))  # type: ignore[arg-type]
        return len(ops) - 1

    def pick(size: int | None = None) -> int:
        fitting = [k for k, op in enumerate(ops) if size is None or op.size == size]
        return int(rng.choice(fitting))

    def number() -> int:
        ones = [k for k, op in enumerate(ops) if op.size == 1]
        return int(rng.choice(ones)) if ones else add("constant", 1, value=float(rng.normal()))

    def linear() -> None:
        source, size = pick(), int(rng.integers(1, 40))
        begin, name = int(rng.integers(3)), f"W{len(ops)}"
        parameters[name] = (begin + size + 1, ops[source].size)
        parameters[f"b{name}"] = (begin + size,)
        same = [k for k, op in enumerate(ops) if op.size == size]
        added = (int(rng.choice(same)),) if same and rng.random() < 0.6 else ()
        bias = f"b{name}" if rng.random() < 0.5 else ""
        add("tanh", size, add("linear", size, source, *added, weight=name, bias=bias, begin=begin))

    def layer_norm() -> None:
        k = pick()
        name = f"g{len(ops)}"
        parameters[name] = (ops[k].size + 2,)
        add("layer_norm", ops[k].size, k, weight=name, begin=2, value=1e-2)

    def binary() -> None:
        a = pick()
        b = number() if rng.random() < 0.4 else pick(ops[a].size)
        if rng.random() < 0.5:
            a, b = b, a
        name = str(rng.choice(["add", "subtract", "multiply", "minimum", "maximum", "greater"]))
        add("tanh", max(ops[a].size, ops[b].size), add(name, max(ops[a].size, ops[b].size), a, b))

    def where() -> None:
        a = pick()
        b = pick(ops[a].size)
        add("where", ops[a].size, add("greater", ops[a].size, a, b), number(), b)

    def slice_() -> None:
        k = pick()
        begin = int(rng.integers(ops[k].size))
        add("slice", int(rng.integers(1, ops[k].size - begin + 1)), k, begin=begin)

    def concat() -> None:
        parts = [pick() for _ in range(int(rng.integers(1, 4)))]
        add("concat", sum(ops[k].size for k in parts), *parts)

    def unary() -> None:
        k = pick()
        name = str(rng.choice(["negate", "sigmoid", "tanh", "relu", "log_sigmoid", "softplus", "absolute"]))
        add("tanh", ops[k].size, add(name, ops[k].size, k))

    def reduction() -> None:
        k = pick()
        add("tanh", 1, add(str(rng.choice(["sum", "largest"])), 1, k))

    add("input", sizes[0], key="x")
    add("embedding", sizes[0], key="token", weight="table")
    add("one_hot", 7, key="token")
    add("parameter", 20, weight="vector", begin=30)
    states = [(f"s{k}", size) for k, size in enumerate(sizes)]
    for name, size in states:
        add("state", size, key=name)
    makers = (linear, linear, layer_norm, binary, binary, where, slice_, concat, unary, reduction)
    while len(ops) < operations:
        makers[int(rng.integers(len(makers)))]()
    slots = tuple(StateSlot(name, size, pick(size), float(k)) for k, (name, size) in enumerate(states))
    outputs = {"last": len(ops) - 1, "other": pick()}
    return Program(tuple(ops), parameters, slots, outputs, {"x": sizes[0]}, {"token": 7})
