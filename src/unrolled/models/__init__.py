"""Layers with a head: whole models."""

from unrolled.models.config import CellConfig, DropoutConfig, EncoderConfig, NetworkConfig, StackConfig
from unrolled.models.language_model import RecurrentLanguageModel
from unrolled.models.reader import TokenReader

__all__ = [
    "CellConfig",
    "DropoutConfig",
    "EncoderConfig",
    "NetworkConfig",
    "RecurrentLanguageModel",
    "StackConfig",
    "TokenReader",
]
