"""MIDI files as events: limits on memory, tolerated defects, and errors with their position."""

import random
import struct

import mido
import pytest

from midi_bytes import END, midi, number
from unrolled.data.midi import read_midi
from unrolled.data.midi.events import NoteEvent, read_events
from unrolled.data.midi.grid import LONGEST
from unrolled.errors import DataError
from unrolled.reading import MalformedError

NOTE = b"\x00\x90\x3c\x40", b"\x83\x60\x80\x3c\x40"


def read_notes(raw):
    return [event for track in read_events(raw).tracks for event in track if isinstance(event, NoteEvent)]


@pytest.mark.parametrize("delta", [2**27, 2**60])
def test_one_long_note_does_not_take_all_memory(tmp_path, delta):
    raw = midi(NOTE[0] + number(delta) + b"\x80\x3c\x40" + END, ticks=1)
    assert len(raw) < 50
    (tmp_path / "x.mid").write_bytes(raw)
    with pytest.raises(DataError, match=rf"x\.mid: is .* steps long \(at most {LONGEST:,} are allowed\)"):
        read_midi(tmp_path / "x.mid")


def test_all_keys_held_for_the_longest_allowed_piece(tmp_path):
    channels = [c for c in range(16) if c != 9]
    on = b"".join(b"\x00" + bytes([0x90 | c, n, 64]) for c in channels for n in range(128))
    off = b"".join(b"\x00" + bytes([0x80 | c, n, 64]) for c in channels for n in range(128))
    (tmp_path / "x.mid").write_bytes(midi(on + number(LONGEST // 64) + off[1:] + END, ticks=1))
    piece = read_midi(tmp_path / "x.mid", 1)
    assert len(piece) == LONGEST // 64
    assert piece[0] == piece[-1] == tuple(range(128))


@pytest.mark.parametrize("key", [b"\x00\x80", b"\x08\x00", b"\x00\x02", b"\x7f\xff"])
def test_an_invalid_key_signature_is_ignored(tmp_path, key):
    (tmp_path / "x.mid").write_bytes(midi(b"\x00\xff\x59\x02" + key + b"".join(NOTE) + END))
    assert read_midi(tmp_path / "x.mid") == [(60,)]


@pytest.mark.parametrize("kind", [b"\x51", b"\x58", b"\x59", b"\x2f", b"\x21", b"\x7f", b"\x77"])
@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00\x00", b"\xff\xff\xff\xff\xff"])
def test_meta_events_of_the_wrong_size_are_ignored(tmp_path, kind, data):
    meta = b"\x00\xff" + kind + bytes([len(data)]) + data
    (tmp_path / "x.mid").write_bytes(midi(meta + b"".join(NOTE) + END))
    assert read_midi(tmp_path / "x.mid") == [(60,)]


def test_other_events_advance_the_time():
    other = b"\x60\xff\x7d\x01\x00\x60\xf0\x02\x01\xf7\x60\xc0\x05\x60\xb0\x07\x40\x60\xf2\x01\x02\x60\xf8"
    ticks = [(e.tick, e.velocity) for e in read_notes(midi(NOTE[0] + other + NOTE[1] + END))]
    assert ticks == [(0, 64), (6 * 0x60 + 480, 0)]


def test_running_status():
    running = b"\x00\x90\x3c\x40\x0a\x3e\x40\x0a\x3c\x00"
    assert [(e.tick, e.note, e.velocity) for e in read_notes(midi(running + END))] == [
        (0, 60, 64),
        (10, 62, 64),
        (20, 60, 0),
    ]


def test_unknown_chunks_are_skipped():
    raw = midi(b"".join(NOTE) + END)
    foreign = b"XFIH" + struct.pack(">I", 3) + b"abc"
    assert (
        read_notes(raw[:14] + foreign + raw[14:])
        == read_notes(raw)
        == read_notes(raw + foreign)
        == read_notes(raw + b"junk")
    )


def test_a_file_in_a_riff_chunk_is_read():
    raw = midi(b"".join(NOTE) + END)
    riff = b"RIFF" + struct.pack("<I", len(raw) + 12) + b"RMIDdata" + struct.pack("<I", len(raw)) + raw
    assert read_notes(riff) == read_notes(raw)


def test_more_tracks_than_in_the_header_are_read():
    raw = midi(b"".join(NOTE) + END, b"".join(NOTE) + END, count=1)
    assert len(read_notes(raw)) == 4
    assert not read_events(raw).cut


@pytest.mark.parametrize(
    ("raw", "message", "count"),
    [
        (midi(b"".join(NOTE), size=0xF0000000), "in track 1", 2),
        (midi(b"".join(NOTE), count=3), "2 of its 3 tracks are missing", 2),
        (midi(NOTE[0] + b"\x83", size=100), "in track 1", 1),
        (midi(NOTE[0] + b"\x00\xff\x01\x8f\xff\xff\x7f", size=100), "in track 1", 1),
        (midi(b"".join(NOTE)) + b"MTr", "", 2),
    ],
)
def test_notes_before_the_end_of_a_truncated_file_are_read(raw, message, count):
    assert message in read_events(raw).cut
    assert bool(read_events(raw).cut) == bool(message)
    assert len(read_notes(raw)) == count


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(30), "not a MIDI file"),
        (midi(b"\x00\x3c\x40"), "an event without a status"),
        (midi(b"\x00\x90\x3c"), "an event that is cut off"),
        (midi(b"\x00\x90\x3c\x90"), "144 instead of a value from 0 to 127"),
        (midi(b"\x00\xff\x01\x8f\xff\xff\x7f"), "an event that is cut off"),
        (midi(b"\xff" * 40), "a number of more than 9 bytes"),
        (midi(END, b"\x00\x3c\x40"), "track 2"),
    ],
)
def test_damage_is_reported_with_its_position(raw, message):
    with pytest.raises(MalformedError, match=message):
        read_events(raw)


def test_random_files_are_read_as_mido_reads_them(tmp_path):
    rng = random.Random(0)
    for _ in range(40):
        file = mido.MidiFile(type=1, ticks_per_beat=rng.choice([24, 480]))
        for _ in range(rng.randint(1, 3)):
            track = mido.MidiTrack()
            file.tracks.append(track)
            for _ in range(rng.randint(0, 40)):
                values = {"note": rng.randint(50, 60), "velocity": rng.choice([0, 64])}
                values |= {"channel": rng.randint(0, 2), "time": rng.randint(0, 600)}
                kind = rng.choice(["note_on", "note_on", "note_off"])
                track.append(mido.Message(kind, **values))
            track.append(mido.MetaMessage("text", text="end", time=3))
        file.save(tmp_path / "x.mid")
        expected = []
        for track in file.tracks:
            now = 0
            for message in track:
                now += message.time
                if message.type in ("note_on", "note_off"):
                    velocity = message.velocity if message.type == "note_on" else 0
                    expected.append((now, message.channel, message.note, velocity))
        raw = (tmp_path / "x.mid").read_bytes()
        assert [(e.tick, e.channel, e.note, e.velocity) for e in read_notes(raw)] == expected
        assert read_events(raw).header.division == file.ticks_per_beat
