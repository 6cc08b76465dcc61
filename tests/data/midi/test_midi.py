"""MIDI files: pieces survive writing and reading, and files without a piece are refused."""

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midi_bytes import midi, note, tempo, track
from unrolled.data.midi import make_midi, read_midi
from unrolled.data.midi.read import read_performances
from unrolled.data.midi.write import TICKS
from unrolled.errors import ConfigError, DataError

chords = st.lists(st.integers(21, 108), max_size=5, unique=True).map(lambda n: tuple(sorted(n)))
pieces = st.lists(chords, min_size=1, max_size=12).filter(any)


@given(piece=pieces, beat=st.integers(1, 24))
def test_round_trip(tmp_path_factory, piece, beat):
    path = tmp_path_factory.mktemp("midi") / "piece.mid"
    make_midi(piece, steps_per_beat=beat).save(path)
    assert read_midi(path, beat) == piece
    assert read_midi(path) == piece  # the file records its number of steps


events = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 700), st.integers(58, 62), st.integers(0, 2)),
    min_size=1,
    max_size=20,
)


@given(events=events, steps_per_beat=st.sampled_from([0, 1, 3, 5, 8]))
def test_reading_and_writing_again_changes_nothing(tmp_path_factory, events, steps_per_beat):
    folder = tmp_path_factory.mktemp("midi")
    midi_events = [
        e for start, length, key, channel in events for e in note(start, start + length, key, channel)
    ]
    (folder / "a.mid").write_bytes(midi(track((0, tempo(77)), *midi_events)))
    piece = read_midi(folder / "a.mid", steps_per_beat)
    (before,) = read_performances(folder / "a.mid")
    make_midi(piece, steps_per_beat=steps_per_beat or 4, tempo=before.tempo).save(folder / "b.mid")
    assert read_midi(folder / "b.mid", steps_per_beat) == piece
    (after,) = read_performances(folder / "b.mid")
    assert (after.tempo, after.metre) == (before.tempo, before.metre)


def test_a_held_note_has_one_note_on():
    messages = [m for m in make_midi([(60,), (60,), (60, 64)]).tracks[0] if m.type.startswith("note")]
    assert [(m.type, m.note, m.time) for m in messages] == [
        ("note_on", 60, 0),
        ("note_on", 64, 2 * TICKS),
        ("note_off", 60, TICKS),
        ("note_off", 64, 0),
    ]


@pytest.mark.parametrize("steps_per_beat", [1, 5, 7, 11, 32, 480, 1000])
def test_every_step_is_as_long_as_the_others(steps_per_beat):
    file = make_midi([(60,), ()] * 30, steps_per_beat=steps_per_beat, tempo=60)
    assert file.length == pytest.approx(60 / steps_per_beat)
    assert file.ticks_per_beat % steps_per_beat == 0


def test_tempo_and_metre_are_written():
    track = make_midi([(60,)], tempo=87, metre=(6, 8)).tracks[0]
    meta = {m.type: m for m in track if m.is_meta}
    assert round(mido.tempo2bpm(meta["set_tempo"].tempo)) == 87
    assert (meta["time_signature"].numerator, meta["time_signature"].denominator) == (6, 8)


@pytest.mark.parametrize("tempo", [0, 3, 1001, float("nan")])
def test_tempos_outside_the_range_of_midi_are_refused(tempo):
    with pytest.raises(ConfigError, match="must be between"):
        make_midi([(60,)], tempo=tempo)


def test_velocity_zero_ends_a_note(tmp_path):
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
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "x.mid").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.mid: is not a MIDI file"):
        read_midi(tmp_path / "x.mid")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (midi(track()), "holds no notes"),
        (midi(track(*note(0, 9, 36, channel=9))), r"holds no notes but percussion \(channel 10\)"),
        (midi(track(*note(0, 9, 60)), track(*note(0, 9, 60)), kind=2), "has 2 pieces"),
    ],
)
def test_files_without_a_piece_are_refused(tmp_path, raw, message):
    (tmp_path / "x.mid").write_bytes(raw)
    with pytest.raises(DataError, match=rf"x\.mid: {message}"):
        read_midi(tmp_path / "x.mid")
