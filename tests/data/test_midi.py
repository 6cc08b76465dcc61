"""MIDI files: a piece goes there and back, and what is no piece is refused."""

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.midi import TICKS, make_midi, read_midi
from unrolled.errors import DataError

notes = st.lists(st.integers(21, 108), max_size=5, unique=True).map(lambda n: tuple(sorted(n)))


@given(
    piece=st.lists(notes, min_size=1, max_size=12).filter(lambda p: bool(p[-1])),
    beat=st.sampled_from([1, 2, 4]),
)
def test_there_and_back(tmp_path_factory, piece, beat):
    path = tmp_path_factory.mktemp("midi") / "piece.mid"
    make_midi(piece, steps_per_beat=beat).save(path)
    assert read_midi(path, beat) == piece


def test_a_held_note_is_struck_once():
    messages = [m for m in make_midi([(60,), (60,), (60, 64)]).tracks[0] if m.type.startswith("note")]
    assert [(m.type, m.note, m.time) for m in messages] == [
        ("note_on", 60, 0),
        ("note_on", 64, 2 * TICKS),
        ("note_off", 60, TICKS),
        ("note_off", 64, 0),
    ]


def test_a_note_ended_by_velocity_zero_is_ended(tmp_path):
    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    track += [
        mido.Message("note_on", note=60, velocity=9),
        mido.Message("note_on", note=60, velocity=0, time=192),
    ]
    file.tracks.append(track)
    file.save(tmp_path / "x.mid")
    assert read_midi(tmp_path / "x.mid") == [(60,), (60,)]


@pytest.mark.parametrize("content", [b"", b"not midi", b"MThd\x00\x00\x00\x06\x00\x00"])
def test_what_is_no_midi_file(tmp_path, content):
    (tmp_path / "x.mid").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.mid: is not a MIDI file"):
        read_midi(tmp_path / "x.mid")


def test_silence_is_no_piece(tmp_path):
    make_midi([(), ()]).save(tmp_path / "x.mid")
    with pytest.raises(DataError, match="holds no notes"):
        read_midi(tmp_path / "x.mid")
