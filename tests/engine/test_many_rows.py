"""Blocks of rows, in products and in a step: every row gets the bits that it gets alone."""

import numpy as np
import pytest

from numerics import needs_extension
from program_reference import language_model, random_program, random_weights
from unrolled.engine import PRECISIONS, Engine, Precision
from unrolled.extension import core
from unrolled.programs.builder import Builder

pytestmark = needs_extension
KERNELS = tuple(core.runtime_kernel_sets()) if core else ()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("sizes", [(1, 1), (70, 33), (130, 64), (200, 257)], ids=str)
def test_a_product_does_not_depend_on_the_number_of_rows(
    sizes: tuple[int, int], precision: Precision, kernels: str
) -> None:
    builder = Builder()
    weight = builder.parameters({"W": sizes})["W"]
    program = builder.finish(y=builder.input("x", sizes[1]).linear(weight))  # type: ignore[arg-type]
    engine = Engine(program, random_weights(program), precision, kernels=kernels)
    x = np.random.default_rng(0).normal(size=(31, sizes[1])).astype(np.float32)
    x[3, ::2] = 0.0  # a column with -0 or a denormal number behaves like any other
    x[4, ::2], x[5, ::2] = -0.0, 1e-40
    alone = np.concatenate([engine.stream().step({"x": row[None]})["y"] for row in x])
    for rows in (*range(2, 15), 31):
        np.testing.assert_array_equal(engine.stream(rows).step({"x": x[:rows]})["y"], alone[:rows])


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_many_blocks_are_those_of_single_streams(seed: int) -> None:
    program = random_program(seed)
    engine = Engine(program, random_weights(program), PRECISIONS[seed % 3])
    rng, rows, steps = np.random.default_rng(seed), 61, 4
    x = rng.normal(size=(steps, rows, program.inputs["x"])).astype(np.float32)
    tokens = rng.integers(7, size=(steps, rows))
    lengths = rng.integers(0, steps + 1, rows)
    lengths[24:48] = 0  # a block of rows without a step
    stream = engine.stream(rows)
    outputs = stream.run({"x": x}, {"token": tokens}, lengths=lengths)
    state = stream.state()
    for row in (0, 23, 24, 47, 48, 60):
        n, alone = lengths[row], engine.stream()
        expected = alone.run({"x": x[:n, row : row + 1]}, {"token": tokens[:n, row : row + 1]})
        for name, value in expected.items():
            np.testing.assert_array_equal(outputs[name][:n, row], value[:, 0])
            assert not outputs[name][n:, row].any()
        for name, value in alone.state().items():
            np.testing.assert_array_equal(state[name][row], value[0])


@pytest.mark.parametrize("hidden", [9, 320], ids=["small weights", "large weights"])
def test_states_of_many_blocks_go_out_and_in(hidden: int) -> None:
    """The carried product of the first layer is computed anew for every block."""
    program = language_model(hidden=hidden, layers=2)
    engine = Engine(program, random_weights(program, scale=0.1))
    rows = 230
    ids = np.random.default_rng(0).integers(11, size=(3, rows))
    stream, restored = engine.stream(rows), engine.stream(rows)
    stream.run(tokens={"token": ids})
    restored.restore(stream.state())
    np.testing.assert_array_equal(
        restored.step(tokens={"token": ids[0]})["logits"], stream.step(tokens={"token": ids[0]})["logits"]
    )
    stream.set_outputs(restored.outputs())
    expected = stream.copy().generate(5, seed=range(rows))
    count = [5 if row < 100 else 1 for row in range(rows)]
    np.testing.assert_array_equal(stream.generate(count, seed=range(rows))[:, :100], expected[:, :100])
    alone = restored.select([229])
    np.testing.assert_array_equal(alone.generate(5, seed=[229])[:, 0], expected[:, 229])
