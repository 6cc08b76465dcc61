"""From files to what a model of piano rolls is trained and scored on."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.piano import open_pieces, piano_roll
from unrolled.errors import DataError
from unrolled.tasks.music.config import PiecesConfig

Roll = NDArray[np.float32]
"""(steps, keys): 1 where a key sounds."""


@dataclass(frozen=True)
class Pieces:
    """Piano rolls by part, and facts about them for the report."""

    train: list[Roll]
    valid: list[Roll]
    test: list[Roll]
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def read_rolls(config: PiecesConfig) -> Pieces:
    """Read pieces, and hold out the last of them where the data do not say which.

    Raises:
        DataError: if they cannot be read, or one part would be empty.
    """
    read = open_pieces(config.data, config.steps_per_beat)
    parts = {name: [piano_roll(piece) for piece in pieces] for name, pieces in read.items()}
    train, valid, test = parts["train"], parts.get("valid", []), parts.get("test", [])
    if "valid" not in parts and config.valid_fraction:
        held = int(len(train) * config.valid_fraction)
        if not 0 < held < len(train):
            raise DataError(
                f"{config.data}: valid_fraction={config.valid_fraction} of {len(train)} pieces holds out "
                f"{held}; give more pieces, another share, or hold out nothing: valid_fraction=0"
            )
        train, valid = train[:-held], train[-held:]
    return Pieces(train, valid, test, _describe(train, valid, test))


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
