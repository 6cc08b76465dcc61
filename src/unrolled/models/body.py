"""What all models have whose middle is one stack of recurrent layers, or of windows."""

from torch import nn

from unrolled.backends import Precision, check_precision
from unrolled.layers import Stack


class RecurrentBody(nn.Module):
    """A module with recurrent layers, ``recurrent``: the size of what they give, and their precision."""

    recurrent: Stack

    @property
    def features(self) -> int:
        """Size of what is read out at every step, both directions joined."""
        return self.recurrent.num_directions * self.recurrent.output_size

    @property
    def precision(self) -> Precision:
        """Of the products in the recurrent layers; see :class:`Recurrent`."""
        return self.recurrent.precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        check_precision(value)
        self.recurrent.precision = value
