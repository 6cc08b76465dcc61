"""The LSTM layer, drop-in for ``torch.nn.LSTM``."""

from unrolled import cells
from unrolled.layers.recurrent import Recurrent


class LSTM(Recurrent):
    """Long short-term memory; see :class:`Recurrent` for the arguments.

    ``cell`` is a :class:`unrolled.cells.LSTM` with its options (peepholes, forget bias, layer normalisation).
    """

    cell_type = cells.LSTM
