"""MIDI files as events: what a small file may ask for, and what its notes do not need."""

import random
import struct

import mido
import pytest

from unrolled.data.midi import LONGEST, read_midi
from unrolled.data.midi_events import note_events, read_header
from unrolled.errors import DataError
from unrolled.reading import MalformedError

NOTE = b"\x00\x90\x3c\x40", b"\x83\x60\x80\x3c\x40"
END = b"\x00\xff\x2f\x00"


def number(value):
    """Write a number seven bits a byte."""
    out = [value & 127]
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    return bytes(out)


def midi(track, *, size=None, ticks=480, tracks=1):
    head = b"MThd" + struct.pack(">IHHH", 6, 0, tracks, ticks)
    return head + b"MTrk" + struct.pack(">I", len(track) if size is None else size) + track


@pytest.mark.parametrize("delta", [2**27, 2**60])
def test_one_long_note_does_not_take_all_memory(tmp_path, delta):
    raw = midi(NOTE[0] + number(delta) + b"\x80\x3c\x40" + END, ticks=1)
    assert len(raw) < 50
    (tmp_path / "x.mid").write_bytes(raw)
    with pytest.raises(DataError, match=rf"x\.mid: has .* steps, and more than {LONGEST:,}"):
        read_midi(tmp_path / "x.mid")


def test_every_key_held_to_the_longest_step_is_read(tmp_path):
    on = b"".join(b"\x00" + bytes([0x90 | c, n, 64]) for c in range(16) for n in range(128))
    off = b"".join(b"\x00" + bytes([0x80 | c, n, 64]) for c in range(16) for n in range(128))
    (tmp_path / "x.mid").write_bytes(midi(on + number(LONGEST // 64) + off[1:] + END, ticks=1))
    piece = read_midi(tmp_path / "x.mid")
    assert len(piece) == LONGEST // 64
    assert piece[0] == piece[-1] == tuple(range(128))


@pytest.mark.parametrize("key", [b"\x00\x80", b"\x08\x00", b"\x00\x02"])
def test_notes_do_not_need_the_key_signature(tmp_path, key):
    (tmp_path / "x.mid").write_bytes(midi(b"\x00\xff\x59\x02" + key + b"".join(NOTE) + END))
    assert read_midi(tmp_path / "x.mid") == [(60,)]


def test_time_goes_on_during_other_events():
    other = b"\x60\xff\x7d\x01\x00\x60\xf0\x02\x01\xf7\x60\xc0\x05\x60\xb0\x07\x40\x60\xf2\x01\x02\x60\xf8"
    ticks = [(e.tick, e.velocity) for e in note_events(midi(NOTE[0] + other + NOTE[1] + END))]
    assert ticks == [(0, 64), (6 * 0x60 + 480, 0)]


def test_chunks_of_other_programs_are_passed_over():
    raw = midi(b"".join(NOTE) + END)
    assert note_events(raw[:14] + b"XFIH" + struct.pack(">I", 3) + b"abc" + raw[14:]) == note_events(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(30), "not a MIDI file"),
        (midi(b"".join(NOTE), size=0xF0000000), "cut off or missing"),
        (midi(b"".join(NOTE), tracks=2), "1 of its tracks are cut off or missing"),
        (midi(b"\x00\x3c\x40"), "an event without a status"),
        (midi(b"\x00\x90\x3c"), "an event that is cut off"),
        (midi(b"\x00\x90\x3c\x90"), "144 where a value of 0 to 127 is due"),
        (midi(b"\x00\xff\x01\x8f\xff\xff\x7f"), "an event that is cut off"),
        (midi(b"\xff" * 40), "a number of more than 9 bytes"),
    ],
)
def test_damage_is_told_with_its_place(raw, message):
    with pytest.raises(MalformedError, match=message):
        note_events(raw)


def test_random_files_are_read_as_mido_reads_them(tmp_path):
    rng = random.Random(0)
    for _ in range(40):
        file = mido.MidiFile(type=1, ticks_per_beat=rng.choice([24, 480]))
        for _ in range(rng.randint(1, 3)):
            track = mido.MidiTrack()
            file.tracks.append(track)
            for _ in range(rng.randint(0, 40)):
                note = {"note": rng.randint(50, 60), "velocity": rng.choice([0, 64])}
                kind = rng.choice(["note_on", "note_on", "note_off"])
                track.append(mido.Message(kind, **note, channel=rng.randint(0, 2), time=rng.randint(0, 600)))
            track.append(mido.MetaMessage("text", text="end", time=3))
        file.save(tmp_path / "x.mid")
        now, theirs = 0, []
        for message in mido.merge_tracks(file.tracks):
            now += message.time
            if message.type in ("note_on", "note_off"):
                velocity = message.velocity if message.type == "note_on" else 0
                theirs.append((now, message.channel, message.note, velocity))
        raw = (tmp_path / "x.mid").read_bytes()
        assert [(e.tick, e.channel, e.note, e.velocity) for e in note_events(raw)] == theirs
        assert read_header(raw).division == file.ticks_per_beat
