"""The network of a music model."""

from unrolled.data.piano import KEYS
from unrolled.models.piano_roll import PianoRollModel
from unrolled.tasks.music.config import PianoRollConfig


def build_model(config: PianoRollConfig) -> PianoRollModel:
    """Build the network over the keys of a piano."""
    return PianoRollModel(KEYS, config.cell, config.network, config.dropout)
