"""Streams: sequences in pieces, rows that come and go, states out and in."""

import numpy as np
import pytest

from numerics import needs_extension
from program_reference import language_model, program_of, random_weights, weights_of
from unrolled.cells import LSTM
from unrolled.engine import Engine, Stream
from unrolled.errors import ConfigError, ShapeError
from unrolled.layers import Recurrent
from unrolled.programs.builder import Builder

pytestmark = needs_extension


@pytest.fixture(scope="module")
def engine() -> Engine:
    program = language_model(layers=2)
    return Engine(program, random_weights(program))


def tokens(steps: int, batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    return {"token": np.random.default_rng(seed).integers(11, size=(steps, batch))}


def logits(stream: Stream, ids: dict[str, np.ndarray], **options: object) -> np.ndarray:
    return stream.run(tokens=ids, **options)["logits"]  # type: ignore[arg-type]


def assert_same_state(a: Stream, b: Stream) -> None:
    for name, value in a.state().items():
        np.testing.assert_array_equal(value, b.state()[name])


def test_a_sequence_in_pieces_equals_the_whole(engine: Engine) -> None:
    ids = tokens(7, 3)["token"]
    whole = logits(engine.stream(3), {"token": ids})
    stream = engine.stream(3)
    pieces = [logits(stream, {"token": ids[a:b]}) for a, b in ((0, 2), (2, 2), (2, 3), (3, 7))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    stream.reset()
    steps = [stream.step(tokens={"token": row})["logits"] for row in ids]
    np.testing.assert_array_equal(np.stack(steps), whole)


def test_single_tokens_equal_the_whole(engine: Engine) -> None:
    ids = tokens(5, 1)["token"]
    whole = logits(engine.stream(), {"token": ids})
    stream = engine.stream()
    for t in range(5):
        np.testing.assert_array_equal(stream.step_token(int(ids[t, 0])), whole[t, 0])


def test_single_vectors_equal_the_whole() -> None:
    layer = Recurrent(3, 5, cell=LSTM())
    engine = Engine(program_of(layer), weights_of(layer))
    x = np.random.default_rng(0).normal(size=(4, 1, 3)).astype(np.float32)
    whole = engine.stream().run({"x": x})["y"]
    stream = engine.stream()
    for t in range(4):
        np.testing.assert_array_equal(stream.step_vector(x[t, 0]), whole[t, 0])
    with pytest.raises(ShapeError, match=r"input 'x': has shape \(2,\), expected \(3,\)"):
        stream.step_vector(x[0, 0, :2])
    with pytest.raises(ShapeError, match="step_vector needs a stream of one row"):
        engine.stream(2).step_vector(x[0, 0])


def test_the_view_of_a_single_token_is_read_only_and_outlives_its_stream(engine: Engine) -> None:
    stream = engine.stream()
    view = stream.step_token(3)
    before = view.copy()
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1.0
    stream.add(5)  # the stream's memory is allocated anew
    stream.run(tokens=tokens(2, 6))
    np.testing.assert_array_equal(view, before)
    del stream
    np.testing.assert_array_equal(view, before)


def test_last_returns_the_last_outputs(engine: Engine) -> None:
    ids = tokens(4, 3)
    every = logits(engine.stream(3), ids)
    stream = engine.stream(3)
    np.testing.assert_array_equal(logits(stream, ids, last=True), every[-1])
    np.testing.assert_array_equal(stream.outputs()["logits"], every[-1])
    lengths = [4, 0, 2]
    last = logits(engine.stream(3), ids, last=True, lengths=lengths)
    np.testing.assert_array_equal(last[[0, 2]], every[[3, 1], [0, 2]])
    assert not last[1].any()


def test_a_row_stops_changing_after_its_length(engine: Engine) -> None:
    ids = tokens(5, 3)["token"]
    lengths = [2, 5, 0]
    ids[2:, 0] = -7  # tokens past the end are not read
    ids[:, 2] = 99
    stream = engine.stream(3)
    result = logits(stream, {"token": ids}, lengths=lengths)
    for row, length in enumerate(lengths):
        alone = engine.stream()
        np.testing.assert_array_equal(
            result[:length, row], logits(alone, {"token": ids[:length, row : row + 1]})[:, 0]
        )
        assert not result[length:, row].any()
        for name, value in alone.state().items():
            np.testing.assert_array_equal(stream.state()[name][row], value[0])


def test_states_go_out_and_in(engine: Engine) -> None:
    first = engine.stream(2)
    first.run(tokens=tokens(3, 2))
    state = first.state()
    second = engine.stream(2)
    second.restore(state)
    ids = tokens(4, 2, seed=1)
    np.testing.assert_array_equal(logits(first, ids), logits(second, ids))
    assert not np.array_equal(state["h_l0"], first.state()["h_l0"]), "state() must return a copy"


def test_wrong_states_are_refused(engine: Engine) -> None:
    stream = engine.stream(2)
    state = stream.state()
    with pytest.raises(ShapeError, match="state 'c_l1' is missing"):
        stream.restore({name: state[name] for name in state if name != "c_l1"})
    with pytest.raises(ShapeError, match="the program has no state 'z'"):
        stream.restore(state | {"z": state["h_l0"]})
    with pytest.raises(ShapeError, match=r"state 'h_l0': has shape \(1, 9\), expected \(2, 9\)"):
        stream.restore(state | {"h_l0": state["h_l0"][:1]})


def test_a_copy_goes_its_own_way(engine: Engine) -> None:
    stream = engine.stream(2)
    stream.run(tokens=tokens(3, 2))
    copy = stream.copy()
    np.testing.assert_array_equal(copy.outputs()["logits"], stream.outputs()["logits"])
    copy.generate(5, seed=1)
    expected = engine.stream(2)
    expected.run(tokens=tokens(3, 2))
    assert_same_state(stream, expected)


def test_rows_come_and_go(engine: Engine) -> None:
    """Compare with streams of one row each."""
    ids = tokens(12, 5)["token"]
    alone = [engine.stream() for _ in range(5)]
    stream = engine.stream(2)
    present = [0, 1]

    def step(t: int) -> None:
        ours = logits(stream, {"token": ids[t : t + 1, present]})[0]
        for k, row in enumerate(present):
            theirs = logits(alone[row], {"token": ids[t : t + 1, row : row + 1]})[0, 0]
            np.testing.assert_array_equal(ours[k], theirs)

    step(0)
    stream.add(3)
    present = [0, 1, 2, 3, 4]
    step(1)
    stream.keep([4, 1, 2])
    present = [4, 1, 2]
    step(2)
    stream.reset([1])
    alone[1].reset()
    step(3)
    stream.keep([0])
    present = [4]
    step(4)
    assert stream.batch == 1


def test_a_row_may_be_repeated(engine: Engine) -> None:
    stream = engine.stream()
    stream.run(tokens=tokens(3, 1))
    stream.keep([0, 0, 0])
    result = logits(stream, {"token": np.array([[1, 1, 2]])})[0]
    np.testing.assert_array_equal(result[0], result[1])
    assert not np.array_equal(result[0], result[2])


def test_a_stream_may_be_empty(engine: Engine) -> None:
    stream = engine.stream(2)
    stream.keep([])
    assert stream.run(tokens={"token": np.zeros((4, 0), np.int64)})["logits"].shape == (4, 0, 11)
    assert stream.generate(3).shape == (0, 0)
    stream.add(1)
    assert stream.step_token(2).shape == (11,)


def test_wrong_rows_are_refused(engine: Engine) -> None:
    stream = engine.stream(2)
    with pytest.raises(ShapeError, match="row 2 is not one of the 2 rows"):
        stream.keep([0, 2])
    with pytest.raises(ShapeError, match="must not be negative"):
        stream.keep([-1])
    with pytest.raises(ShapeError, match="row -1 is not one of the 2 rows"):
        stream.reset([-1])
    with pytest.raises(ConfigError, match="count=-1"):
        stream.add(-1)
    for batch in (-1, 2**40):
        with pytest.raises(ShapeError, match=f"batch={batch}"):
            engine.stream(batch)
    assert stream.batch == 2


def test_states_may_begin_with_any_number_and_swap() -> None:
    builder = Builder()
    a, b = builder.state("a", 3, 1.5), builder.state("b", 3, -2.0)
    x = builder.input("x", 3)
    builder.set_state("a", b)
    builder.set_state("b", a)
    program = builder.finish(y=a + x, a=a)
    stream = Engine(program, {}).stream(2)
    x_values = np.zeros((4, 2, 3), np.float32)
    y = stream.run({"x": x_values})["y"]
    np.testing.assert_array_equal(y[:, 0, 0], [1.5, -2.0, 1.5, -2.0])
    stream.step({"x": x_values[0]})
    stream.reset()
    np.testing.assert_array_equal(stream.state()["a"], np.full((2, 3), 1.5))


def test_wrong_arguments_of_a_run_are_refused(engine: Engine) -> None:
    stream = engine.stream(2)
    good = tokens(3, 2)
    with pytest.raises(ShapeError, match="token 'token' is missing"):
        stream.run()
    with pytest.raises(ShapeError, match="the program has no token 'word'"):
        stream.run(tokens=good | {"word": good["token"]})
    with pytest.raises(ShapeError, match="the program has no input 'x'"):
        stream.run({"x": np.zeros((3, 2, 1))}, good)
    with pytest.raises(ShapeError, match=r"token 'token': has shape \(3, 1\), expected \(3, 2\)"):
        stream.run(tokens={"token": good["token"][:, :1]})
    with pytest.raises(ShapeError, match=r"tokens \(T, B\), got shape \(3,\)"):
        stream.run(tokens={"token": good["token"][:, 0]})
    with pytest.raises(ShapeError, match="needs whole numbers, got float64"):
        stream.run(tokens={"token": good["token"] + 0.5})
    with pytest.raises(ShapeError, match=r"lengths: has shape \(3,\), expected \(2,\)"):
        stream.run(tokens=good, lengths=[1, 1, 1])
    for wrong in (-1, 4):
        with pytest.raises(ShapeError, match=f"lengths: {wrong} is not between 0 and 3"):
            stream.run(tokens=good, lengths=[1, wrong])
    with pytest.raises(ShapeError, match="step_token needs a stream of one row"):
        stream.step_token(0)
