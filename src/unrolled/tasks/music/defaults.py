"""Defaults of a music model that depend on the data, filled in before training."""

from dataclasses import replace

from unrolled.tasks.music.config import MusicModelConfig
from unrolled.tasks.music.data import MusicData

WINDOW = 256
"""Default window length in steps: 16 bars of sixteenths."""


def fill_defaults(config: MusicModelConfig, data: MusicData) -> tuple[MusicModelConfig, tuple[str, ...]]:
    """Return the configuration with the steps per beat and the window length filled in, and notes on them."""
    window, notes = config.pieces.window, list[str]()
    if not window:
        window = WINDOW
        longer = sum(len(roll) > WINDOW + 1 for roll in data.train)
        if longer:
            subject = f"{longer} of {len(data.train)} pieces" if len(data.train) > 1 else "the piece"
            verb = "is" if longer == 1 else "are"
            notes.append(f"{subject} {verb} longer than {WINDOW} steps and cut into windows (--window)")
    steps_per_beat = config.pieces.steps_per_beat or data.source.steps_per_beat
    pieces = replace(config.pieces, window=window, steps_per_beat=steps_per_beat)
    return replace(config, pieces=pieces), tuple(notes)
