"""The notes of a MIDI file in time: from when to when each key is down, whoever plays it."""

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
"""Microseconds of a quarter note where a file has no tempo, as the format says."""
MICROSECONDS = 60_000_000
"""Of a minute."""
COMMON_TIME = (4, 4)
FRAMES = {24: 24.0, 25: 25.0, 29: 30000 / 1001, 30: 30.0}
"""Frames a second by the code of SMPTE."""


class Note(NamedTuple):
    """A key is down from one tick to another."""

    start: float
    end: float
    note: int


class Written(NamedTuple):
    """A text event by which this package says how it wrote a piece, so that it is read as it was."""

    steps_per_beat: int
    steps: int

    def text(self) -> str:
        """Return the event."""
        return f"unrolled: {self.steps} steps, {self.steps_per_beat} to a quarter note"

    @classmethod
    def parse(cls, data: bytes) -> "Written | None":
        """Return what an event says, or None for a text of others."""
        found = re.fullmatch(rb"unrolled: ([0-9]{1,6}) steps, ([0-9]{1,4}) to a quarter note", data)
        return cls(int(found[2]), int(found[1])) if found and int(found[2]) else None


@dataclass(frozen=True)
class Performance:
    """A piece as a MIDI file has it."""

    notes: list[Note]
    """By their start, then from low to high."""
    beat: float
    """Ticks of a quarter note."""
    tempo: float
    """Quarter notes a minute, the mean over the piece."""
    metre: tuple[int, int]
    """Numerator and denominator of the first time signature."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often something was left out or settled, by its name; see :mod:`unrolled.data.midi.remarks`."""
    written: Written | None = None
    """What this package says in a file that it wrote."""


def performances(file: MidiEvents, *, sustain: bool = False) -> Iterator[Performance]:
    """Yield the pieces of a file: one, or of a file of format 2 one for each track that holds notes.

    Args:
        file: its tracks.
        sustain: whether a note lasts as long as the pedal is down; otherwise it ends where its key is let go.
    """
    together = [file.tracks] if file.header.format != 2 else [[track] for track in file.tracks]
    for tracks in together:
        piece = _performance(file, tracks, sustain)
        if piece.notes or piece.counts.get("percussion") or file.header.format != 2:
            yield piece


def _performance(file: MidiEvents, tracks: Sequence[Sequence[Event]], sustain: bool) -> Performance:
    pedals = _pedals(event for track in tracks for event in track if isinstance(event, PedalEvent))
    notes, counts = list[Note](), dict[str, int]()
    for track in tracks:
        for channel, note, spans, hanging in _voices(track):
            if channel == PERCUSSION:
                counts["percussion"] = counts.get("percussion", 0) + len(spans)
                continue
            counts["hanging"] = counts.get("hanging", 0) + hanging
            pedal = pedals.get(channel, [])
            notes += [Note(a, _released(b, pedal) if sustain else b, note) for a, b in spans]
    meta = sorted(
        (event for track in tracks for event in track if isinstance(event, MetaEvent)), key=lambda e: e.tick
    )
    counts |= {"pedal": sum(map(len, pedals.values())), "cut": int(bool(file.cut))}
    beat, smpte = _beat(file.header.division)
    tempos = [] if smpte else _played(_tempos(meta), notes)
    metres = [(e.data[0], 2 ** e.data[1]) for e in meta if e.kind == METRE and _is_metre(e.data)]
    counts |= {"smpte": int(smpte), "tempos": len({us for us, _ in tempos}), "metres": len(set(metres))}
    return Performance(
        notes=sorted(notes, key=lambda n: (n.start, n.note)),
        beat=beat,
        tempo=MICROSECONDS / _mean_tempo(tempos),
        metre=metres[0] if metres else COMMON_TIME,
        counts={name: count for name, count in counts.items() if count},
        written=next((mark for e in meta if e.kind == TEXT and (mark := Written.parse(e.data))), None),
    )


def _beat(division: int) -> tuple[float, bool]:
    """Return the ticks of a quarter note, and whether the file counts seconds: then it is half of one."""
    if division >= 0:
        return float(max(division, 1)), False
    frames, ticks = -(division >> 8), division & 0xFF
    return max(FRAMES.get(frames, float(frames)) * ticks * DEFAULT_TEMPO / 1e6, 1e-3), True


def _tempos(meta: Iterable[MetaEvent]) -> list[tuple[int, int]]:
    """Return when the tempo changes, and the microseconds of a quarter note from there."""
    changes = ((e.tick, int.from_bytes(e.data, "big")) for e in meta if e.kind == TEMPO and len(e.data) == 3)
    return [(tick, us) for tick, us in changes if us]


def _played(tempos: list[tuple[int, int]], notes: list[Note]) -> list[tuple[int, float]]:
    """Return the tempos between the first and the last note, and the ticks of each."""
    first = min((note.start for note in notes), default=0)
    last = max((note.end for note in notes), default=0)
    steps = {0: DEFAULT_TEMPO} | dict(tempos)
    spans = zip(steps, [*list(steps)[1:], math.inf], strict=True)
    ticks = ((steps[a], min(b, last) - max(a, first)) for a, b in spans)
    return [(us, count) for us, count in ticks if count > 0]


def _mean_tempo(played: list[tuple[int, float]]) -> float:
    """Return the mean of the microseconds of a quarter note."""
    ticks = sum(count for _, count in played)
    return sum(us * count for us, count in played) / ticks if ticks else DEFAULT_TEMPO


def _is_metre(data: bytes) -> bool:
    return len(data) >= 2 and data[0] > 0 and data[1] < 7


def _voices(track: Sequence[Event]) -> Iterator[tuple[int, int, list[tuple[int, int]], int]]:
    """Yield channel and note of each voice of a track, when it sounds, and how many notes never end."""
    voices = defaultdict[tuple[int, int], list[NoteEvent]](list)
    for event in track:
        if isinstance(event, NoteEvent):
            voices[event.channel, event.note].append(event)
    end = track[-1].tick if track else 0
    for (channel, note), events in voices.items():
        spans, hanging = _spans(events, end)
        yield channel, note, spans, hanging


def _spans(events: list[NoteEvent], end: int) -> tuple[list[tuple[int, int]], int]:
    """Pair the strokes of a key with its releases.

    Releases of a tick come before its strokes. The oldest note that is down ends first; the last release
    before the next stroke ends all, since many files strike a key again without a release.
    """
    ticks = [(tick, list(at)) for tick, at in groupby(events, key=lambda event: event.tick)]
    counts = [(tick, sum(not e.velocity for e in at), sum(e.velocity > 0 for e in at)) for tick, at in ticks]
    more, ahead = [0] * len(counts), 0
    for i in reversed(range(len(counts))):  # releases after this tick and before the next stroke
        _, offs, ons = counts[i]
        more[i], ahead = (0 if ons else ahead), offs + (0 if ons else ahead)
    down, spans = list[int](), list[tuple[int, int]]()
    for (tick, offs, ons), later in zip(counts, more, strict=True):
        last = offs and not later
        ending, rest = (down, []) if last else (down[:offs], down[offs:])
        spans += [(start, tick) for start in ending]
        at_once = min(max(offs - len(down), 0), ons)
        spans += [(tick, tick)] * at_once
        down = [*rest, *[tick] * (ons - at_once)]
    return [*spans, *((start, max(end, start)) for start in down)], len(down)


def _pedals(events: Iterable[PedalEvent]) -> dict[int, list[tuple[int, float]]]:
    """Return when the pedal of each channel is down, from tick to tick."""
    spans, since = defaultdict[int, list[tuple[int, float]]](list), dict[int, int]()
    for event in sorted(events, key=lambda e: e.tick):
        if event.down:
            since.setdefault(event.channel, event.tick)
        elif event.channel in since:
            spans[event.channel].append((since.pop(event.channel), event.tick))
    return dict(spans)


def _released(end: float, pedal: list[tuple[int, float]]) -> float:
    """Return when a note ends that is let go at a tick, with these spans of the pedal."""
    place = bisect_right(pedal, end, key=lambda span: span[0]) - 1
    return max(end, pedal[place][1]) if place >= 0 else end
