"""Inputs that are tokens: embeddings, one-hot vectors, and the tables that replace their products."""

import numpy as np
import pytest

from numerics import needs_extension
from program_reference import Reference, language_model, random_weights
from unrolled.engine import Engine
from unrolled.errors import ShapeError
from unrolled.programs.builder import Builder
from unrolled.programs.program import Program
from unrolled.programs.symbols import concat

pytestmark = needs_extension


def assert_matches_reference(
    program: Program, tokens: dict[str, np.ndarray], tolerance: float = 1e-5
) -> Engine:
    weights = random_weights(program)
    engine = Engine(program, weights)
    steps, batch = next(iter(tokens.values())).shape
    result = engine.stream(batch).run(tokens=tokens)
    for row in range(batch):
        reference = Reference(program, weights)
        for t in range(steps):
            expected = reference.step({}, {name: int(ids[t, row]) for name, ids in tokens.items()})
            for name, value in expected.items():
                np.testing.assert_allclose(result[name][t, row], value, atol=tolerance)
    return engine


@pytest.mark.parametrize("one_hot", [False, True])
def test_language_models(one_hot: bool) -> None:
    program = language_model(layers=2, one_hot=one_hot)
    assert_matches_reference(program, {"token": np.arange(12).reshape(6, 2) % 11})


def test_a_product_of_a_token_costs_no_multiplication() -> None:
    small = language_model(11, 6, 9)
    engine = Engine(small, random_weights(small))
    assert engine.multiply_adds == 36 * 9 + 11 * 9  # U h and the output; W x is a table


def test_a_large_vocabulary_keeps_the_embedding_and_its_product() -> None:
    program = language_model(20_000, 2, 220)
    engine = assert_matches_reference(program, {"token": np.array([[0], [19_999], [7]])})
    assert engine.multiply_adds == 880 * (220 + 2) + 20_000 * 220
    assert engine.weight_bytes < 25e6  # the table would take 70 MB


def test_two_tokens_and_every_use_of_an_embedding() -> None:
    builder = Builder()
    a = builder.embedding("a", "A", (5, 7))
    b = builder.one_hot("b", 3)
    p = builder.parameters({"W": (7, 7), "bW": (7,), "U": (4, 3), "P": (2, 10)})
    both = (a.linear(p["W"], p["bW"]) + a).tanh()  # type: ignore[arg-type]
    program = builder.finish(
        both=both,
        row=a,
        hot=b,
        product=b.linear(p["U"]),  # type: ignore[arg-type]
        joined=concat([a, b]).linear(p["P"]),  # type: ignore[arg-type]
    )
    tokens = {"a": np.array([[0, 4], [2, 1]]), "b": np.array([[2, 0], [1, 2]])}
    assert_matches_reference(program, tokens)


def test_an_embedding_that_is_also_the_output_matrix() -> None:
    builder = Builder()
    x = builder.embedding("token", "E", (9, 4))
    h = builder.state("h", 4)
    new = (x + h).tanh()
    builder.set_state("h", new)
    program = builder.finish(logits=new.linear(builder.parameter("E", (9, 4))))  # type: ignore[arg-type]
    assert_matches_reference(program, {"token": np.array([[3], [8], [0]])})


@pytest.mark.parametrize("token", [-1, 11, 2**62, -(2**63)])
def test_tokens_outside_the_vocabulary_are_refused(token: int) -> None:
    program = language_model()
    stream = Engine(program, random_weights(program)).stream()
    for call in (
        lambda: stream.step_token(token),
        lambda: stream.step(tokens={"token": np.array([token])}),
        lambda: stream.run(tokens={"token": np.array([[1], [token]])}),
    ):
        with pytest.raises(ShapeError, match=f"token 'token': {token} is not one of its 11 values"):
            call()
    assert not stream.state()["h_l0"].any(), "a refused call must not change the state"
