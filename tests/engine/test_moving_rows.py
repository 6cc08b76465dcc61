"""Rows move between streams: select and extend, against a rearrangement of their arrays."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics import needs_extension
from program_reference import language_model, random_weights
from unrolled.engine import PRECISIONS, Engine, Precision, Stream
from unrolled.errors import ShapeError, StreamError

pytestmark = needs_extension
PROGRAM = language_model(layers=2)
WEIGHTS = random_weights(PROGRAM, scale=2.0)
ENGINES: dict[str, Engine] = {}
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["step", "select", "extend", "extend itself", "add", "reset", "generate"]),
        st.lists(st.integers(0, 99), min_size=1, max_size=4),
    ),
    max_size=8,
)


def engine_of(precision: Precision) -> Engine:
    if precision not in ENGINES:
        ENGINES[precision] = Engine(PROGRAM, WEIGHTS, precision)
    return ENGINES[precision]


def arrays(stream: Stream) -> dict[str, np.ndarray]:
    return stream.state() | stream.outputs()


def assert_rows(stream: Stream, expected: dict[str, np.ndarray]) -> None:
    for name, value in arrays(stream).items():
        np.testing.assert_array_equal(value, expected[name])


def started(engine: Engine, tokens: list[int], seed: int = 0) -> Stream:
    stream = engine.stream(len(tokens))
    stream.step(tokens={"token": np.array(tokens, np.int64)})
    stream.generate(2, seed=seed)
    return stream


@given(actions=ACTIONS, precision=st.sampled_from(PRECISIONS))
def test_rows_are_rearranged_as_arrays(actions: list[tuple[str, list[int]]], precision: Precision) -> None:
    """Every row is followed as a stream of one row; both must agree to the last bit."""
    engine = engine_of(precision)
    stream, alone = engine.stream(1), [engine.stream(1)]
    for action, numbers in actions:
        rows = [n % len(alone) for n in numbers]
        before = arrays(stream)
        if action == "select":
            selected = stream.select(rows)
            assert_rows(stream, before)
            stream, alone = selected, [alone[row].copy() for row in rows]
            assert_rows(stream, {name: value[rows] for name, value in before.items()})
        elif action.startswith("extend"):
            other = stream if action == "extend itself" else started(engine, [n % 11 for n in numbers])
            theirs = arrays(other)
            singles = alone if other is stream else [other.select([k]) for k in range(len(numbers))]
            stream.extend(other)
            alone = [*alone, *(single.copy() for single in singles)]
            assert_rows(stream, {name: np.concatenate([before[name], theirs[name]]) for name in before})
        elif action == "add":
            stream.add(1)
            alone.append(engine.stream(1))
        elif action == "reset":
            stream.reset([rows[0]])
            alone[rows[0]].reset()
        elif action == "generate" and all(a.outputs()["logits"].any() for a in alone):
            ids = stream.generate(3, temperature=0.5)
            expected = [a.generate(3, temperature=0.5)[:, 0] for a in alone]
            np.testing.assert_array_equal(ids, np.stack(expected, axis=1))
        elif action == "step":
            tokens = (np.arange(len(alone)) + numbers[0]) % 11
            stream.step(tokens={"token": tokens})
            for k, single in enumerate(alone):
                single.step_token(int(tokens[k]))
        assert stream.batch == len(alone)
        singles_now = [arrays(single) for single in alone]
        assert_rows(stream, {name: np.concatenate([s[name] for s in singles_now]) for name in before})


def test_rows_bring_their_random_numbers_and_logits() -> None:
    engine = engine_of("float32")
    first, second = started(engine, [1, 2], seed=1), started(engine, [3], seed=2)
    expected = np.concatenate([first.copy().generate(9), second.copy().generate(9)], axis=1)
    joined = engine.stream(0)
    joined.extend(first)
    joined.extend(second)
    selected = joined.select([2, 0, 2])
    np.testing.assert_array_equal(selected.generate(9), expected[:, [2, 0, 2]])
    np.testing.assert_array_equal(joined.generate(9), expected)
    np.testing.assert_array_equal(second.generate(9), expected[:, 2:])


def test_a_row_that_has_made_no_step_is_still_one() -> None:
    engine = engine_of("float32")
    stream = started(engine, [1])
    stream.extend(engine.stream(1))
    for other in (stream, stream.select([1])):
        with pytest.raises(StreamError, match="needs the logits of a step"):
            other.generate(1)
    np.testing.assert_array_equal(stream.select([0]).generate(3), started(engine, [1]).generate(3))


def test_restored_rows_move() -> None:
    """The product that is carried from step to step is computed anew from states set from outside."""
    engine = engine_of("float32")
    source = started(engine, [4, 7])
    restored = engine.stream(2)
    restored.restore(source.state())
    stream = started(engine, [1])
    stream.extend(restored.select([1, 0]))
    tokens = {"token": np.array([5, 5, 5])}
    expected = source.step(tokens={"token": np.array([5, 5])})["logits"]
    np.testing.assert_array_equal(stream.step(tokens=tokens)["logits"][1:], expected[::-1])


def test_views_outlive_a_change_of_rows() -> None:
    engine = engine_of("float32")
    stream = engine.stream()
    view = stream.step_token(3)
    before = view.copy()
    stream.extend(stream)
    stream.run(tokens={"token": np.array([[1, 2]])})
    np.testing.assert_array_equal(view, before)


def test_wrong_rows_and_engines_are_refused() -> None:
    engine = engine_of("float32")
    stream = started(engine, [1, 2])
    before = arrays(stream)
    for row in (2, -1):
        with pytest.raises(ShapeError, match=f"row {row} is not one of the 2 rows"):
            stream.select([0, row])
    for other in (Engine(PROGRAM, WEIGHTS), engine_of("int8")):
        with pytest.raises(StreamError, match="extend: the other stream runs on another engine"):
            stream.extend(other.stream(1))
    with pytest.raises(ShapeError, match="a stream has at most 1048576 rows"):
        stream.select([0] * (2**20 + 1))
    assert_rows(stream, before)
    assert stream.select([]).batch == 0
    assert stream.select(np.array([1, 1])).batch == 2


def test_a_stream_in_use_by_another_thread_gives_no_rows() -> None:
    program = language_model(50, 8, 64, layers=2)
    engine = Engine(program, random_weights(program))
    busy, free = engine.stream(8), engine.stream(1)
    ids = np.zeros((30_000, 8), np.int64)
    thread = threading.Thread(target=lambda: busy.run(tokens={"token": ids}, last=True))
    thread.start()
    calls = {"extend": lambda: free.copy().extend(busy), "select": lambda: busy.select([0])}
    refused = set()
    while thread.is_alive():
        for name, call in calls.items():
            try:
                call()
            except StreamError as error:
                refused.add((name, str(error).partition(":")[0]))
    assert refused == {(name, "the stream is in use by another thread") for name in calls}
