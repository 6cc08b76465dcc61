"""Generation with options of each row: every row gets what it would get alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics import needs_extension
from program_reference import language_model, random_weights
from unrolled.engine import PRECISIONS, Engine, Precision, Stream
from unrolled.errors import ConfigError, NonFiniteError, ShapeError

pytestmark = needs_extension
PROGRAM = language_model(layers=2)
WEIGHTS = random_weights(PROGRAM, scale=2.0)
ENGINES: dict[str, Engine] = {}
ROW = st.fixed_dictionaries(
    {
        "count": st.integers(0, 9),
        "temperature": st.sampled_from([0.0, 5e-324, 1e-300, 0.3, 1.0, 9.0, 1.7e308]),
        "top_k": st.sampled_from([0, 1, 3, 99]),
        "top_p": st.sampled_from([5e-324, 1e-9, 0.5, 0.9, 1.0]),
        "seed": st.integers(-3, 3),
    }
)


def started(precision: Precision, tokens: list[int]) -> Stream:
    """Return a stream whose rows have read one token each."""
    if precision not in ENGINES:
        ENGINES[precision] = Engine(PROGRAM, WEIGHTS, precision)
    stream = ENGINES[precision].stream(len(tokens))
    stream.step(tokens={"token": np.array(tokens, np.int64)})
    return stream


@given(
    rows=st.lists(ROW, min_size=1, max_size=7),
    precision=st.sampled_from(PRECISIONS),
    stop=st.sampled_from([-1, 5]),
)
def test_a_row_gets_what_it_gets_alone(rows: list[dict[str, int]], precision: Precision, stop: int) -> None:
    together = started(precision, [*range(len(rows))])
    options = {name: [row[name] for row in rows] for name in rows[0]}
    ids = together.generate(**options, banned=[2], stop=stop)  # type: ignore[arg-type]
    generated = together.generated
    assert len(ids) == generated.max()
    followed = together.generate(4)
    for k, row in enumerate(rows):
        alone = started(precision, [k])
        expected = alone.generate(**row, banned=[2], stop=stop)  # type: ignore[arg-type]
        n = len(expected)
        assert generated[k] == alone.generated[0] == n
        np.testing.assert_array_equal(ids[:n, k], expected[:, 0])
        assert (ids[n:, k] == stop).all()
        np.testing.assert_array_equal(followed[:, k], alone.generate(4)[:, 0])
        for name, value in alone.state().items():
            np.testing.assert_array_equal(together.state()[name][k], value[0])


def test_a_row_reads_its_last_token_and_keeps_its_state() -> None:
    stream, again = started("float32", [0, 1, 2]), started("float32", [0, 1, 2])
    counts = [2, 6, 0]
    ids = stream.generate(counts, seed=1)
    assert stream.generated.tolist() == counts
    again.run(tokens={"token": ids}, lengths=counts)
    for name, value in again.state().items():
        np.testing.assert_array_equal(stream.state()[name], value)


def test_one_value_is_the_same_as_equal_values() -> None:
    expected = started("float32", [0, 1]).generate(9, temperature=2, top_k=5, top_p=0.9, seed=3)
    stream = started("float32", [0, 1])
    options = {"temperature": np.full(2, 2.0, np.float32), "top_k": np.full(2, 5), "top_p": (0.9, 0.9)}
    np.testing.assert_array_equal(stream.generate(np.array([9, 9]), seed=3, **options), expected)
    assert stream.generated.tolist() == [9, 9]
    np.testing.assert_array_equal(
        started("float32", [0, 1]).generate(np.int64(9), temperature=2.0, top_k=[5], top_p=[0.9], seed=3),
        expected,
    )


def test_a_stop_token_counts_as_generated() -> None:
    free = started("float32", [0, 1]).generate(200, seed=8, temperature=9.0)
    stream = started("float32", [0, 1])
    end = int(np.flatnonzero(free[:, 0] == 5)[0])
    ids = stream.generate([200, 1], seed=8, temperature=9.0, stop=5)
    assert stream.generated.tolist() == [end + 1, 1]
    assert ids.shape == (end + 1, 2)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"temperature": [1.0, -1.0]}, "temperature=-1.0* of row 1: must be a finite number, at least 0"),
        ({"temperature": [float("nan"), 1.0]}, "temperature=-?nan of row 0: must be"),
        ({"top_k": [0, -2]}, "top_k=-2 of row 1: must not be negative"),
        ({"top_p": [0.5, 1.5]}, r"top_p=1.50* of row 1: must be in \(0, 1\]"),
        ({"count": [-4, 3]}, "count=-4 of row 0: must not be negative"),
    ],
    ids=str,
)
def test_options_out_of_range_name_the_row(options: dict[str, list[float]], text: str) -> None:
    stream = started("float32", [0, 1])
    before = stream.state()["h_l0"]
    with pytest.raises(ConfigError, match=text):
        stream.generate(**{"count": 3} | options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(stream.state()["h_l0"], before)
    assert stream.generated.tolist() == [0, 0]


@pytest.mark.parametrize("name", ["count", "temperature", "top_k", "top_p"])
def test_options_need_a_value_for_each_row(name: str) -> None:
    stream = started("float32", [0, 1])
    with pytest.raises(ShapeError, match=f"{name}: got 3 values for 2 rows"):
        stream.generate(**{"count": 3} | {name: [1, 1, 1]})  # type: ignore[arg-type]
    with pytest.raises(
        ShapeError, match=rf"{name}: needs one value, or one for each row, got shape \(1, 2\)"
    ):
        stream.generate(**{"count": 3} | {name: [[1, 1]]})  # type: ignore[arg-type]


def test_numbers_of_tokens_are_whole() -> None:
    with pytest.raises(ShapeError, match="count: needs whole numbers"):
        started("float32", [0, 1]).generate([1.5, 2.0])  # type: ignore[list-item]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_without_finite_probabilities_do_not_disturb_the_others(precision: Precision) -> None:
    stream, alone = started(precision, [1, 2, 3, 4]), started(precision, [2, 4])
    state = {name: value.copy() for name, value in stream.state().items()}
    for value in state.values():
        value[[0, 2]] = np.nan
    stream.restore(state)
    stream.seed([5, 6, 7, 8])
    alone.seed([6, 8])
    first, alone_first = stream.generate(1), alone.generate(1)  # from logits that are still finite
    np.testing.assert_array_equal(first[:, [1, 3]], alone_first)
    with pytest.raises(NonFiniteError):
        stream.copy().generate(5)
    ids = stream.generate([5, 5, 5, 3], skip_broken=True)
    np.testing.assert_array_equal(stream.generated, [-1, 5, -1, 3])
    expected = alone.generate([5, 3])
    np.testing.assert_array_equal(ids[:, [1, 3]], expected)
    assert (ids[:, [0, 2]] == -1).all()
    rest = stream.select([1, 3])
    np.testing.assert_array_equal(rest.generate(4), alone.generate(4))
    broken = stream.select([0])
    assert len(broken.generate(5, skip_broken=True)) == 0
