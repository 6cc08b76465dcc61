"""What an exporter must know about a model besides its weights."""

from typing import Any, Protocol

from unrolled.exporters.onnx.graph import Graph, Target
from unrolled.exporters.onnx.weights import Weights


class Description(Protocol):
    """A model without its weights: sizes and options, from which its graphs are built."""

    @property
    def task(self) -> str:
        """Name of the task in the metadata: lm, classify, tag, translate, forecast, music or layer."""
        ...

    def details(self) -> dict[str, Any]:
        """Return facts about the model for the metadata, which JSON can hold."""
        ...

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """Return the graphs of the model by the name of their file.

        Args:
            weights: all weights of the model.
            target: what the graphs are written for.
        """
        ...
