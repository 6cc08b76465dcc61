"""The LSTM layer, drop-in for ``torch.nn.LSTM``."""

from typing import Any

from unrolled import cells
from unrolled.errors import ConfigError
from unrolled.layers.recurrent import Recurrent


class LSTM(Recurrent):
    """Long short-term memory; see :class:`Recurrent` for the arguments.

    ``cell`` is a :class:`unrolled.cells.LSTM` with its options (peepholes, forget bias, layer
    normalisation).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *args: Any,
        cell: cells.LSTM | None = None,
        **kwargs: Any,
    ) -> None:
        if cell is not None and not isinstance(cell, cells.LSTM):
            raise ConfigError(f"LSTM takes an unrolled.cells.LSTM, got {type(cell).__name__}")
        super().__init__(input_size, hidden_size, *args, cell=cell or cells.LSTM(), **kwargs)
