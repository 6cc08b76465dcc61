"""Parse the events of a Standard MIDI File: notes, pedal, tempo and metre.

mido is not used, because it fails on unknown key signatures, loses the time of unknown meta events, accepts
numbers of any length and rejects truncated files.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from unrolled.reading import MalformedError

NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
META, SYSEX, SYSEX_END = 0xFF, 0xF0, 0xF7
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of system messages; all others have none."""
TEXT, END, TEMPO, METRE = 0x01, 0x2F, 0x51, 0x58
"""Types of meta events."""
PEDAL, PEDAL_DOWN = 64, 64
"""Controller number of the sustain pedal, and the lowest value that means down."""
RIFF = b"RIFF", b"RMIDdata"
"""Bytes that mark a MIDI file wrapped in a RIFF chunk, as some programs write it."""


@dataclass(frozen=True)
class MidiHeader:
    """Header chunk of a MIDI file."""

    format: int
    """0: one track; 1: several simultaneous tracks; 2: several pieces."""
    tracks: int
    division: int
    """Ticks per quarter note; negative if time is counted in seconds (SMPTE)."""


@dataclass(frozen=True)
class NoteEvent:
    """A key is pressed or released."""

    tick: int
    channel: int
    note: int
    velocity: int
    """0 for a release."""


@dataclass(frozen=True)
class PedalEvent:
    """The sustain pedal is pressed or released."""

    tick: int
    channel: int
    down: bool


@dataclass(frozen=True)
class MetaEvent:
    """A tempo, metre, text or end of the track; the end has the tick of the last event."""

    tick: int
    kind: int
    """:data:`TEMPO`, :data:`METRE`, :data:`TEXT` or :data:`END`."""
    data: bytes


Event = NoteEvent | PedalEvent | MetaEvent


@dataclass(frozen=True)
class MidiEvents:
    """Header and tracks of a MIDI file."""

    header: MidiHeader
    tracks: list[list[Event]]
    cut: str
    """Where the file is cut off, as text after "is"; "" if the file is complete."""


def read_events(raw: bytes) -> MidiEvents:
    """Return the events of each track; in a truncated file, those before the cut.

    Raises:
        MalformedError: if it is not a MIDI file, or a track is damaged.
    """
    raw = _unwrap_riff(raw)
    header = read_header(raw)
    tracks: list[list[Event]] = []
    position, cut = 8 + int.from_bytes(raw[4:8], "big"), ""
    while position + 8 <= len(raw):
        name, size = raw[position : position + 4], int.from_bytes(raw[position + 4 : position + 8], "big")
        if name != b"MTrk" and len(tracks) >= header.tracks:
            break  # chunks after the tracks belong to other programs
        end = position + 8 + size
        if name == b"MTrk":
            track = _TrackReader(
                raw[position + 8 : end], f"track {len(tracks) + 1}", complete=end <= len(raw)
            )
            tracks.append(list(track.events()))
            if end > len(raw):
                cut = f"cut off in track {len(tracks)}"
        position = end
    if not cut and len(tracks) < header.tracks:
        cut = f"cut off ({header.tracks - len(tracks)} of its {header.tracks} tracks are missing)"
    return MidiEvents(header, tracks, cut)


def read_header(raw: bytes) -> MidiHeader:
    """Return the header of a file.

    Raises:
        MalformedError: if the file has no MIDI header.
    """
    if raw[:4] != b"MThd" or len(raw) < 14:
        raise MalformedError("not a MIDI file (it does not begin with a header MThd)")
    return MidiHeader(*struct.unpack(">HHh", raw[8:14]))


def is_midi(raw: bytes) -> bool:
    """Return whether the first bytes are those of a MIDI file."""
    return raw[:4] in (b"MThd", RIFF[0])


def _unwrap_riff(raw: bytes) -> bytes:
    return raw[20:] if (raw[:4], raw[8:16]) == RIFF else raw


class _TrackReader:
    """Reads the events of a track in one pass."""

    def __init__(self, data: bytes, name: str, *, complete: bool) -> None:
        self._data, self._position, self._name, self._complete = data, 0, name, complete
        self._tick, self._running = 0, 0

    def events(self) -> Iterator[Event]:
        try:
            while self._position < len(self._data):
                event = self._read_event()
                if event:
                    yield event
        except _CutError:
            if self._complete:
                raise self._damage_error("an event that is cut off") from None
        yield MetaEvent(self._tick, END, b"")

    def _read_event(self) -> Event | None:
        """Read the next event; return None for one that does not matter here."""
        self._tick += self._read_number()
        status = self._read_byte()
        if status < NOTE_OFF:  # running status: the byte is omitted if it repeats
            status, self._position = self._running, self._position - 1
        if status == META:
            kind = self._read_byte()
            data = self._read_bytes(self._read_number())
            return MetaEvent(self._tick, kind, data) if kind in (TEMPO, METRE, TEXT) else None
        if status in (SYSEX, SYSEX_END):
            self._read_bytes(self._read_number())
        elif status > SYSEX:
            self._read_bytes(SYSTEM_BYTES.get(status, 0))
        elif status:
            self._running = status
            return self._read_channel_event(status & 0xF0, status & 0x0F)
        else:
            raise self._damage_error("an event without a status")
        return None

    def _read_channel_event(self, kind: int, channel: int) -> Event | None:
        values = [self._read_value() for _ in range(DATA_BYTES[kind])]
        if kind in (NOTE_ON, NOTE_OFF):
            return NoteEvent(self._tick, channel, values[0], values[1] if kind == NOTE_ON else 0)
        if kind == CONTROL and values[0] == PEDAL:
            return PedalEvent(self._tick, channel, values[1] >= PEDAL_DOWN)
        return None

    def _read_byte(self) -> int:
        return self._read_bytes(1)[0]

    def _read_bytes(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._data):
            raise _CutError
        self._position = end
        return self._data[end - count : end]

    def _read_value(self) -> int:
        value = self._read_byte()
        if value >= NOTE_OFF:
            raise self._damage_error(f"{value} instead of a value from 0 to 127")
        return value

    def _read_number(self) -> int:
        """Read a variable-length number, 7 bits per byte; the format allows 4 bytes, but mido writes more."""
        number = 0
        for _ in range(9):
            byte = self._read_byte()
            number = number << 7 | byte & 0x7F
            if byte < NOTE_OFF:
                return number
        raise self._damage_error("a number of more than 9 bytes")

    def _damage_error(self, what: str) -> MalformedError:
        return MalformedError(f"damaged ({self._name} has {what} before byte {self._position})")


class _CutError(Exception):
    """Raised if a track ends inside an event."""
