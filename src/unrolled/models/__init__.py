"""Layers with a head: whole models."""

from unrolled.models.config import CellConfig, DropoutConfig, NetworkConfig
from unrolled.models.language_model import RecurrentLanguageModel

__all__ = ["CellConfig", "DropoutConfig", "NetworkConfig", "RecurrentLanguageModel"]
