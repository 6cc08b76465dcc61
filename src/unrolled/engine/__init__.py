"""The runtime: a whole model, one step at a time, without torch.

:class:`Engine` packs the weights of a step program; :class:`Stream` runs rows through it and keeps their
states.
"""

from unrolled.engine.engine import PRECISIONS, Engine, Precision
from unrolled.engine.stream import Stream

__all__ = ["PRECISIONS", "Engine", "Precision", "Stream"]
