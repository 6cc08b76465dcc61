"""The notes of a Standard MIDI File, as events in time.

mido reads them too, but it fails on key signatures that it does not know, loses the time of meta events that
it does not know, and takes numbers of any length.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from unrolled.reading import MalformedError

NOTE_OFF, NOTE_ON = 0x80, 0x90
META, SYSEX, SYSEX_END = 0xFF, 0xF0, 0xF7
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Of system messages; the others have none."""


@dataclass(frozen=True)
class MidiHeader:
    """The first chunk of a file."""

    format: int
    """0 is one track, 1 several at once, 2 several pieces."""
    tracks: int
    division: int
    """Ticks of a quarter note; negative if time goes by seconds."""


@dataclass(frozen=True)
class NoteEvent:
    """A key is struck or let go."""

    tick: int
    channel: int
    note: int
    velocity: int
    """0 lets it go."""


def read_header(raw: bytes) -> MidiHeader:
    """Return the header of a file.

    Raises:
        MalformedError: if there is none.
    """
    if raw[:4] != b"MThd" or len(raw) < 14:
        raise MalformedError("not a MIDI file (it does not begin with a header MThd)")
    return MidiHeader(*struct.unpack(">HHh", raw[8:14]))


def note_events(raw: bytes) -> list[NoteEvent]:
    """Return the notes of all tracks in the order of time.

    Raises:
        MalformedError: if a track is damaged or cut off.
    """
    events = [
        event
        for number, track in enumerate(_tracks(raw), 1)
        for event in _Track(track, f"track {number}").notes()
    ]
    return sorted(events, key=lambda event: event.tick)


def _tracks(raw: bytes) -> Iterator[bytes]:
    left = read_header(raw).tracks
    place = 8 + int.from_bytes(raw[4:8], "big")
    while left:
        name, size = raw[place : place + 4], int.from_bytes(raw[place + 4 : place + 8], "big")
        end = place + 8 + size
        if len(name) < 4 or end > len(raw):
            raise MalformedError(f"not a whole MIDI file ({left} of its tracks are cut off or missing)")
        if name == b"MTrk":  # other chunks are for other programs
            yield raw[place + 8 : end]
            left -= 1
        place = end


class _Track:
    """The bytes of a track, read once from the beginning to the end."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._place, self._name = data, 0, name

    def notes(self) -> Iterator[NoteEvent]:
        tick, running = 0, 0
        while self._place < len(self._data):
            tick += self._number()
            status = self._byte()
            if status < NOTE_OFF:  # the status of the event before, left out
                status, self._place = running, self._place - 1
            if status == META:
                self._byte()
                self._skip(self._number())
            elif status in (SYSEX, SYSEX_END):
                self._skip(self._number())
            elif status > SYSEX:
                self._skip(SYSTEM_BYTES.get(status, 0))
            elif status:
                running, kind = status, status & 0xF0
                values = [self._value() for _ in range(DATA_BYTES[kind])]
                if kind in (NOTE_ON, NOTE_OFF):
                    yield NoteEvent(tick, status & 0x0F, values[0], values[1] if kind == NOTE_ON else 0)
            else:
                raise self._wrong("an event without a status")

    def _byte(self) -> int:
        if self._place >= len(self._data):
            raise self._wrong("an event that is cut off")
        self._place += 1
        return self._data[self._place - 1]

    def _value(self) -> int:
        value = self._byte()
        if value >= NOTE_OFF:
            raise self._wrong(f"{value} where a value of 0 to 127 is due")
        return value

    def _number(self) -> int:
        """Read a number of up to 28 bits, seven a byte, as the format has it; mido writes some longer."""
        number = 0
        for _ in range(9):
            byte = self._byte()
            number = number << 7 | byte & 0x7F
            if byte < NOTE_OFF:
                return number
        raise self._wrong("a number of more than 9 bytes")

    def _skip(self, count: int) -> None:
        if count > len(self._data) - self._place:
            raise self._wrong("an event that is cut off")
        self._place += count

    def _wrong(self, what: str) -> MalformedError:
        return MalformedError(f"damaged ({self._name} holds {what} before byte {self._place})")
