"""Notes of a MIDI file in time: when each key is pressed and released, over all channels."""

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from unrolled.data.midi.events import METRE, TEMPO, TEXT, Event, MetaEvent, MidiEvents, NoteEvent, PedalEvent

PERCUSSION = 9
"""Channel 10 of General MIDI, counted from 0: its notes are instruments, not pitches."""
DEFAULT_TEMPO = 500_000
"""Microseconds per quarter note in a file without a tempo, defined by the format."""
MICROSECONDS = 60_000_000
"""Microseconds per minute."""
COMMON_TIME = (4, 4)
FRAMES = {24: 24.0, 25: 25.0, 29: 30000 / 1001, 30: 30.0}
"""Frames per second of each SMPTE code."""


class Note(NamedTuple):
    """A note: its key is down from tick ``start`` to tick ``end``."""

    start: float
    end: float
    note: int


class GridMarker(NamedTuple):
    """Text event with the grid of a piece that this package wrote, so that it is read back unchanged."""

    steps_per_beat: int
    steps: int

    def text(self) -> str:
        """Return the text of the event."""
        return f"unrolled: {self.steps} steps, {self.steps_per_beat} to a quarter note"

    @classmethod
    def parse(cls, data: bytes) -> "GridMarker | None":
        """Return the marker in the text of an event, or None for any other text."""
        match = re.fullmatch(rb"unrolled: ([0-9]{1,6}) steps, ([0-9]{1,4}) to a quarter note", data)
        return cls(int(match[2]), int(match[1])) if match and int(match[2]) else None


@dataclass(frozen=True)
class Performance:
    """A piece in the timing of its MIDI file."""

    notes: list[Note]
    """Notes sorted by start, then from low to high."""
    beat: float
    """Ticks per quarter note."""
    tempo: float
    """Quarter notes per minute, the mean over the piece."""
    metre: tuple[int, int]
    """Numerator and denominator of the first time signature."""
    counts: dict[str, int] = field(default_factory=dict)
    """Counts of events left out or resolved, by name; see :mod:`unrolled.data.piano.reading_report`."""
    marker: GridMarker | None = None
    """Grid of the piece, if this package wrote the file."""


def iter_performances(file: MidiEvents, *, sustain: bool = False) -> Iterator[Performance]:
    """Yield the pieces of a file: one, or in a file of format 2 one for each track with notes.

    Args:
        file: header and tracks of the file.
        sustain: True to hold a note while the pedal is down; otherwise it ends when its key is released.
    """
    track_groups = [file.tracks] if file.header.format != 2 else [[track] for track in file.tracks]
    for tracks in track_groups:
        piece = _build_performance(file, tracks, sustain)
        if piece.notes or piece.counts.get("percussion") or file.header.format != 2:
            yield piece


def _build_performance(file: MidiEvents, tracks: Sequence[Sequence[Event]], sustain: bool) -> Performance:
    pedals = _find_pedal_spans(event for track in tracks for event in track if isinstance(event, PedalEvent))
    notes, counts = list[Note](), dict[str, int]()
    for track in tracks:
        for channel, note, spans, hanging in _iter_voices(track):
            if channel == PERCUSSION:
                counts["percussion"] = counts.get("percussion", 0) + len(spans)
                continue
            counts["hanging"] = counts.get("hanging", 0) + hanging
            pedal = pedals.get(channel, [])
            notes += [Note(a, _extend_by_pedal(b, pedal) if sustain else b, note) for a, b in spans]
    meta = sorted(
        (event for track in tracks for event in track if isinstance(event, MetaEvent)), key=lambda e: e.tick
    )
    counts |= {"pedal": sum(map(len, pedals.values())), "cut": int(bool(file.cut))}
    beat, smpte = _get_beat(file.header.division)
    tempos = [] if smpte else _find_played_tempos(_find_tempos(meta), notes)
    metres = [(e.data[0], 2 ** e.data[1]) for e in meta if e.kind == METRE and _is_metre(e.data)]
    counts |= {"smpte": int(smpte), "tempos": len({us for us, _ in tempos}), "metres": len(set(metres))}
    return Performance(
        notes=sorted(notes, key=lambda n: (n.start, n.note)),
        beat=beat,
        tempo=MICROSECONDS / _mean_tempo(tempos),
        metre=metres[0] if metres else COMMON_TIME,
        counts={name: count for name, count in counts.items() if count},
        marker=next((m for e in meta if e.kind == TEXT and (m := GridMarker.parse(e.data))), None),
    )


def _get_beat(division: int) -> tuple[float, bool]:
    """Return the ticks per quarter note, and whether the file counts seconds.

    If it does, a quarter note is half a second.
    """
    if division >= 0:
        return float(max(division, 1)), False
    frames, ticks = -(division >> 8), division & 0xFF
    return max(FRAMES.get(frames, float(frames)) * ticks * DEFAULT_TEMPO / 1e6, 1e-3), True


def _find_tempos(meta: Iterable[MetaEvent]) -> list[tuple[int, int]]:
    """Return the tick of each tempo change, and the microseconds per quarter note from then on."""
    changes = ((e.tick, int.from_bytes(e.data, "big")) for e in meta if e.kind == TEMPO and len(e.data) == 3)
    return [(tick, us) for tick, us in changes if us]


def _find_played_tempos(tempos: list[tuple[int, int]], notes: list[Note]) -> list[tuple[int, float]]:
    """Return the tempos between the first and the last note, and the number of ticks of each."""
    first = min((note.start for note in notes), default=0)
    last = max((note.end for note in notes), default=0)
    tempo_at = {0: DEFAULT_TEMPO} | dict(tempos)
    spans = zip(tempo_at, [*list(tempo_at)[1:], math.inf], strict=True)
    ticks = ((tempo_at[a], min(b, last) - max(a, first)) for a, b in spans)
    return [(us, count) for us, count in ticks if count > 0]


def _mean_tempo(played: list[tuple[int, float]]) -> float:
    """Return the mean number of microseconds per quarter note."""
    ticks = sum(count for _, count in played)
    return sum(us * count for us, count in played) / ticks if ticks else DEFAULT_TEMPO


def _is_metre(data: bytes) -> bool:
    return len(data) >= 2 and data[0] > 0 and data[1] < 7


def _iter_voices(track: Sequence[Event]) -> Iterator[tuple[int, int, list[tuple[int, int]], int]]:
    """Yield channel, note, spans and number of unreleased notes for each key of each channel of a track."""
    voices = defaultdict[tuple[int, int], list[NoteEvent]](list)
    for event in track:
        if isinstance(event, NoteEvent):
            voices[event.channel, event.note].append(event)
    end = track[-1].tick if track else 0
    for (channel, note), events in voices.items():
        spans, hanging = _pair_events(events, end)
        yield channel, note, spans, hanging


def _pair_events(events: list[NoteEvent], end: int) -> tuple[list[tuple[int, int]], int]:
    """Pair the presses of a key with its releases; return the spans and the number of unreleased notes.

    At one tick, releases come before presses. The oldest held note ends first. The last release before the
    next press ends all notes, because many files press a key again without a release.
    """
    ticks = [(tick, list(at)) for tick, at in groupby(events, key=lambda event: event.tick)]
    counts = [(tick, sum(not e.velocity for e in at), sum(e.velocity > 0 for e in at)) for tick, at in ticks]
    later_releases, ahead = [0] * len(counts), 0
    for i in reversed(range(len(counts))):  # releases after this tick and before the next press
        _, offs, ons = counts[i]
        later_releases[i], ahead = (0 if ons else ahead), offs + (0 if ons else ahead)
    down, spans = list[int](), list[tuple[int, int]]()
    for (tick, offs, ons), later in zip(counts, later_releases, strict=True):
        is_last = offs and not later
        ending, held = (down, []) if is_last else (down[:offs], down[offs:])
        spans += [(start, tick) for start in ending]
        zero_length = min(max(offs - len(down), 0), ons)
        spans += [(tick, tick)] * zero_length
        down = [*held, *[tick] * (ons - zero_length)]
    return [*spans, *((start, max(end, start)) for start in down)], len(down)


def _find_pedal_spans(events: Iterable[PedalEvent]) -> dict[int, list[tuple[int, float]]]:
    """Return the spans of ticks in which the pedal of each channel is down."""
    spans, pressed_at = defaultdict[int, list[tuple[int, float]]](list), dict[int, int]()
    for event in sorted(events, key=lambda e: e.tick):
        if event.down:
            pressed_at.setdefault(event.channel, event.tick)
        elif event.channel in pressed_at:
            spans[event.channel].append((pressed_at.pop(event.channel), event.tick))
    return dict(spans)


def _extend_by_pedal(end: float, pedal: list[tuple[int, float]]) -> float:
    """Return the end of a note whose key is released at tick ``end``, given the spans of the pedal."""
    i = bisect_right(pedal, end, key=lambda span: span[0]) - 1
    return max(end, pedal[i][1]) if i >= 0 else end
