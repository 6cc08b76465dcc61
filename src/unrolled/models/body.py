"""Base class of models that are built around one stack of recurrent or window layers."""

from torch import nn

from unrolled.backends import Precision, check_precision
from unrolled.layers import Stack


class RecurrentBody(nn.Module):
    """A module with a stack of layers in ``recurrent``; provides its output size and precision."""

    recurrent: Stack

    @property
    def features(self) -> int:
        """Output size of the stack at every step, both directions concatenated."""
        return self.recurrent.num_directions * self.recurrent.output_size

    @property
    def precision(self) -> Precision:
        """Precision of the products in the recurrent layers; see :class:`Recurrent`."""
        return self.recurrent.precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        check_precision(value)
        self.recurrent.precision = value
