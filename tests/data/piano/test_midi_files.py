"""Folders of MIDI files as real ones are: what is settled, counted and left out is said."""

import pytest

from midi_bytes import midi, note, on, pedal, tempo, track
from unrolled.data.piano import open_pieces
from unrolled.errors import DataError

EIGHTHS = [e for i in range(8) for e in note(i * 240, i * 240 + 240, 60 + i)]


def notes_about(folder, *events, options=None, **header):
    """Write a file of these events beside a plain one; return what is said of both."""
    (folder / "a.mid").write_bytes(midi(track((0, tempo(100)), *EIGHTHS)))
    (folder / "b.mid").write_bytes(midi(track(*events), **header))
    return open_pieces(folder, **options or {})


def said(read, words):
    """Tell whether a note holds the words."""
    return any(words in note for note in read.notes)


def test_the_grid_is_said_with_its_option(tmp_path):
    read = notes_about(tmp_path, *EIGHTHS)
    assert read.steps_per_beat == 2
    assert read.notes[0] == (
        "steps: 2 to a quarter note, the fewest that keep 99% of notes and chords distinct (--steps-per-beat)"
    )
    given = open_pieces(tmp_path, 1)
    assert given.steps_per_beat == 1
    assert not said(given, "--steps-per-beat")


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
def test_what_is_settled_is_said(tmp_path, events, words):
    read = notes_about(tmp_path, *events, options={"steps_per_beat": 2})
    assert said(read, words)
    assert len(read.parts["train"]) == 2
    assert all(60 in read.parts["train"][1][0] for _ in range(1))


def test_seconds_are_said(tmp_path):
    read = notes_about(tmp_path, *note(0, 1000, 60), ticks=-25 * 256 + 40)
    assert said(read, "time in seconds (SMPTE) in 1 piece: half a second is a quarter note")


def test_plain_files_are_read_without_a_word(tmp_path):
    read = notes_about(tmp_path, (0, tempo(100)), *EIGHTHS, options={"steps_per_beat": 2})
    (only,) = read.notes
    assert only.startswith("tempo: 100 quarter notes a minute in 2 pieces;")
    assert round(read.tempo) == 100


def test_the_pedal_by_its_option(tmp_path):
    events = [*note(0, 480, 60), *note(960, 1440, 62), (9, pedal(True)), (960, pedal(False))]
    read = notes_about(tmp_path, *events, options={"sustain": True, "steps_per_beat": 1})
    assert read.parts["train"][1] == [(60,), (60,), (62,)]
    assert not said(read, "pedal")


def test_a_file_that_cannot_be_used_is_left_out_and_named(tmp_path):
    (tmp_path / "c.mid").write_bytes(b"nothing")
    (tmp_path / "d.mid").write_bytes(midi(track()))
    (tmp_path / "e.mid").write_bytes(midi(track(*note(0, 9, 36, channel=9))))
    (tmp_path / "f.mid").write_bytes(midi(track(*note(0, 9, 60))))
    (tmp_path / "._a.mid").write_bytes(b"left by a file manager")
    read = notes_about(tmp_path, *EIGHTHS)
    assert len(read.parts["train"]) == 2
    assert said(read, "4 files left out: ")
    assert said(read, "c.mid: is not a MIDI file")
    assert said(read, "and 1 more")


def test_a_file_that_is_cut_off_is_read_up_to_there(tmp_path):
    read = notes_about(tmp_path, *EIGHTHS, count=4)
    assert len(read.parts["train"]) == 2
    assert said(read, "b.mid: cut off; the notes before the cut are read")


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
def test_what_holds_no_piece(tmp_path, events, message):
    (tmp_path / "a.mid").write_bytes(midi(track(*events)))
    with pytest.raises(DataError, match=rf"a\.mid: .*{message}"):
        open_pieces(tmp_path)
    (tmp_path / "b.mid").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"and 1 more file that cannot be used"):
        open_pieces(tmp_path)
