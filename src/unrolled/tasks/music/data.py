"""Reading of pieces as piano rolls, and the split into training, validation and test."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.midi.grid import Piece
from unrolled.data.midi.notes import COMMON_TIME
from unrolled.data.piano import open_pieces, piano_roll, roll_to_piece
from unrolled.errors import DataError
from unrolled.tasks.music.config import PiecesConfig

Roll = NDArray[np.float32]
"""Piano roll (steps, keys): 1 while a key sounds, else 0."""

MIN_STEPS = 2
"""Smallest number of steps of a piece: the second step is predicted from the first."""


@dataclass(frozen=True)
class MusicSource:
    """Piano rolls of a file, a folder, a data set or from memory, by part."""

    parts: dict[str, list[Roll]]
    """Pieces of the parts "train", "valid" and "test", or of "train" only."""
    steps_per_beat: int
    works: tuple[str, ...] = ()
    """Name of the work of each piece of the part "train"; empty if every piece is a separate work."""
    tempo: float = 0.0
    """Quarter notes per minute; 0 if unknown."""
    metre: tuple[int, int] = COMMON_TIME
    notes: tuple[str, ...] = ()

    @property
    def test_or_all(self) -> list[Roll]:
        """The part "test"; all pieces if there is no such part."""
        return self.parts.get("test", self.parts["train"])


@dataclass(frozen=True)
class MusicData:
    """Piano rolls for training, validation and test, and information about them for the report."""

    train: list[Roll]
    valid: list[Roll]
    test: list[Roll]
    source: MusicSource
    data_info: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`TaskData`."""


def read_source(name: str, config: PiecesConfig) -> MusicSource:
    """Read a file, a folder or a data set with the options of a configuration.

    Raises:
        DataError: if it cannot be read.
    """
    opened = open_pieces(name, config.steps_per_beat, sustain=config.sustain)
    parts = {part: [piano_roll(piece) for piece in pieces] for part, pieces in opened.parts.items()}
    return MusicSource(parts, opened.steps_per_beat, opened.works, opened.tempo, opened.metre, opened.notes)


def split_pieces(source: MusicSource, held_out: MusicSource | None, config: PiecesConfig) -> MusicData:
    """Return the pieces for training, validation and test.

    Args:
        source: source of the training pieces.
        held_out: source of the held-out pieces; None if none are given.
        config: sets the fraction to hold out if neither source has held-out pieces.

    Raises:
        DataError: if the pieces are too short to hold out the end of each.
    """
    train, valid = source.parts["train"], source.parts.get("valid", [])
    notes = source.notes
    if held_out is not None:
        valid = held_out.parts.get("valid", held_out.test_or_all)
    elif "valid" not in source.parts and config.valid_fraction:
        train, valid, note = _hold_out(train, source.works, config)
        notes = (*notes, note)
    test = source.parts.get("test", [])
    return MusicData(train, valid, test, source, _describe(train, valid, test), notes)


def _hold_out(
    pieces: list[Roll], works: Sequence[str], config: PiecesConfig
) -> tuple[list[Roll], list[Roll], str]:
    """Return training pieces, held-out pieces and a note on the split.

    The last works are held out with all their pieces. If the fraction is less than one work, the end of each
    piece is held out.
    """
    fraction = config.valid_fraction
    names = works or [str(number) for number in range(len(pieces))]
    unique = list(dict.fromkeys(names)) if len(set(names)) == len(names) else sorted(set(names))
    count = int(len(unique) * fraction)
    if count:
        held_out = set(unique[-count:])
        train = [roll for roll, name in zip(pieces, names, strict=True) if name not in held_out]
        valid = [roll for roll, name in zip(pieces, names, strict=True) if name in held_out]
        note = f"held out: the last {len(valid)} of {len(pieces)} pieces (--valid-fraction)"
        if len(unique) < len(names):
            note += f"; files of one name in several folders are held out together ({len(unique):,} names)"
        return train, valid, note
    end_lengths = [max(round(len(roll) * fraction), MIN_STEPS) for roll in pieces]
    pairs = list(zip(pieces, end_lengths, strict=True))
    long_enough = [(roll, end) for roll, end in pairs if len(roll) >= end + MIN_STEPS]
    if not long_enough:
        raise DataError(
            f"{config.data or 'the data'}: the pieces are too short to hold out a part of them; give more, "
            "or hold out nothing: valid_fraction=0"
        )
    train = [roll[:-end] if len(roll) >= end + MIN_STEPS else roll for roll, end in pairs]
    which = f"each of {len(pieces)} pieces" if len(pieces) > 1 else "the piece"
    note = f"held out: the last {fraction:.0%} of the steps of {which} (--valid-fraction)"
    return train, [roll[-end:] for roll, end in long_enough], note


def cut_windows(pieces: Sequence[Roll], steps: int) -> list[Roll]:
    """Cut pieces into windows that predict ``steps`` steps each; 0 cuts nothing.

    Each window starts with the last step of the previous one, so every step of a piece except the first is
    predicted exactly once.
    """
    if not steps:
        return list(pieces)
    return [roll[start : start + steps + 1] for roll in pieces for start in range(0, len(roll) - 1, steps)]


def find_openings(pieces: Sequence[Roll]) -> Piece:
    """Return the first step with notes of each piece; the last step of a silent piece."""
    sounding = [np.flatnonzero(roll.any(axis=1)) for roll in pieces]
    firsts = [steps[0] if len(steps) else -1 for steps in sounding]
    return [roll_to_piece(roll[[first]])[0] for roll, first in zip(pieces, firsts, strict=True)]


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
