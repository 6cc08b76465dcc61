"""bfloat16 and int8: what is rounded, and what it costs."""

import numpy as np
import pytest
import torch

from numerics import needs_extension
from program_reference import language_model, program_of, random_weights, weights_of
from unrolled.cells import GRU, LSTM
from unrolled.engine import PRECISIONS, Engine, Precision
from unrolled.errors import ConfigError
from unrolled.extension import core
from unrolled.layers import Recurrent
from unrolled.programs.builder import Builder
from unrolled.programs.program import Operation, Program

pytestmark = needs_extension
KERNELS = tuple(core.runtime_kernel_sets()) if core else ()
SIZES = [(1, 1), (3, 5), (16, 64), (17, 130), (70, 33), (200, 257)]


def product_program(rows: int, columns: int, *, bias: bool = False) -> Program:
    builder = Builder()
    parameters = builder.parameters({"W": (rows, columns)} | ({"b": (rows,)} if bias else {}))
    x = builder.input("x", columns)
    return builder.finish(y=x.linear(parameters["W"], parameters.get("b")))  # type: ignore[arg-type]


def product(x: np.ndarray, w: np.ndarray, precision: Precision, kernels: str) -> np.ndarray:
    engine = Engine(product_program(*w.shape), {"W": w}, precision, kernels=kernels)
    return engine.stream(len(x)).step({"x": x})["y"]


def bfloat16(x: np.ndarray) -> np.ndarray:
    return torch.from_numpy(x).bfloat16().float().numpy()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_bfloat16_rounds_weights_and_vectors_and_adds_in_float32(
    sizes: tuple[int, int], kernels: str
) -> None:
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=sizes).astype(np.float32), rng.normal(size=(4, sizes[1])).astype(np.float32)
    exact = bfloat16(x).astype(np.float64) @ bfloat16(w).astype(np.float64).T
    np.testing.assert_allclose(product(x, w, "bfloat16", kernels), exact, rtol=1e-4, atol=1e-4)


def quantised_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the definition of the int8 product, with whole-number sums."""
    scale_w = np.abs(w).max(1, keepdims=True) / np.float32(127)
    largest = np.abs(x).max(1, keepdims=True)
    whole_w = np.rint(w / scale_w).astype(np.int64)
    whole_x = np.rint(x * (np.float32(127) / largest)).astype(np.int64)
    sums = (whole_x @ whole_w.T).astype(np.float32)
    return sums * (scale_w.T * (largest / np.float32(127)))


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_int8_sums_are_exact_with_every_instruction_set(sizes: tuple[int, int], kernels: str) -> None:
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=sizes).astype(np.float32), rng.normal(size=(4, sizes[1])).astype(np.float32)
    np.testing.assert_array_equal(product(x, w, "int8", kernels), quantised_product(x, w))


@pytest.mark.parametrize("kernels", KERNELS)
def test_the_largest_int8_sums_do_not_saturate(kernels: str) -> None:
    w = np.ones((5, 70_000), np.float32)
    for sign in (1, -1):
        x = np.full((1, 70_000), sign, np.float32)
        np.testing.assert_array_equal(product(x, w, "int8", kernels), quantised_product(x, w))


@pytest.mark.parametrize("kernels", KERNELS)
def test_int8_of_zeros_tiny_numbers_and_numbers_that_are_not_finite(kernels: str) -> None:
    w = np.array([[1, -1, 2], [0, 0, 0], [1e-39, 0, 0]], np.float32)
    x = np.array([[0, 0, 0], [1e-40, 0, 0], [np.nan, 1, 1], [np.inf, 1, 1], [1, 1, 1]], np.float32)
    y = product(x, w, "int8", kernels)
    np.testing.assert_array_equal(y[:2], np.zeros((2, 3)))
    assert np.isnan(y[2:4, 0]).all()
    np.testing.assert_allclose(y[4], [2, 0, 0], rtol=2e-2)


def test_int8_refuses_weights_that_are_not_finite() -> None:
    w = np.array([[1, np.inf]], np.float32)
    with pytest.raises(ConfigError, match="parameter 'W' has a value that is not finite"):
        Engine(product_program(1, 2), {"W": w}, "int8")


def test_int8_refuses_a_matrix_whose_sums_could_overflow() -> None:
    columns = 2**17 + 1
    with pytest.raises(ConfigError, match=f"W has {columns} columns, int8 allows {2**17}"):
        Engine(product_program(1, columns), {"W": np.zeros((1, columns), np.float32)}, "int8")


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_row_does_not_depend_on_the_others_to_the_last_bit(precision: Precision, kernels: str) -> None:
    program = language_model(hidden=70, layers=2)
    engine = Engine(program, random_weights(program), precision, kernels=kernels)
    tokens = np.random.default_rng(0).integers(11, size=(6, 7))
    together = engine.stream(7).run(tokens={"token": tokens})["logits"]
    for row in range(7):
        alone = engine.stream().run(tokens={"token": tokens[:, row : row + 1]})["logits"]
        np.testing.assert_array_equal(alone[:, 0], together[:, row])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_even_and_odd_steps_have_the_same_bits(precision: Precision) -> None:
    """Every other step reads the weights in another order."""
    program = language_model(hidden=40, layers=3, cell=GRU())
    engine = Engine(program, random_weights(program), precision)
    tokens = np.random.default_rng(0).integers(11, size=(9, 1))
    first, second = engine.stream(), engine.stream()
    second.run(tokens={"token": tokens[:1]})
    second.reset()
    for t in tokens:
        a, b = (s.run(tokens={"token": t[None]})["logits"] for s in (first, second))
        np.testing.assert_array_equal(a, b)


LIMITS = {"float32": 1e-5, "bfloat16": 2e-2, "int8": 4e-2}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("cell", [LSTM(), GRU()], ids=lambda cell: type(cell).__name__)
def test_the_cost_of_a_precision_over_many_steps(cell: object, precision: Precision) -> None:
    layer = Recurrent(20, 64, 2, cell=cell)  # type: ignore[arg-type]
    x = torch.randn(200, 2, 20)
    with torch.no_grad():
        expected = layer(x)[0].numpy()
    engine = Engine(program_of(layer), weights_of(layer), precision)
    ours = engine.stream(2).run({"x": x.numpy()})["y"]
    assert np.abs(ours - expected).max() < LIMITS[precision] * np.abs(expected).max()


def test_lower_precisions_take_less_memory() -> None:
    program = language_model(hidden=256, layers=2)
    weights = random_weights(program)
    sizes = [Engine(program, weights, precision).weight_bytes for precision in PRECISIONS]
    assert 1.9 < sizes[0] / sizes[1] < 2.1
    assert 3.5 < sizes[0] / sizes[2] < 4.1


def test_an_unknown_precision_is_an_error() -> None:
    program = Program((Operation("input", 1, key="x"),), {}, (), {"y": 0}, {"x": 1}, {})
    with pytest.raises(ConfigError, match=r"precision='int7': must be one of .* \(did you mean 'int8'\?\)"):
        Engine(program, {}, "int7")  # type: ignore[arg-type]


def test_unknown_kernels_are_an_error() -> None:
    program = Program((Operation("input", 1, key="x"),), {}, (), {"y": 0}, {"x": 1}, {})
    with pytest.raises(ConfigError, match=r"kernels='mmx': this processor runs .*baseline"):
        Engine(program, {}, kernels="mmx")


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_a_text_costs_little_more_in_a_lower_precision(precision: Precision) -> None:
    """A model with sharp distributions, scored on 3,000 tokens of its own: at most 1% more nats."""
    program = language_model(96, 32, 128, layers=2)
    weights = random_weights(program, scale=0.15)
    weights["output"] *= 25
    weights["input"] *= 5
    exact, rounded = (Engine(program, weights, p).stream() for p in ("float32", precision))
    exact.step_token(0)
    text = np.concatenate([[[0]], exact.generate(3000, seed=0)])
    exact.reset()

    def nats(logits: np.ndarray) -> float:
        p = torch.from_numpy(logits[:-1, 0]).double().log_softmax(-1)
        return float(-p[np.arange(3000), text[1:, 0]].mean())

    expected = nats(exact.run(tokens={"token": text})["logits"])
    assert 1 < expected < 3
    assert abs(nats(rounded.run(tokens={"token": text})["logits"]) / expected - 1) < 0.01
