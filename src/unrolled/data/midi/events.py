"""The events of a Standard MIDI File that tell how a piece goes: notes, pedal, tempo and metre.

mido reads them too, but it fails on key signatures that it does not know, loses the time of meta events that
it does not know, takes numbers of any length, and gives up on a file that is cut off.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from unrolled.reading import MalformedError

NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
META, SYSEX, SYSEX_END = 0xFF, 0xF0, 0xF7
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Of system messages; the others have none."""
TEXT, END, TEMPO, METRE = 0x01, 0x2F, 0x51, 0x58
"""Types of meta events."""
PEDAL, PEDAL_DOWN = 64, 64
"""Number of the controller, and the lowest value that means down."""
RIFF = b"RIFF", b"RMIDdata"
"""Some programs wrap the file into a RIFF chunk."""


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


@dataclass(frozen=True)
class PedalEvent:
    """The sustain pedal goes down or up."""

    tick: int
    channel: int
    down: bool


@dataclass(frozen=True)
class MetaEvent:
    """A tempo, a metre, a text, or the end of the track, whose tick is that of its last event."""

    tick: int
    kind: int
    """:data:`TEMPO`, :data:`METRE`, :data:`TEXT` or :data:`END`."""
    data: bytes


Event = NoteEvent | PedalEvent | MetaEvent


@dataclass(frozen=True)
class MidiEvents:
    """The tracks of a file."""

    header: MidiHeader
    tracks: list[list[Event]]
    cut: str
    """How the file is cut off, to go on from "is"; "" if it is whole."""


def read_events(raw: bytes) -> MidiEvents:
    """Return the events of each track of a file; of one that is cut off those before the cut.

    Raises:
        MalformedError: if it is no MIDI file, or a track is damaged.
    """
    raw = _unwrapped(raw)
    header = read_header(raw)
    tracks: list[list[Event]] = []
    place, cut = 8 + int.from_bytes(raw[4:8], "big"), ""
    while place + 8 <= len(raw):
        name, size = raw[place : place + 4], int.from_bytes(raw[place + 4 : place + 8], "big")
        if name != b"MTrk" and len(tracks) >= header.tracks:
            break  # what follows the tracks is for other programs
        end = place + 8 + size
        if name == b"MTrk":
            track = _Track(raw[place + 8 : end], f"track {len(tracks) + 1}", whole=end <= len(raw))
            tracks.append(list(track.events()))
            if end > len(raw):
                cut = f"cut off in track {len(tracks)}"
        place = end
    if not cut and len(tracks) < header.tracks:
        cut = f"cut off ({header.tracks - len(tracks)} of its {header.tracks} tracks are missing)"
    return MidiEvents(header, tracks, cut)


def read_header(raw: bytes) -> MidiHeader:
    """Return the header of a file.

    Raises:
        MalformedError: if there is none.
    """
    if raw[:4] != b"MThd" or len(raw) < 14:
        raise MalformedError("not a MIDI file (it does not begin with a header MThd)")
    return MidiHeader(*struct.unpack(">HHh", raw[8:14]))


def is_midi(raw: bytes) -> bool:
    """Tell by the first bytes of a file whether it is meant as MIDI."""
    return raw[:4] in (b"MThd", RIFF[0])


def _unwrapped(raw: bytes) -> bytes:
    return raw[20:] if (raw[:4], raw[8:16]) == RIFF else raw


class _Track:
    """The bytes of a track, read once from the beginning to the end."""

    def __init__(self, data: bytes, name: str, *, whole: bool) -> None:
        self._data, self._place, self._name, self._whole = data, 0, name, whole
        self._tick, self._running = 0, 0

    def events(self) -> Iterator[Event]:
        try:
            while self._place < len(self._data):
                event = self._event()
                if event:
                    yield event
        except _CutError:
            if self._whole:
                raise self._wrong("an event that is cut off") from None
        yield MetaEvent(self._tick, END, b"")

    def _event(self) -> Event | None:
        """Read the next event; return None for one that says nothing of the piece."""
        self._tick += self._number()
        status = self._byte()
        if status < NOTE_OFF:  # the status of the event before, left out
            status, self._place = self._running, self._place - 1
        if status == META:
            kind = self._byte()
            data = self._bytes(self._number())
            return MetaEvent(self._tick, kind, data) if kind in (TEMPO, METRE, TEXT) else None
        if status in (SYSEX, SYSEX_END):
            self._bytes(self._number())
        elif status > SYSEX:
            self._bytes(SYSTEM_BYTES.get(status, 0))
        elif status:
            self._running = status
            return self._of_channel(status & 0xF0, status & 0x0F)
        else:
            raise self._wrong("an event without a status")
        return None

    def _of_channel(self, kind: int, channel: int) -> Event | None:
        values = [self._value() for _ in range(DATA_BYTES[kind])]
        if kind in (NOTE_ON, NOTE_OFF):
            return NoteEvent(self._tick, channel, values[0], values[1] if kind == NOTE_ON else 0)
        if kind == CONTROL and values[0] == PEDAL:
            return PedalEvent(self._tick, channel, values[1] >= PEDAL_DOWN)
        return None

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        end = self._place + count
        if end > len(self._data):
            raise _CutError
        self._place = end
        return self._data[end - count : end]

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

    def _wrong(self, what: str) -> MalformedError:
        return MalformedError(f"damaged ({self._name} holds {what} before byte {self._place})")


class _CutError(Exception):
    """The bytes of a track end within an event."""
