"""The GRU layer, drop-in for ``torch.nn.GRU``."""

from typing import Any

import torch

from unrolled import cells
from unrolled.errors import ConfigError
from unrolled.layers.checks import refuse_projection
from unrolled.layers.recurrent import Recurrent


class GRU(Recurrent):
    """Gated recurrent unit; see :class:`Recurrent` for the arguments.

    ``proj_size`` is there for torch's order of arguments and must be 0.
    ``cell`` is a :class:`unrolled.cells.GRU` with its options (reset before or after, layer
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
        cell: cells.GRU | None = None,
        **beyond: Any,
    ) -> None:
        refuse_projection(proj_size, "GRU")
        if cell is not None and not isinstance(cell, cells.GRU):
            raise ConfigError(f"GRU takes an unrolled.cells.GRU, got {type(cell).__name__}")
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
            cell=cell or cells.GRU(),
            **beyond,
        )
