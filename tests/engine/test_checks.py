"""The engine checks every program, whatever it holds; nothing invalid is run."""

import dataclasses
import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from numerics import needs_extension
from program_reference import language_model, random_program, random_weights
from unrolled.engine import PRECISIONS, Engine
from unrolled.errors import ConfigError, ProgramError, ShapeError, UnrolledError
from unrolled.extension import core
from unrolled.programs.program import Operation, Program, StateSlot

pytestmark = needs_extension
X = Operation("input", 4, key="x")


def program_of(*ops: Operation, parameters: Mapping[str, tuple[int, ...]] | None = None) -> Program:
    return Program(ops, parameters or {}, (), {"y": len(ops) - 1}, {"x": 4}, {"t": 3})


WRONG = {
    "operation 1 (tanh) reads operation 1, not an earlier one": (X, Operation("tanh", 4, (1,))),
    "operation 1 (tanh) reads operation -1, not an earlier one": (X, Operation("tanh", 4, (-1,))),
    "operation 1 (tanh) has an input of another size": (X, Operation("tanh", 5, (0,))),
    "operation 1 (tanh) has 2 inputs": (X, Operation("tanh", 4, (0, 0))),
    "operation 1 (add) has 1 inputs": (X, Operation("add", 4, (0,))),
    "operation 1 (add) has an input of another size": (X, Operation("add", 3, (0, 0))),
    "operation 1 (sum) must have size 1": (X, Operation("sum", 4, (0,))),
    "operation 1 (slice) reads past the end of its input": (X, Operation("slice", 4, (0,), begin=1)),
    "operation 1 (slice) has size 0": (X, Operation("slice", 0, (0,))),
    "operation 1 (concat) has another size than its inputs together": (X, Operation("concat", 7, (0, 0))),
    "operation 0 (input) reads an unknown input 'z'": (Operation("input", 4, key="z"),),
    "operation 0 (input) has another size": (Operation("input", 5, key="x"),),
    "operation 0 (state) reads an unknown state 'h'": (Operation("state", 4, key="h"),),
    "operation 0 (one_hot) has another size than its token": (Operation("one_hot", 4, key="t"),),
    "operation 0 (constant) must have size 1": (Operation("constant", 2),),
    "operation 0 (parameter) reads past the end of parameter 'b'": (
        Operation("parameter", 4, weight="b", begin=2),
    ),
    "operation 0 (parameter) reads parameter 'W', which has another number of axes": (
        Operation("parameter", 4, weight="W"),
    ),
    "operation 0 (embedding) has a table with another number of rows": (
        Operation("embedding", 4, key="t", weight="W"),
    ),
    "operation 1 (linear) reads an unknown parameter 'V'": (X, Operation("linear", 5, (0,), weight="V")),
    "operation 1 (linear) reads past the end of parameter 'W'": (
        X,
        Operation("linear", 5, (0,), weight="W", begin=1),
    ),
    "operation 1 (linear) reads past the end of parameter 'b'": (
        X,
        Operation("linear", 5, (0,), weight="W", bias="b", begin=0),
    ),
    "operation 1 (linear) adds a vector of another size": (X, Operation("linear", 5, (0, 0), weight="W")),
    "operation 1 (layer_norm) has an epsilon": (X, Operation("layer_norm", 4, (0,), value=float("nan"))),
    "the runtime has no operation 'fft'": (X, Operation("fft", 4, (0,))),
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_programs_are_named(text: str) -> None:
    parameters = {"W": (5, 4), "b": (4,)}
    program = program_of(*WRONG[text], parameters=parameters)
    with pytest.raises(ProgramError) as error:
        Engine(program, random_weights(program))
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_states_and_outputs_are_named() -> None:
    base = program_of(X)
    for change, text in (
        ({"outputs": {"y": 1}}, "output 'y' reads operation 1"),
        ({"outputs": {"y": -1}}, "output 'y' reads operation -1"),
        ({"states": (StateSlot("h", 3, 0),)}, "state 'h' has another size than its next value"),
        ({"states": (StateSlot("h", 4, 7),)}, "state 'h' reads operation 7"),
        ({"states": (StateSlot("h", 4, 0),) * 2}, "two states are named 'h'"),
        (
            {"states": (StateSlot("h", 4, 0, float("inf")),)},
            "state 'h' begins with a number that is not finite",
        ),
        ({"tokens": {"t": 0}}, "token 't' has size 0"),
        ({"inputs": {"x": 2**40}}, f"input 'x' has size {2**40}"),
    ):
        with pytest.raises(ProgramError, match=text):
            Engine(replace(base, **change), {})  # type: ignore[arg-type]


def test_wrong_weights_are_named() -> None:
    program = language_model()
    weights = random_weights(program)
    with pytest.raises(ShapeError, match="parameter 'bias' is missing"):
        Engine(program, {name: w for name, w in weights.items() if name != "bias"})
    with pytest.raises(ShapeError, match=r"'bias' has shape \(5,\), the program needs \(11,\)"):
        Engine(program, weights | {"bias": np.zeros(5, np.float32)})


def mutate(program: Program, rng: random.Random) -> Program:
    """Return the program with one field of one operation, state or output changed."""
    numbers = [-(2**31), -1, 0, 1, 2, 3, 7, 40, 1000, 2**31 - 1]
    kind = rng.randrange(4)
    if kind == 0:
        outputs = {**program.outputs, rng.choice(["last", "new"]): rng.choice(numbers)}
        return replace(program, outputs=outputs)
    if kind == 1:
        states = list(program.states)
        k = rng.randrange(len(states))
        states[k] = replace(states[k], **{rng.choice(["size", "result"]): rng.choice(numbers)})
        return replace(program, states=tuple(states))
    ops = list(program.operations)
    k = rng.randrange(len(ops))
    field = rng.choice([f.name for f in dataclasses.fields(Operation)])
    names = ["tanh", "add", "where", "linear", "layer_norm", "slice", "concat", "embedding", "sum", "state"]
    texts = ["", "x", "token", "s0", "table", "vector", *program.parameters]
    values = {
        "name": names,
        "inputs": [(), tuple(rng.randrange(-1, len(ops)) for _ in range(rng.randrange(4)))],
        "value": [float("nan"), -1.0, 1e30],
    }
    default = texts if field in ("key", "weight", "bias") else numbers
    ops[k] = replace(ops[k], **{field: rng.choice(values.get(field, default))})
    return replace(program, operations=tuple(ops))


@pytest.mark.thin(10)
@pytest.mark.parametrize("seed", range(100))
def test_damaged_programs_run_or_are_refused(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        program = random_program(seed)
        weights = random_weights(program)
        for _ in range(rng.randrange(1, 4)):
            program = mutate(program, rng)
        try:
            stream = Engine(program, weights, rng.choice(PRECISIONS)).stream(2)
        except UnrolledError:
            continue
        x = np.zeros((3, 2, program.inputs["x"]), np.float32)
        stream.run({"x": x}, {"token": np.zeros((3, 2), np.int64)})


def test_the_bindings_check_arrays_themselves() -> None:
    program = language_model()
    stream = core.Engine(
        [
            (o.name, o.size, list(o.inputs), o.key, o.weight, o.bias, o.begin, o.value)
            for o in program.operations
        ],
        [(s.name, s.size, s.result, s.initial) for s in program.states],
        list(program.outputs.items()),
        [],
        list(program.tokens.items()),
        random_weights(program),
        0,
        "",
    ).stream(2)
    ids, generated = np.zeros((3, 2), np.int64), np.zeros(2, np.int64)
    with pytest.raises(ShapeError, match="number of steps is negative"):
        stream.run(-1, {}, {"token": ids}, {}, None)
    with pytest.raises(ShapeError, match=r"token 'token': has shape \(3, 2\), expected \(4, 2\)"):
        stream.run(4, {}, {"token": ids}, {}, None)
    with pytest.raises(ShapeError, match=r"output 'logits': has shape \(3, 2, 10\), expected \(3, 2, 11\)"):
        stream.run(3, {}, {"token": ids}, {"logits": np.zeros((3, 2, 10), np.float32)}, None)
    with pytest.raises(ShapeError, match="the program has no output 'z'"):
        stream.run(3, {}, {"token": ids}, {"z": np.zeros((3, 2, 11), np.float32)}, None)
    with pytest.raises(TypeError):
        stream.run(3, {}, {"token": ids.astype(np.int32)}, {}, None)
    with pytest.raises(TypeError):
        stream.run(3, {}, {"token": ids}, {"logits": np.zeros((3, 2, 11))}, None)
    with pytest.raises(TypeError):
        stream.run(6, {}, {"token": np.zeros((12, 2), np.int64)[::2]}, {}, None)
    with pytest.raises(ShapeError, match="ids: has shape"):
        stream.generate(np.zeros((3, 1), np.int64), generated, "logits", [3], [1.0], [0], [1.0], [], -1)
    with pytest.raises(ShapeError, match="ids: has shape"):
        stream.generate(ids, generated, "logits", [3, 4], [1.0], [0], [1.0], [], -1)
    with pytest.raises(ShapeError, match="generated: has shape"):
        stream.generate(ids, generated[:1], "logits", [3], [1.0], [0], [1.0], [], -1)
    stream.run(3, {}, {"token": ids}, {}, None)
    for options in (([1.0] * 3, [0], [1.0]), ([1.0], [], [1.0]), ([1.0], [0], [1.0] * 3)):
        with pytest.raises(ShapeError, match=r"(temperature|top_k|top_p): got [03] values for 2 rows"):
            stream.generate(ids, generated, "logits", [3], *options, [], -1)
    with pytest.raises(ConfigError, match="count=-3 of row 1"):
        stream.generate(ids, generated, "logits", [3, -3], [1.0], [0], [1.0], [], -1)
    with pytest.raises(ShapeError, match="state 'h_l0': has shape"):
        stream.read_state("h_l0", np.zeros((2, 8), np.float32))
