"""Pieces given in Python: arrays and lists of notes, one or several."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled import MusicModel
from unrolled.data.piano import piano_roll, roll_to_piece
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.music.input import convert_rolls

TINY = {"hidden": 8, "epochs": 1, "threads": 1, "batch": 4}
PIECE = [[60, 64], [], [62], [60, 67], [62], []]


def midi_roll(piece):
    """Return velocities (steps, 128)."""
    roll = np.zeros((len(piece), 128), np.int64)
    for step, notes in enumerate(piece):
        roll[step, list(notes)] = 64
    return roll


CONVERTERS = {
    "lists": lambda p: [list(step) for step in p],
    "tuples": lambda p: tuple(tuple(step) for step in p),
    "sets": lambda p: [set(step) for step in p],
    "arrays of notes": lambda p: [np.array(step, np.int64) for step in p],
    "piano roll": piano_roll,
    "truth values": lambda p: piano_roll(p).astype(bool),
    "velocities": midi_roll,
    "rows": lambda p: list(piano_roll(p)),
    "tensor": lambda p: torch.from_numpy(piano_roll(p)),
    "frame": lambda p: pd.DataFrame(piano_roll(p)),
}


@pytest.mark.parametrize("converter", CONVERTERS)
def test_one_or_several_pieces_in_every_format(converter):
    piece = CONVERTERS[converter](PIECE)
    for pieces, single in ((piece, True), ([piece, piece], False), ((piece,), False)):
        rolls, is_single = convert_rolls(pieces)
        assert is_single == single
        assert all(roll_to_piece(roll) == [tuple(step) for step in PIECE] for roll in rolls)
        assert all(roll.dtype == np.float32 and roll.shape == (6, 88) for roll in rolls)


def test_pieces_may_be_one_array_or_a_pandas_series():
    assert len(convert_rolls(np.stack([piano_roll(PIECE)] * 3))[0]) == 3
    assert len(convert_rolls(pd.Series([piano_roll(PIECE), PIECE]))[0]) == 2


@given(st.lists(st.lists(st.integers(21, 108), max_size=4, unique=True), min_size=2, max_size=9))
def test_formats_agree(piece):
    if any(piece):
        lists, array, wide = (convert_rolls(f(piece))[0][0] for f in (list, piano_roll, midi_roll))
        assert np.array_equal(lists, array)
        assert np.array_equal(lists, wide)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (np.zeros((4, 87)), r"is an array \(4, 87\); give pieces as arrays"),
        (np.zeros((88, 50)), r"is an array \(88, 50\); steps are rows: give it transposed"),
        (np.zeros((128, 50)), "transposed"),
        (np.zeros(88), r"got ndarray of shape \(88,\)"),
        (np.zeros((2, 2, 2, 88)), "got ndarray of shape"),
        (np.full((4, 88), np.nan), "negative or not finite"),
        (np.full((4, 88), -1.0), "negative or not finite"),
        (np.full((4, 88), "x"), "not of numbers"),
        (np.ones((4, 128)), "contains notes that are not on a piano"),
        ([60, 62], r"got \[60, 62\]"),
        ("C4 E4", "no such file"),
        (5, "got 5"),
        ([], r"got \[\]"),
        ([[[60], [20]]], "piece 1, step 2: note 20 is not on a piano"),
        ([[60], ["C4"]], "piece, step 2: 'C4' is not a MIDI note"),
        ([[[60], [62]], [[60.5], [3]]], "piece 2, step 1: 60.5 is not a MIDI note"),
        ([[60]], "1 step is too few"),
        ({"a": 1}, "got {'a': 1}"),
    ],
)
def test_invalid_pieces_are_refused(pieces, message):
    with pytest.raises(DataError, match=message):
        MusicModel(**TINY).fit(pieces)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    pieces = [rng.random((int(rng.integers(5, 9)), 88)) < 0.1 for _ in range(12)]
    return MusicModel(**TINY).fit(pieces)


def test_training_on_pieces_in_memory(model, tmp_path, capsys):
    assert model.data_info["pieces"] == {"train": 11, "valid": 1, "test": 0}
    assert capsys.readouterr() == ("", "")
    model.save(tmp_path / "run")
    with pytest.raises(RunError, match="memory"):
        MusicModel.resume(tmp_path / "run")
    with_valid = MusicModel(**TINY).fit([PIECE] * 3, valid=[PIECE] * 2)
    assert with_valid.data_info["pieces"] == {"train": 3, "valid": 2, "test": 0}


def test_one_piece_gives_one_prediction(model):
    p = model.predict(PIECE)
    assert p.shape == (6, 88)
    assert ((p > 0) & (p < 1)).all()
    predictions = model.predict([PIECE, PIECE[:1]])
    assert [q.shape for q in predictions] == [(6, 88), (1, 88)]
    assert np.allclose(predictions[0], p, atol=1e-6)


def test_scores_follow_from_the_predictions(model):
    p, targets = model.predict(PIECE)[:-1], piano_roll(PIECE)[1:]
    nll = -np.log(np.where(targets > 0, p, 1 - p)).sum(1).mean()
    assert model.evaluate(PIECE).nll == pytest.approx(nll, rel=1e-5)
    assert model.score([PIECE, PIECE]) == pytest.approx(-nll, rel=1e-5)


def test_pieces_have_no_labels():
    with pytest.raises(ConfigError, match="y: pieces have no labels"):
        MusicModel(**TINY).fit([PIECE], [1])


def test_an_opening_in_every_format(model):
    compositions = {str(model.compose(3, opening=converter(PIECE))) for converter in CONVERTERS.values()}
    assert len(compositions) == 1
    assert len(model.compose(3, opening=PIECE[:1])) == 4
    assert len(model.compose(3, opening=[[]])) == 4
