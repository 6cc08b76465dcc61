"""The GRU layer, drop-in for ``torch.nn.GRU``."""

from unrolled import cells
from unrolled.layers.recurrent import Recurrent


class GRU(Recurrent):
    """Gated recurrent unit; see :class:`Recurrent` for the arguments.

    ``proj_size`` exists only to keep torch's order of arguments and must be 0.
    ``cell`` is a :class:`unrolled.cells.GRU` with its options (reset before or after, layer normalisation).
    """

    cell_type = cells.GRU
    has_projection = False
