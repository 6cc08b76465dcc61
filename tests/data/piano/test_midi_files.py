"""Folders of realistic MIDI files: notes report what was decided, counted and left out."""

import pytest

from midi_bytes import midi, note, on, pedal, tempo, track
from unrolled.data.piano import open_pieces
from unrolled.errors import DataError

EIGHTHS = [e for i in range(8) for e in note(i * 240, i * 240 + 240, 60 + i)]


def read_with(folder, *events, options=None, **header):
    """Write a plain file and one with these events; return the collection of both."""
    (folder / "a.mid").write_bytes(midi(track((0, tempo(100)), *EIGHTHS)))
    (folder / "b.mid").write_bytes(midi(track(*events), **header))
    return open_pieces(folder, **options or {})


def has_note(read, words):
    """Return whether a note contains the words."""
    return any(words in note for note in read.notes)


def test_the_grid_is_reported_with_its_option(tmp_path):
    read = read_with(tmp_path, *EIGHTHS)
    assert read.steps_per_beat == 2
    assert read.notes[0] == (
        "steps: 2 to a quarter note, the fewest that keep 99% of notes and chords distinct (--steps-per-beat)"
    )
    explicit = open_pieces(tmp_path, 1)
    assert explicit.steps_per_beat == 1
    assert not has_note(explicit, "--steps-per-beat")


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (
            note(0, 9, 36, channel=9) + note(0, 480, 60),
            "1 percussion note (channel 10) in 1 piece",
        ),
        (
            note(0, 480, 12) + note(0, 480, 60),
            "1 note outside the range of a piano (MIDI 21 to 108) left out",
        ),
        ([*note(0, 480, 60), (9, pedal(True)), (99, pedal(False))], "sustain pedal in 1 piece"),
        ([*note(0, 480, 60), (9, on(62)), (480, on(64))], "2 notes never released"),
        ([*note(0, 480, 60), (0, tempo(60)), (99, tempo(90))], "with changes in 1 of them"),
        (
            [*note(0, 480, 60), (0, b"\xff\x58\x04\x03\x02\x18\x08"), (9, b"\xff\x58\x04\x04\x02\x18\x08")],
            "metre",
        ),
        (
            note(0, 100, 60) + note(110, 480, 60),
            "1 of 10 notes (10.0%) repeated with no step between",
        ),
    ],
)
def test_decisions_are_reported(tmp_path, events, words):
    read = read_with(tmp_path, *events, options={"steps_per_beat": 2})
    assert has_note(read, words)
    assert len(read.parts["train"]) == 2
    assert all(60 in read.parts["train"][1][0] for _ in range(1))


def test_smpte_time_is_reported(tmp_path):
    read = read_with(tmp_path, *note(0, 1000, 60), ticks=-25 * 256 + 40)
    assert has_note(read, "time in seconds (SMPTE) in 1 piece: half a second is a quarter note")


def test_plain_files_have_only_the_note_on_tempo(tmp_path):
    read = read_with(tmp_path, (0, tempo(100)), *EIGHTHS, options={"steps_per_beat": 2})
    (only,) = read.notes
    assert only.startswith("tempo: 100 quarter notes a minute in 2 pieces;")
    assert round(read.tempo) == 100


def test_the_pedal_option(tmp_path):
    events = [*note(0, 480, 60), *note(960, 1440, 62), (9, pedal(True)), (960, pedal(False))]
    read = read_with(tmp_path, *events, options={"sustain": True, "steps_per_beat": 1})
    assert read.parts["train"][1] == [(60,), (60,), (62,)]
    assert not has_note(read, "pedal")


def test_unusable_files_are_left_out_and_listed(tmp_path):
    (tmp_path / "c.mid").write_bytes(b"nothing")
    (tmp_path / "d.mid").write_bytes(midi(track()))
    (tmp_path / "e.mid").write_bytes(midi(track(*note(0, 9, 36, channel=9))))
    (tmp_path / "f.mid").write_bytes(midi(track(*note(0, 9, 60))))
    (tmp_path / "._a.mid").write_bytes(b"left by a file manager")
    read = read_with(tmp_path, *EIGHTHS)
    assert len(read.parts["train"]) == 2
    assert has_note(read, "4 files left out: ")
    assert has_note(read, "c.mid: is not a MIDI file")
    assert has_note(read, "and 1 more")


def test_a_truncated_file_is_read_up_to_the_cut(tmp_path):
    read = read_with(tmp_path, *EIGHTHS, count=4)
    assert len(read.parts["train"]) == 2
    assert has_note(read, "b.mid: cut off; the notes before the cut are read")


def test_each_track_of_format_2_is_a_piece(tmp_path):
    raw = midi(track(*EIGHTHS), track(*EIGHTHS), kind=2)
    (tmp_path / "a.mid").write_bytes(raw)
    assert len(open_pieces(tmp_path / "a.mid").parts["train"]) == 2


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "holds no notes"),
        (note(0, 9, 36, channel=9), "but percussion"),
        (note(0, 960, 12), "holds no note that a piano has"),
        (note(0, 9, 60), "has one step"),
    ],
)
def test_files_without_a_piece_are_refused(tmp_path, events, message):
    (tmp_path / "a.mid").write_bytes(midi(track(*events)))
    with pytest.raises(DataError, match=rf"a\.mid: .*{message}"):
        open_pieces(tmp_path)
    (tmp_path / "b.mid").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"and 1 more file that cannot be used"):
        open_pieces(tmp_path)
