"""From pieces to what a model of piano rolls is trained and scored on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.midi.grid import Piece
from unrolled.data.midi.notes import COMMON_TIME
from unrolled.data.piano import notes_of, open_pieces, piano_roll
from unrolled.errors import DataError
from unrolled.tasks.music.config import PiecesConfig

Roll = NDArray[np.float32]
"""(steps, keys): 1 where a key sounds."""

SHORTEST = 2
"""Steps of a piece: the next one is predicted."""


@dataclass(frozen=True)
class Source:
    """Piano rolls of a file, a folder, a data set or from memory, by part."""

    parts: dict[str, list[Roll]]
    """ "train", "valid" and "test", or "train" alone."""
    steps_per_beat: int
    works: tuple[str, ...] = ()
    """The name of each piece of the part "train"; empty if each is a work of its own."""
    tempo: float = 0.0
    """Quarter notes a minute; 0 if it is not known."""
    metre: tuple[int, int] = COMMON_TIME
    notes: tuple[str, ...] = ()

    @property
    def scored(self) -> list[Roll]:
        """The part "test", or all pieces of a source without one."""
        return self.parts.get("test", self.parts["train"])


@dataclass(frozen=True)
class Pieces:
    """Piano rolls for training and for scores, and facts about them for the report."""

    train: list[Roll]
    valid: list[Roll]
    test: list[Roll]
    source: Source
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def read_source(name: str, config: PiecesConfig) -> Source:
    """Read a file, a folder or a data set with the options of a configuration.

    Raises:
        DataError: if it cannot be read.
    """
    read = open_pieces(name, config.steps_per_beat, sustain=config.sustain)
    parts = {part: [piano_roll(piece) for piece in pieces] for part, pieces in read.parts.items()}
    return Source(parts, read.steps_per_beat, read.works, read.tempo, read.metre, read.notes)


def divide(source: Source, held_out: Source | None, config: PiecesConfig) -> Pieces:
    """Return the pieces for training and for scores.

    Args:
        source: of training.
        held_out: where held-out pieces come from, if they are given.
        config: says which share is held out where neither says which.

    Raises:
        DataError: if a part would be empty.
    """
    train, valid = source.parts["train"], source.parts.get("valid", [])
    notes = source.notes
    if held_out is not None:
        valid = held_out.parts.get("valid", held_out.scored)
    elif "valid" not in source.parts and config.valid_fraction:
        train, valid, note = _hold_out(train, source.works, config)
        notes = (*notes, note)
    test = source.parts.get("test", [])
    return Pieces(train, valid, test, source, _describe(train, valid, test), notes)


def _hold_out(
    pieces: list[Roll], works: Sequence[str], config: PiecesConfig
) -> tuple[list[Roll], list[Roll], str]:
    """Hold out the last works with all of their pieces, or of a few pieces the end of each; say which."""
    share = config.valid_fraction
    names = works or [str(number) for number in range(len(pieces))]
    unique = list(dict.fromkeys(names)) if len(set(names)) == len(names) else sorted(set(names))
    count = int(len(unique) * share)
    if count:
        held = set(unique[-count:])
        train = [roll for roll, name in zip(pieces, names, strict=True) if name not in held]
        valid = [roll for roll, name in zip(pieces, names, strict=True) if name in held]
        note = f"held out: the last {len(valid)} of {len(pieces)} pieces (--valid-fraction)"
        if len(unique) < len(names):
            note += f"; files of one name in several folders are held out together ({len(unique):,} names)"
        return train, valid, note
    ends = [max(round(len(roll) * share), SHORTEST) for roll in pieces]
    pairs = list(zip(pieces, ends, strict=True))
    long = [(roll, end) for roll, end in pairs if len(roll) >= end + SHORTEST]
    if not long:
        raise DataError(
            f"{config.data or 'the data'}: the pieces are too short to hold out a part of them; give more, "
            "or hold out nothing: valid_fraction=0"
        )
    train = [roll[:-end] if len(roll) >= end + SHORTEST else roll for roll, end in pairs]
    which = f"each of {len(pieces)} pieces" if len(pieces) > 1 else "the piece"
    note = f"held out: the last {share:.0%} of the steps of {which} (--valid-fraction)"
    return train, [roll[-end:] for roll, end in long], note


def windows(pieces: Sequence[Roll], steps: int) -> list[Roll]:
    """Cut pieces after so many steps, each window but the first beginning with the last step before it.

    Every step but the first of a piece is predicted once. Zero steps cut nothing.
    """
    if not steps:
        return list(pieces)
    return [roll[at : at + steps + 1] for roll in pieces for at in range(0, len(roll) - 1, steps)]


def openings(pieces: Sequence[Roll]) -> Piece:
    """Return the first step with notes of each piece; of a silent piece its last."""
    sounding = [np.flatnonzero(roll.any(axis=1)) for roll in pieces]
    firsts = [steps[0] if len(steps) else -1 for steps in sounding]
    return [notes_of(roll[[first]])[0] for roll, first in zip(pieces, firsts, strict=True)]


def _describe(train: list[Roll], valid: list[Roll], test: list[Roll]) -> dict[str, Any]:
    parts = {"train": train, "valid": valid, "test": test}
    return {
        "pieces": {name: len(rolls) for name, rolls in parts.items()},
        "steps": {name: sum(map(len, rolls)) for name, rolls in parts.items()},
        "sha256": _fingerprint(train),
        "held_out_sha256": _fingerprint(valid),
    }


def _fingerprint(pieces: list[Roll]) -> str:
    digest = hashlib.sha256()
    for roll in pieces:
        digest.update(len(roll).to_bytes(8, "little") + roll.tobytes())
    return digest.hexdigest()
