"""Generation: the distribution, random numbers of each row, and the end of rows."""

import numpy as np
import pytest
import torch

from numerics import needs_extension
from program_reference import language_model, random_weights
from unrolled.decoding.sampling import SamplingConfig, distribution
from unrolled.engine import Engine, Stream
from unrolled.errors import ConfigError, NonFiniteError, ShapeError, StreamError
from unrolled.extension import core
from unrolled.programs.builder import Builder

pytestmark = needs_extension
KERNELS = tuple(core.runtime_kernel_sets()) if core else ()


@pytest.fixture(scope="module")
def engine() -> Engine:
    program = language_model(layers=2)
    return Engine(program, random_weights(program, scale=2.0))


def started(engine: Engine, batch: int = 1) -> Stream:
    stream = engine.stream(batch)
    stream.step(tokens={"token": np.arange(batch) % 11})
    return stream


def native_distribution(logits: np.ndarray, kernels: str = "", **options: object) -> np.ndarray:
    p = np.empty(logits.size)
    values = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "banned": []} | options
    core.sampling_distribution(logits, p, *values.values(), kernels)
    return p


OPTIONS = [
    {},
    {"temperature": 0.3},
    {"temperature": 50.0},
    {"temperature": 1e-310},
    {"temperature": 0.0},
    {"top_k": 1},
    {"top_k": 7},
    {"top_k": 1000},
    {"top_p": 1e-9},
    {"top_p": 0.5},
    {"top_p": 0.999},
    {"top_k": 9, "top_p": 0.7, "temperature": 1.7},
]


@pytest.mark.thin(5)
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("size", [1, 5, 96, 1003])
def test_the_distribution_is_that_of_decoding(size: int, options: dict[str, float], kernels: str) -> None:
    rng = np.random.default_rng(size)
    for logits in (
        rng.normal(size=size).astype(np.float32) * 3,
        rng.integers(3, size=size).astype(np.float32),  # many ties
        np.zeros(size, np.float32),
        rng.normal(size=size).astype(np.float32) * 1e30,
    ):
        expected = distribution(torch.from_numpy(logits), SamplingConfig(**options)).numpy()
        np.testing.assert_allclose(
            native_distribution(logits, kernels, **options), expected, rtol=1e-6, atol=1e-12
        )


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_banned_tokens_have_no_probability(options: dict[str, float]) -> None:
    logits = np.array([5.0, 1.0, 4.0, 3.0], np.float32)
    p = native_distribution(logits, **options, banned=[0, 2])
    masked = torch.from_numpy(logits).index_fill(0, torch.tensor([0, 2]), -torch.inf)
    np.testing.assert_allclose(p, distribution(masked, SamplingConfig(**options)).numpy(), rtol=1e-6)
    assert p[0] == p[2] == 0


def test_tokens_have_their_probabilities(engine: Engine) -> None:
    """Chi-square over the first token of many rows: 10 degrees of freedom, 0.1% quantile 29.6."""
    rows = 20_000
    stream = engine.stream(rows)
    stream.step(tokens={"token": np.full(rows, 3)})
    p = native_distribution(stream.outputs()["logits"][0])
    counts = np.bincount(stream.generate(1, seed=5)[0], minlength=11)
    assert ((counts - rows * p) ** 2 / (rows * p)).sum() < 29.6


def test_successive_tokens_of_a_row_are_independent() -> None:
    """A program whose logits do not depend on its input: pairs of tokens are uniform over all pairs."""
    builder = Builder()
    x = builder.embedding("token", "E", (4, 4))
    program = builder.finish(logits=x * 0.0)
    stream = started(Engine(program, random_weights(program)))
    ids = stream.generate(32_000, seed=3)[:, 0]
    counts = np.bincount(ids[::2] * 4 + ids[1::2], minlength=16)
    assert ((counts - 1000) ** 2 / 1000).sum() < 37.7  # 15 degrees of freedom, 0.1% quantile


def test_generation_feeds_each_token_back(engine: Engine) -> None:
    stream, again = started(engine, 3), started(engine, 3)
    ids = stream.generate(8, seed=2)
    again.run(tokens={"token": ids})
    for name, value in again.state().items():
        np.testing.assert_array_equal(stream.state()[name], value)


def test_temperature_zero_takes_the_most_probable_token(engine: Engine) -> None:
    stream, again = started(engine), started(engine)
    ids = stream.generate(10, temperature=0.0)[:, 0]
    logits = again.outputs()["logits"][0]
    for token in ids:
        assert token == logits.argmax()
        logits = again.step_token(int(token))


def test_the_same_seed_gives_the_same_tokens(engine: Engine) -> None:
    first, second = started(engine, 2).generate(20, seed=9), started(engine, 2).generate(20, seed=9)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, started(engine, 2).generate(20, seed=10))
    assert not np.array_equal(first[:, :1], started(engine, 2).generate(20, seed=-9)[:, :1])


def test_two_calls_continue_as_one(engine: Engine) -> None:
    whole = started(engine, 2).generate(20, seed=4)
    stream = started(engine, 2)
    pieces = [stream.generate(7, seed=4), stream.generate(13)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_the_text_of_a_row_does_not_depend_on_the_others(engine: Engine) -> None:
    together = started(engine, 3).generate(20, seed=[5, 6, 7])
    for row, seed in enumerate((5, 6, 7)):
        stream = engine.stream()
        stream.step_token(row)
        np.testing.assert_array_equal(stream.generate(20, seed=seed)[:, 0], together[:, row])
    equal_starts = engine.stream(2)
    equal_starts.step(tokens={"token": np.zeros(2, np.int64)})
    ids = equal_starts.generate(20, seed=0)
    assert not np.array_equal(ids[:, 0], ids[:, 1])


def test_random_numbers_go_with_their_row(engine: Engine) -> None:
    whole = started(engine, 3).generate(20, seed=1)
    stream = started(engine, 3)
    stream.generate(5, seed=1)
    stream.keep([2, 0])
    np.testing.assert_array_equal(stream.generate(15), whole[5:, [2, 0]])


def test_a_row_ends_with_the_stop_token(engine: Engine) -> None:
    free = started(engine, 4).generate(200, seed=8, temperature=9.0)
    stop = 5
    stream = started(engine, 4)
    ids = stream.generate(200, seed=8, temperature=9.0, stop=stop)
    ends = [int(np.flatnonzero(free[:, row] == stop)[0]) for row in range(4)]
    assert len(ids) == max(ends) + 1
    for row, end in enumerate(ends):
        np.testing.assert_array_equal(ids[: end + 1, row], free[: end + 1, row])
        assert (ids[end:, row] == stop).all()
        alone = engine.stream()
        alone.step_token(row)
        alone.run(tokens={"token": free[:end, row : row + 1]})
        for name, value in alone.state().items():
            np.testing.assert_array_equal(stream.state()[name][row], value[0])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"temperature": -1.0}, "temperature=-1.0*: must be a finite number, at least 0"),
        ({"temperature": float("nan")}, "temperature=-?nan: must be a finite number"),
        ({"temperature": float("inf")}, "temperature=inf: must be a finite number"),
        ({"top_k": -1}, "top_k=-1: must not be negative"),
        ({"top_p": 0.0}, r"top_p=0.0*: must be in \(0, 1\]"),
        ({"top_p": 1.5}, r"top_p=1.50*: must be in \(0, 1\]"),
        ({"banned": [11]}, "banned: token 11 is not one of the 11 tokens"),
        ({"banned": [*range(11)]}, "banned: no token is left"),
        ({"stop": 11}, "stop=11: is neither -1 nor one of the 11 tokens"),
        ({"stop": -2}, "stop=-2: is neither -1 nor one of the 11 tokens"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(engine: Engine, options: dict[str, object], text: str) -> None:
    stream = started(engine)
    before = stream.state()["h_l0"]
    with pytest.raises(ConfigError, match=text):
        stream.generate(3, **options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(stream.state()["h_l0"], before)


def test_other_wrong_calls_are_refused(engine: Engine) -> None:
    with pytest.raises(StreamError, match="needs the logits of a step"):
        engine.stream().generate(1)
    stream = started(engine)
    stream.add(1)
    with pytest.raises(StreamError, match="needs the logits of a step"):
        stream.generate(1)
    with pytest.raises(ShapeError, match="the program has no output 'y'"):
        started(engine).generate(1, output="y")
    with pytest.raises(ShapeError, match="seed: got 3 seeds for 2 rows"):
        started(engine, 2).generate(1, seed=[1, 2, 3])
    with pytest.raises(ConfigError, match="count=-1"):
        started(engine).generate(-1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_not_finite_are_an_error(value: float, temperature: float) -> None:
    program = language_model()
    weights = random_weights(program)
    weights["bias"][:] = value
    with pytest.raises(NonFiniteError, match="the model gives no finite probabilities"):
        started(Engine(program, weights)).generate(1, temperature=temperature)
