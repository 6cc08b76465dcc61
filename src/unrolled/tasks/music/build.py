"""The network of a music model."""

from unrolled.data.piano import KEYS
from unrolled.models.music import RecurrentMusicModel
from unrolled.tasks.music.config import MusicModelConfig


def build_model(config: MusicModelConfig) -> RecurrentMusicModel:
    """Build the network over the keys of a piano."""
    return RecurrentMusicModel(KEYS, config.cell, config.network, config.dropout)
