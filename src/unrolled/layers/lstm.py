"""The LSTM layer, drop-in for ``torch.nn.LSTM``."""

from typing import Any

import torch

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
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        cell: cells.LSTM | None = None,
        **beyond: Any,
    ) -> None:
        if cell is not None and not isinstance(cell, cells.LSTM):
            raise ConfigError(f"LSTM takes an unrolled.cells.LSTM, got {type(cell).__name__}")
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
            cell=cell or cells.LSTM(),
            **beyond,
        )
