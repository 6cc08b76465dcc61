"""The two kinds of layers that carry a state."""

from unrolled.layers.recurrent import Recurrent
from unrolled.layers.window import Window

Stack = Recurrent | Window
"""Layers that process a sequence step by step and carry a state."""
