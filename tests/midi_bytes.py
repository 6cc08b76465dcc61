"""MIDI files built byte by byte."""

import struct

END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    """Encode a variable-length number, seven bits per byte."""
    out = [value & 127]
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    return bytes(out)


def chunk(track: bytes, size: int | None = None) -> bytes:
    """Return the chunk of a track."""
    return b"MTrk" + struct.pack(">I", len(track) if size is None else size) + track


def midi(*tracks: bytes, size: int | None = None, ticks: int = 480, count: int | None = None, kind: int = 1):
    """Return a file; ``size`` and ``count`` overwrite the true values in the headers."""
    head = b"MThd" + struct.pack(">IHHh", 6, kind, len(tracks) if count is None else count, ticks)
    return head + b"".join(chunk(track, size) for track in tracks)


def track(*events: tuple[int, bytes]) -> bytes:
    """Return the content of a track: events (tick, bytes) sorted by tick, and the end-of-track event."""
    now, out = 0, b""
    for tick, event in sorted(events, key=lambda e: e[0]):
        out += number(tick - now) + event
        now = tick
    return out + END


def on(note: int, channel: int = 0) -> bytes:
    """Return a note-on event."""
    return bytes([0x90 | channel, note, 64])


def off(note: int, channel: int = 0) -> bytes:
    """Return a note-off event."""
    return bytes([0x80 | channel, note, 0])


def pedal(down: bool, channel: int = 0) -> bytes:
    """Return a sustain pedal event."""
    return bytes([0xB0 | channel, 64, 127 if down else 0])


def tempo(quarters_a_minute: float) -> bytes:
    """Return a tempo event."""
    return b"\xff\x51\x03" + round(6e7 / quarters_a_minute).to_bytes(3, "big")


def note(start: int, end: int, key: int, channel: int = 0) -> list[tuple[int, bytes]]:
    """Return the two events of a note, with their ticks."""
    return [(start, on(key, channel)), (end, off(key, channel))]
