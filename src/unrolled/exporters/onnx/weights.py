"""The weights of a model, by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ExportError

Floats = NDArray[np.float32]


class Weights:
    """Arrays in float32 by name, below a prefix.

    Args:
        arrays: all arrays of the model, as in its state dict.
        prefix: what every name that is asked for begins with.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> None:
        self._arrays, self.prefix = arrays, prefix

    def below(self, prefix: str) -> "Weights":
        """Return the weights of a part of the model."""
        return Weights(self._arrays, self.prefix + prefix)

    def __contains__(self, name: str) -> bool:
        return self.prefix + name in self._arrays

    def get(self, name: str, shape: tuple[int, ...] | None = None) -> Floats:
        """Return an array.

        Raises:
            ExportError: if it is missing, or has another shape.
        """
        full = self.prefix + name
        if full not in self._arrays:
            raise ExportError(f"the model has no weight {full!r}, which its description needs")
        array = np.ascontiguousarray(self._arrays[full], np.float32)
        if shape is not None and array.shape != shape:
            raise ExportError(f"weight {full!r} has shape {array.shape}, but its description says {shape}")
        return array
