"""Options that are left to the data, filled in before training."""

from dataclasses import replace

from unrolled.tasks.music.config import PianoRollConfig
from unrolled.tasks.music.data import Pieces

WINDOW = 256
"""Steps that a long piece is trained at a time: 16 bars of sixteenths."""


def fill_defaults(config: PianoRollConfig, data: Pieces) -> tuple[PianoRollConfig, tuple[str, ...]]:
    """Return the configuration with the grid of the pieces and the length of windows, and notes."""
    window, notes = config.pieces.window, list[str]()
    if not window:
        window = WINDOW
        long = sum(len(roll) > WINDOW + 1 for roll in data.train)
        if long:
            which = f"{long} of {len(data.train)} pieces are" if len(data.train) > 1 else "the piece is"
            notes.append(f"{which} longer than {WINDOW} steps and trained {WINDOW} at a time (--window)")
    steps_per_beat = config.pieces.steps_per_beat or data.source.steps_per_beat
    pieces = replace(config.pieces, window=window, steps_per_beat=steps_per_beat)
    return replace(config, pieces=pieces), tuple(notes)
