"""Collections of pieces: JSON by part or as a list, folders of MIDI files, and the published chorales."""

import json

import numpy as np
import pytest

from unrolled.data.midi import make_midi
from unrolled.data.piano import notes_of, open_pieces, piano_roll
from unrolled.errors import DataError

PIECE = [[60, 64], [], [62]]


@pytest.fixture
def pieces_file(tmp_path):
    def write(values):
        path = tmp_path / "p.json"
        path.write_text(values if isinstance(values, str) else json.dumps(values))
        return path

    return write


def test_lists_and_parts(pieces_file):
    assert open_pieces(pieces_file([PIECE])) == {"train": [[(60, 64), (), (62,)]]}
    parts = open_pieces(pieces_file({"train": [PIECE], "test": [PIECE, PIECE]}))
    assert [len(parts[p]) for p in parts] == [1, 2]


def test_a_folder_of_midi_files_by_name(tmp_path):
    for name, note in (("b", 61), ("a", 60)):
        make_midi([(note,), (note + 12,)]).save(tmp_path / f"{name}.mid")
    assert open_pieces(tmp_path) == {"train": [[(60,), (72,)], [(61,), (73,)]]}


def test_rolls():
    roll = piano_roll([(21, 108), (), (60,)])
    assert roll.shape == (3, 88)
    assert np.flatnonzero(roll[0]).tolist() == [0, 87]
    assert notes_of(roll) == [(21, 108), (), (60,)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{", "is not JSON"),
        ('"x"', "expected object . array, got str"),
        ({"train": [PIECE], "tset": []}, "train, valid, test"),
        ([3], "not of its form"),
        ([[[60], ["C4"]]], "expected int, got str"),
        ([PIECE, [[60], [20]]], "train piece 2, step 2: note 20 is not on a piano"),
        ([[[60]]], "train piece 1: 1 steps are too few"),
    ],
)
def test_what_is_no_music(pieces_file, values, message):
    with pytest.raises(DataError, match=message):
        open_pieces(pieces_file(values))


def test_a_folder_without_music(tmp_path):
    with pytest.raises(DataError, match=r"holds no \.mid files"):
        open_pieces(tmp_path)


def test_the_published_chorales(published):
    parts = open_pieces(published("music/JSB_Chorales.json"))
    counted = {p: (len(v), sum(map(len, v))) for p, v in parts.items()}
    assert counted == {"train": (229, 13_807), "valid": (76, 4_602), "test": (77, 4_725)}
