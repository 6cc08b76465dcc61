"""The C source of any program computes what the program says: every operation, any movement of states."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_models import (
    CModel,
    compile_library,
    export_and_compile,
    language_model,
    random_inputs,
    random_weights,
)
from unrolled.cells import LSTM
from unrolled.exporters.c import export_c
from unrolled.programs import quantise
from unrolled.programs.builder import Builder
from unrolled.programs.evaluate import Evaluator
from unrolled.programs.layers import RecurrentSpec, add_stack
from unrolled.programs.operations import OPERATIONS
from unrolled.programs.program import Program
from unrolled.programs.quantise import Int8Product
from unrolled.programs.symbols import concat

UNARY = ("sigmoid", "tanh", "relu", "exp", "log_sigmoid", "softplus", "abs", "round", "__neg__")
BINARY = ("__add__", "__sub__", "__mul__", "minimum", "maximum", "__gt__")


def random_program(seed: int) -> Program:
    """Return a random program with several states, tokens and inputs."""
    rng = random.Random(seed)
    builder = Builder()
    sizes = [1, 3, 6, 18]
    values: list[Any] = [builder.input("x", 6), builder.input("class", 3), builder.constant(0.25)]
    values += [builder.embedding("token", "table", (7, 6)), builder.one_hot("kind", 3)]
    states = {f"s{i}": rng.choice(sizes) for i in range(4)}
    values += [builder.state(name, size, initial=i - 1.5) for i, (name, size) in enumerate(states.items())]
    values += [builder.parameter("vector", (18,)), builder.parameter("part", (18,))[3:9]]

    def pick(*allowed: int) -> Any:
        fitting = [v for v in values if not allowed or v.length in allowed]
        return rng.choice(fitting or values)

    def fit(size: int) -> Any:
        """Return a value of a size."""
        fitting = [v for v in values if v.length == size]
        return rng.choice(fitting) if fitting else matrix(pick(), size)

    def matrix(x: Any, rows: int, *, bias: bool = True) -> Any:
        # Two matrices of one input size are the halves of one parameter.
        weight: Any = builder.parameter(f"w{x.length}_{rows}", (2 * rows, x.length))
        vector: Any = builder.parameter(f"b{rows}", (2 * rows,))
        half = rng.randrange(2) * rows
        return x.linear(weight[half : half + rows], vector[half : half + rows] if bias else None)

    for _ in range(30):
        x = pick()
        match rng.randrange(9):
            case 0:
                new = getattr(x, rng.choice(UNARY))()
            case 1 | 2:
                new = getattr(x, rng.choice(BINARY))(pick(1, x.length))
            case 3:
                new = x.where(pick(1, x.length) > 0.1, pick(1, x.length))
            case 4:
                new = matrix(x, rng.choice(sizes), bias=rng.random() < 0.5)
                new = new + fit(new.length) if rng.random() < 0.5 else new
            case 5:
                size = rng.randint(1, x.length)
                new = x.part(rng.randint(0, x.length - size), size)
            case 6:
                new = rng.choice((x.sum(-1, True), x.amax(-1, True), x.softmax()))
            case 7:
                new = concat([x, pick(), pick()]).part(0, rng.choice((1, x.length)))
            case _:
                new = x.layer_norm(fit_parameter(builder, x.length)) if x.length > 1 else x.sigmoid()
        values.append(new * 0.5 if new.length > 1 else new.tanh())
    for name, size in states.items():
        builder.set_state(name, fit(size).symbol())
    return builder.finish(
        y=rng.choice(values[5:]).symbol(), z=values[-1].symbol(), old=rng.choice(values).symbol()
    )


def fit_parameter(builder: Builder, size: int) -> Any:
    return builder.parameter(f"norm{size}", (size,))


def compare(model: CModel, expected: dict[str, np.ndarray], steps: Any) -> None:
    for name, y in model.run(*steps).items():
        np.testing.assert_allclose(y, expected[name], atol=1e-4, rtol=1e-4)


SANITIZED = ("-O0", "-fsanitize=undefined", "-fno-sanitize=float-divide-by-zero", "-fno-sanitize-recover")


@pytest.mark.thin(8)
@pytest.mark.parametrize("batch", range(8))
def test_random_programs(batch: int, tmp_path: Path) -> None:
    programs = {seed: random_program(seed) for seed in range(6 * batch, 6 * batch + 6)}
    for seed, program in programs.items():
        export_c(program, random_weights(program, seed), tmp_path, name=f"p{seed}")
    library = compile_library(tmp_path, *(f"p{seed}" for seed in programs), flags=SANITIZED)
    for seed, program in programs.items():
        weights = {k: w.astype(np.float64) for k, w in random_weights(program, seed).items()}
        steps = random_inputs(program, 5, seed)
        compare(CModel(library, f"p{seed}", program), Evaluator(program, weights).run(*steps), steps)


def test_random_programs_have_every_operation() -> None:
    seen = {op.name for seed in range(48) for op in random_program(seed).operations}
    # A cell of test_c_cells has the others, which need positive operands.
    assert seen >= {*OPERATIONS} - {"log", "sqrt"}


def moving_states() -> Program:
    """States that shift, trade places, keep their value and take inputs; outputs of old values."""
    builder = Builder()
    x = builder.input("x", 3)
    s = {
        name: builder.state(name, 3, initial=i)
        for i, name in enumerate(("a", "b", "c", "p", "q", "kept", "half"))
    }
    for name, value in {
        "a": x, "b": s["a"], "c": s["b"], "p": s["q"], "q": s["p"], "kept": s["kept"],
        "half": (s["half"] + x) * 0.5,
    }.items():  # fmt: skip
        builder.set_state(name, value)
    return builder.finish(old=s["c"], same=x, swapped=s["p"] + 1.0, half=s["half"], twice=x * 2.0)


def test_states_move_as_the_program_says(tmp_path: Path) -> None:
    program = moving_states()
    steps = random_inputs(program, 6)
    model = export_and_compile(tmp_path, program, {})
    compare(model, Evaluator(program, {}).run(*steps), steps)


def test_an_output_may_be_written_over_its_input(tmp_path: Path) -> None:
    program = moving_states()
    builder = Builder()
    x = builder.input("x", 4)
    y = add_stack(builder, x, RecurrentSpec(cell=LSTM(), input_size=4, hidden_size=4, masks={}))
    past = builder.state("past", 4)
    builder.set_state("past", x)
    program = builder.finish(y=y + past + x)
    weights = random_weights(program)
    model = export_and_compile(tmp_path, program, weights)
    (inputs, _) = random_inputs(program, 5)
    expected = Evaluator(program, weights).run(inputs, {})["y"]
    for t, x_t in enumerate(inputs["x"]):
        buffer = x_t.copy()
        pointer = buffer.ctypes.data
        assert model.call("step", pointer, pointer) == 0
        np.testing.assert_allclose(buffer, expected[t], atol=1e-5)


def tied_model(vocabulary: int) -> Program:
    builder = Builder()
    x = builder.embedding("token", "input.weight", (vocabulary, 10))
    h = add_stack(builder, x, RecurrentSpec(cell=LSTM(), input_size=10, hidden_size=10, masks={}))
    table: Any = builder.parameter("input.weight", (vocabulary, 10))
    return builder.finish(logits=h.linear(table))


def small_model(vocabulary: int) -> Program:
    """A vocabulary so small that W times the embedding is one table."""
    return language_model(vocabulary // 7)[0]


def one_hot_model(vocabulary: int) -> Program:
    builder = Builder()
    x = builder.one_hot("token", vocabulary)
    h = add_stack(builder, x, RecurrentSpec(cell=LSTM(), input_size=vocabulary, hidden_size=9, masks={}))
    return builder.finish(h=h)


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("make", [tied_model, one_hot_model, small_model])
def test_token_models(make: Any, precision: Any, tmp_path: Path) -> None:
    program = make(37)
    weights = random_weights(program)
    steps = random_inputs(program, 40)
    model = export_and_compile(tmp_path, program, weights, precision=precision)
    product = Int8Product() if precision == "int8" else None
    expected = Evaluator(program, weights, product).run(*steps)
    for name, y in model.run(*steps).items():
        close = np.abs(y - expected[name]) < 1e-5 * np.maximum(1, np.abs(expected[name]))
        assert np.mean(close) > (0.95 if product else 0.999999)
        np.testing.assert_allclose(y, expected[name], atol=0.05 if product else 1e-5)


def test_products_with_tokens_become_tables(tmp_path: Path) -> None:
    program = small_model(37)
    export_c(program, random_weights(program), tmp_path, name="small", precision="int8")
    source = (tmp_path / "small.c").read_text()
    assert "recurrent_weight_ih_l0_of_input_weight[180]" in source
    assert "float input_weight[" not in source


def test_an_embedding_too_large_for_a_table_is_multiplied_in_int8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "LARGEST_TABLE", 100)
    program = tied_model(37)
    weights, steps = random_weights(program), random_inputs(program, 10)
    model = export_and_compile(tmp_path, program, weights, precision="int8")
    assert "weight_ih_l0_int8" in (tmp_path / "model.c").read_text()
    compare(model, Evaluator(program, weights, Int8Product()).run(*steps), steps)


def test_tied_weights_are_stored_once(tmp_path: Path) -> None:
    program = tied_model(37)
    report = export_c(program, random_weights(program), tmp_path, name="tied")
    assert report.weight_bytes == 4 * sum(int(np.prod(shape)) for shape in program.parameters.values())
    assert report.multiply_adds == 37 * 10 + 2 * 40 * 10
    assert report.state_bytes == 4 * 20


def test_reset_returns_to_the_beginning(tmp_path: Path) -> None:
    program, weights = language_model(12)
    model = export_and_compile(tmp_path, program, weights)
    steps = random_inputs(program, 7)
    first = model.run(*steps)["logits"]
    assert not np.array_equal(first, model.run(*steps)["logits"])
    model.reset()
    np.testing.assert_array_equal(first, model.run(*steps)["logits"])


@pytest.mark.parametrize("token", [-1, 12, 2**31 - 1])
def test_a_token_out_of_range_changes_nothing(token: int, tmp_path: Path) -> None:
    program, weights = language_model(12)
    model = export_and_compile(tmp_path, program, weights)
    before = bytes(model.memory)
    status, outputs = model.step({}, {"token": token})
    assert status == 1
    assert bytes(model.memory) == before
    assert np.isnan(outputs["logits"]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_value_that_is_not_finite_stays_visible(value: float, precision: Any, tmp_path: Path) -> None:
    builder = Builder()
    x = builder.input("x", 5)
    program = builder.finish(y=x.linear(builder.parameter("w", (3, 5))))
    model = export_and_compile(tmp_path, program, random_weights(program), precision=precision)
    _, outputs = model.step({"x": np.array([1, value, 0, 0, 0])}, {})
    assert not np.isfinite(outputs["y"]).any()
