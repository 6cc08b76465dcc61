"""Every operation, with every instruction set, compared with an evaluation in float64."""

import math

import numpy as np
import pytest

from numerics import needs_extension
from program_reference import BINARY_FUNCTIONS, UNARY_FUNCTIONS, Reference, random_program, random_weights
from unrolled.engine import Engine
from unrolled.extension import core
from unrolled.programs.operations import OPERATIONS
from unrolled.programs.program import Operation, Program

pytestmark = needs_extension
KERNELS = tuple(core.runtime_kernel_sets()) if core else ()
SPECIAL = [0.0, -0.0, 1e-40, -1e-40, 1e-30, 0.5, 1.5, 2.5, -2.5, 88.5, -88.5, 104.0, 3e38, -3e38, 8388609.0]
NOT_FINITE = [math.inf, -math.inf, math.nan]


def test_the_runtime_knows_the_operations_of_programs() -> None:
    assert tuple(core.runtime_operations()) == OPERATIONS


def apply(name: str, arrays: list[np.ndarray], kernels: str) -> np.ndarray:
    """Return the result of one operation on arrays (size,)."""
    inputs = {f"x{k}": a.size for k, a in enumerate(arrays)}
    ops = [Operation("input", size, key=key) for key, size in inputs.items()]
    ops.append(Operation(name, max(inputs.values()), tuple(range(len(arrays)))))
    program = Program(tuple(ops), {}, (), {"y": len(arrays)}, inputs, {})
    stream = Engine(program, {}, kernels=kernels).stream()
    return stream.step({f"x{k}": a[None] for k, a in enumerate(arrays)})["y"][0]


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", UNARY_FUNCTIONS)
def test_unary_operations(name: str, kernels: str) -> None:
    x = np.concatenate([np.linspace(-12, 12, 1001), SPECIAL, NOT_FINITE]).astype(np.float32)
    with np.errstate(all="ignore"):
        expected = UNARY_FUNCTIONS[name](x.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(apply(name, [x], kernels), expected, rtol=3e-6, atol=1.2e-38)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", BINARY_FUNCTIONS)
def test_binary_operations_with_vectors_and_numbers(name: str, kernels: str) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 37)).astype(np.float32)
    a[:3], b[:3], b[3] = [math.nan, 1, 2], [1, math.nan, 2], a[3]
    for left, right in ((a, b), (a, b[4:5]), (a[5:6], b), (a[6:7], b[6:7])):
        with np.errstate(all="ignore"):
            expected = BINARY_FUNCTIONS[name](left.astype(np.float64), right).astype(np.float32)
        np.testing.assert_allclose(apply(name, [left, right], kernels), expected, rtol=1e-6)


@pytest.mark.parametrize("kernels", KERNELS)
def test_reductions(kernels: str) -> None:
    rng = np.random.default_rng(2)
    for size in (1, 5, 16, 17, 200):
        x = (rng.normal(size=size) - 5).astype(np.float32)
        ops = (
            Operation("input", size, key="x"),
            Operation("sum", 1, (0,)),
            Operation("largest", 1, (0,)),
        )
        program = Program(ops, {}, (), {"sum": 1, "largest": 2}, {"x": size}, {})
        stream = Engine(program, {}, kernels=kernels).stream()
        result = stream.step({"x": x[None]})
        np.testing.assert_allclose(result["sum"][0], [x.sum(dtype=np.float64)], rtol=1e-6)
        assert result["largest"][0] == x.max()
        x[size // 2] = math.nan
        assert np.isnan(stream.step({"x": x[None]})["largest"]).all()


@pytest.mark.thin(5)
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int, kernels: str) -> None:
    program = random_program(seed)
    weights = random_weights(program, seed)
    rng = np.random.default_rng(seed)
    steps, batch = 5, 3
    x = rng.normal(size=(steps, batch, program.inputs["x"])).astype(np.float32)
    tokens = rng.integers(7, size=(steps, batch))
    stream = Engine(program, weights, kernels=kernels).stream(batch)
    result = stream.run({"x": x}, {"token": tokens})
    state = stream.state()
    for row in range(batch):
        reference = Reference(program, weights)
        for t in range(steps):
            expected = reference.step({"x": x[t, row]}, {"token": int(tokens[t, row])})
            for name, value in expected.items():
                np.testing.assert_allclose(result[name][t, row], value, rtol=2e-3, atol=2e-4)
        for name, value in reference.state.items():
            np.testing.assert_allclose(state[name][row], value, rtol=2e-3, atol=2e-4)
