"""The music model without torch gives the probabilities of the model under torch."""

import numpy as np
import pytest

from cases import CASES
from music_models import KEYS, OPENINGS, Pair, make_roll
from unrolled import MusicModel
from unrolled.data.piano import piano_roll
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, NonFiniteError, RunError, ShapeError
from unrolled.tasks.music.artifacts import MusicArtifacts
from unrolled.tasks.music.runtime import MusicRuntime

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

NETWORKS = [
    {"cell": "lstm", "layers": 2},
    {"cell": "gru", "zoneout": 0.1},
    {"cell": "jordan"},
    {"cell": "minlstm", "layers": 2, "residual": True},
    {"cell": "tdnn", "context": 3},
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network["cell"])
def test_probabilities_are_those_of_the_torch_model(network):
    pair, roll = Pair(**network), make_roll()
    expected = pair.expected(roll)
    assert np.ptp(expected, 0).max() > 0.05
    stream = pair.runtime.stream(2)
    for step in range(len(roll)):
        np.testing.assert_allclose(stream.push(roll[step : step + 1]), expected[step], atol=1e-5)
    stream.reset()
    np.testing.assert_allclose(stream.push(roll), expected[-1], atol=1e-5)
    p = pair.runtime.predict(list(roll.swapaxes(0, 1)))
    np.testing.assert_allclose(np.stack(p, 1), expected, atol=1e-5)


def test_a_single_piece_is_read_in_steps_and_in_blocks():
    pair, roll = Pair(), make_roll(batch=1)[:, 0]
    stream = pair.runtime.stream()
    stream.push(roll[0])
    stream.push(roll[1:4])
    p = stream.push(roll[4:])
    np.testing.assert_allclose(p, pair.runtime.predict(roll)[-1:], atol=2e-6)
    np.testing.assert_array_equal(stream.push(roll[:0]), p)


def test_sampled_keys_follow_the_probabilities():
    runtime, rows = Pair().runtime, 4000
    stream = runtime.stream(rows)
    p = stream.push(np.repeat(make_roll(3, 1), rows, axis=1))[0]
    keys = stream.copy().generate(1, seed=1)[0]
    assert np.abs(keys.mean(0) - p).max() < 5 * np.sqrt(0.25 / rows)
    cold = stream.generate(1, temperature=1e-9)[0]
    np.testing.assert_array_equal(cold, np.broadcast_to(p > 0.5, cold.shape))


def test_a_seed_gives_one_piece_in_any_pieces_and_batch():
    runtime = Pair().runtime
    stream = runtime.stream(2)
    stream.push(make_roll())
    saved = stream.state()
    piece = stream.generate(8, seed=3)
    stream.restore(saved)
    parts = [stream.generate(3, seed=3), stream.generate(5)]
    np.testing.assert_array_equal(np.concatenate(parts), piece)
    alone = runtime.stream()
    alone.push(make_roll()[:, :1])
    np.testing.assert_array_equal(alone.generate(8, seed=3)[:, 0], piece[:, 0])
    stream.restore(saved)
    assert not np.array_equal(stream.generate(8, seed=4), piece)


def test_pieces_have_their_own_temperature_and_seed():
    runtime, temperatures, seeds = Pair().runtime, (0.5, 1.0, 2.0), (7, 3, 7)
    stream = runtime.stream(3)
    stream.push(make_roll(4, 3))
    pieces = stream.generate(8, temperature=temperatures, seed=seeds)
    for row, (temperature, seed) in enumerate(zip(temperatures, seeds, strict=True)):
        alone = runtime.stream()
        alone.push(make_roll(4, 3)[:, [row]])
        expected = alone.generate(8, temperature=temperature, seed=seed)
        np.testing.assert_array_equal(pieces[:, [row]], expected)
    assert pieces.sum((0, 2)).tolist() == sorted(pieces.sum((0, 2)))  # hotter pieces are denser


def test_states_are_copied_and_restored():
    runtime, roll = Pair(cell="lstm", layers=2).runtime, make_roll()
    stream = runtime.stream(2)
    first = stream.push(roll[:4])
    saved, copied, other = stream.state(), stream.copy(), runtime.stream(2)
    expected = stream.push(roll[4:])
    other.restore(saved)
    np.testing.assert_array_equal(other.probabilities, first)
    np.testing.assert_array_equal(other.push(roll[4:]), expected)
    np.testing.assert_array_equal(copied.push(roll[4:]), expected)


def test_pieces_begin_anew_come_and_go():
    runtime = Pair().runtime
    stream = runtime.stream(2)
    stream.push(make_roll())
    stream.reset([1])
    assert np.isnan(stream.probabilities).all(1).tolist() == [False, True]
    stream.add()
    first = stream.generate(1, seed=0)[0]
    rolls = piano_roll(OPENINGS)
    assert all(any(np.array_equal(row, roll) for roll in rolls) for row in first[1:])
    stream.keep([2])
    assert stream.generate(3).shape == (3, 1, KEYS)


def test_pieces_move_between_streams_with_their_random_numbers():
    runtime = Pair().runtime
    first, second = runtime.stream(2), runtime.stream(1)
    first.generate(3, seed=1)
    second.generate(2, seed=2)
    expected = np.concatenate([first.copy().generate(4), second.copy().generate(4)], axis=1)
    joined = first.select([1, 0])
    joined.extend(second)
    joined.extend(joined)
    np.testing.assert_array_equal(joined.generate(4), expected[:, [1, 0, 2] * 2])
    np.testing.assert_array_equal(first.generate(4), expected[:, :2])
    np.testing.assert_array_equal(second.generate(4), expected[:, 2:])


def test_composing():
    runtime = Pair().runtime
    piece = runtime.compose(6, seed=1)
    assert len(piece) == 6
    assert piece[0] in OPENINGS
    assert piece == runtime.compose(6, seed=1) != runtime.compose(6, seed=2)
    assert runtime.compose(3, opening=OPENINGS)[:2] == OPENINGS
    assert runtime.compose(0, opening=OPENINGS) == OPENINGS


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_lower_precisions_stay_close(precision):
    roll = make_roll()
    exact, rounded = (Pair(p).runtime.stream(2).push(roll) for p in ("float32", precision))
    assert 0 < np.abs(exact - rounded).max() < 0.05


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (np.zeros(87), ShapeError, r"keys have shape \(T, 88\) or \(T, B, 88\), got \(87,\)"),
        (np.zeros((2, 3, KEYS)), ShapeError, r"input 'x': has shape \(2, 3, 88\)"),
        (np.float32(1), ShapeError, "got"),
        (np.full(KEYS, np.nan), DataError, "the keys: contains a number that is not finite"),
        ("keys", DataError, "the keys: is not an array of numbers"),
    ],
)
def test_wrong_keys_are_errors(keys, error, message):
    with pytest.raises(error, match=message):
        Pair().runtime.stream().push(keys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "n=-1"),
        ({"n": 1, "temperature": 0.0}, "temperature=0.0"),
        ({"n": 1, "temperature": [-1.0]}, r"temperature=\[-1.0\]: must be positive"),
        ({"n": 1, "temperature": [1.0, 1.0]}, "temperature: got 2 values for 1 piece"),
        ({"n": 1, "seed": -1}, "seed=-1"),
        ({"n": 1, "seed": []}, "seed: got 0 values for 1 piece"),
    ],
)
def test_wrong_options_are_errors(arguments, message):
    with pytest.raises((ConfigError, ShapeError), match=message):
        Pair().runtime.stream().generate(**arguments)


def test_composing_nothing_is_an_error():
    with pytest.raises(ConfigError, match="length=0: must be at least 1"):
        Pair().runtime.compose(0)
    with pytest.raises(ConfigError, match="length=-1: must be at least 0"):
        Pair().runtime.compose(-1, opening=OPENINGS)


def test_weights_that_do_not_fit_or_overflow_are_errors():
    pair = Pair()
    pair.weights["head.weight"] = np.full_like(pair.weights["head.weight"], 3e38)
    pair.weights["head.weight"][0] *= -1
    pair.weights["head.bias"] = np.full_like(pair.weights["head.bias"], 3e38)
    runtime = MusicRuntime(pair.config, MusicArtifacts(OPENINGS), pair.weights)
    with pytest.raises(NonFiniteError, match="no finite probabilities"):
        runtime.compose(20)
    with pytest.raises(RunError, match=r"head\.bias is \(87,\), expected \(88,\)"):
        MusicRuntime(pair.config, MusicArtifacts([]), pair.weights | {"head.bias": np.zeros(87, np.float32)})


def test_a_trained_model_predicts_as_under_torch(tmp_path):
    case = CASES["music"]
    task = MusicModel(**case.options | {"epochs": 2}).fit(case.write(tmp_path), progress=False)
    piece = [(60, 64), (65,), (67, 71, 74)]
    np.testing.assert_allclose(task.runtime().predict(piece), task.predict(piece), atol=1e-5)
