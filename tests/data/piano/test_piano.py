"""Collections of pieces: JSON by part or as a list, folders of MIDI files, and the published chorales."""

import gzip
import json

import numpy as np
import pytest

from unrolled.data.midi import make_midi
from unrolled.data.piano import open_pieces, piano_roll, roll_to_piece
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
    assert open_pieces(pieces_file([PIECE])).parts == {"train": [[(60, 64), (), (62,)]]}
    parts = open_pieces(pieces_file({"train": [PIECE], "test": [PIECE, PIECE]})).parts
    assert [len(parts[p]) for p in parts] == [1, 2]


def test_a_folder_of_midi_files_by_name(tmp_path):
    for name, note in (("b", 61), ("a", 60)):
        make_midi([(note,), (note + 12,)]).save(tmp_path / f"{name}.mid")
    assert open_pieces(tmp_path).parts == {"train": [[(60,), (72,)], [(61,), (73,)]]}


def test_folders_named_by_part_are_parts(tmp_path):
    for number, part in enumerate(("Train", "validation", "test")):
        (tmp_path / part).mkdir()
        make_midi([(60 + number,), (72,)]).save(tmp_path / part / "a.mid")
    parts = open_pieces(tmp_path).parts
    assert parts == {p: [[(60 + n,), (72,)]] for n, p in enumerate(("train", "valid", "test"))}
    (tmp_path / "more").mkdir()
    make_midi([(65,), (72,)]).save(tmp_path / "more" / "a.mid")
    assert [len(pieces) for pieces in open_pieces(tmp_path).parts.values()] == [4]


@pytest.mark.parametrize("name", ["a.mid", "A.MIDI", "a.kar", "a.mid.gz", "a.rmi", "piece.bin"])
def test_a_midi_file_by_its_ending_or_its_content(tmp_path, name):
    make_midi([(60,), (62,)]).save(tmp_path / "x")
    raw = (tmp_path / "x").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert open_pieces(tmp_path / name).parts == {"train": [[(60,), (62,)]]}


def test_gzipped_json(tmp_path):
    (tmp_path / "p.json.gz").write_bytes(gzip.compress(json.dumps([PIECE]).encode()))
    assert open_pieces(tmp_path / "p.json.gz").parts["train"] == [[(60, 64), (), (62,)]]


def test_negative_and_null_notes_are_rests(pieces_file):
    """Files with one number per voice write -1 or null for a rest."""
    steps = open_pieces(pieces_file([[[74, 70, 65, 58], [74, -1, 65, 65], [None, -1, -1, -1]]])).parts
    assert steps["train"] == [[(58, 65, 70, 74), (65, 74), ()]]


@pytest.mark.parametrize("raw", [b"\x80\x04\x95\x00", b"PK\x03\x04\x14\x00"])
def test_pickles_are_not_read(tmp_path, raw):
    (tmp_path / "jsb.pickle").write_bytes(raw)
    with pytest.raises(DataError, match=r"jsb\.pickle: is .*pickle, npz and zip files are not read"):
        open_pieces(tmp_path / "jsb.pickle")


def test_a_list_has_no_tempo_or_grid(pieces_file):
    read = open_pieces(pieces_file([PIECE]))
    assert (read.steps_per_beat, read.tempo, read.notes) == (1, 0, ())
    assert repr(read) == "Collection(train: 1, steps_per_beat=1)"


def test_rolls():
    roll = piano_roll([(21, 108), (), (60,)])
    assert roll.shape == (3, 88)
    assert np.flatnonzero(roll[0]).tolist() == [0, 87]
    assert roll_to_piece(roll) == [(21, 108), (), (60,)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{", "is not JSON"),
        ('"x"', "expected object . array, got str"),
        ({"train": [PIECE], "tset": []}, "train, valid, test"),
        ([3], "not of the expected form"),
        ([[[60], ["C4"]]], "expected int . null, got str"),
        ([PIECE, [[60], [20]]], "train piece 2, step 2: note 20 is not on a piano"),
        ([[[60]]], "train piece 1: 1 step is too few"),
    ],
)
def test_unusable_pieces_are_refused(pieces_file, values, message):
    with pytest.raises(DataError, match=message):
        open_pieces(pieces_file(values))


def test_a_folder_without_music(tmp_path):
    with pytest.raises(DataError, match=r"holds no MIDI files"):
        open_pieces(tmp_path)


def test_the_published_chorales(published):
    parts = open_pieces(published("music/JSB_Chorales.json")).parts
    counted = {p: (len(v), sum(map(len, v))) for p, v in parts.items()}
    assert counted == {"train": (229, 13_807), "valid": (76, 4_602), "test": (77, 4_725)}
