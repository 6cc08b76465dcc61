"""The simple recurrent layer, drop-in for ``torch.nn.RNN``."""

from typing import Any

import torch

from unrolled.cells import Elman
from unrolled.cells.nonlinearities import Nonlinearity
from unrolled.errors import ConfigError
from unrolled.layers.recurrent import Recurrent


class RNN(Recurrent):
    """Elman's network, or Jordan's with ``cell=Jordan(...)``; see :class:`Recurrent` for the arguments.

    ``nonlinearity`` is tanh, relu or (beyond torch) sigmoid. If a ``cell`` is given, the cell sets it.
    ``proj_size`` exists only to keep torch's order of arguments and must be 0.
    """

    cell_type = Elman
    has_projection = False

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Nonlinearity | None = None,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        cell: Elman | None = None,
        **options: Any,
    ) -> None:
        if cell is None:
            cell = Elman(nonlinearity="tanh" if nonlinearity is None else nonlinearity)
        elif not isinstance(cell, Elman):
            raise ConfigError(f"RNN takes an Elman or Jordan cell, got {type(cell).__name__}")
        elif nonlinearity not in (None, cell.nonlinearity):
            raise ConfigError(f"nonlinearity={nonlinearity!r} contradicts {cell}: give one of them")
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
            cell=cell,
            **options,
        )

    @property
    def nonlinearity(self) -> str:
        """σ of the hidden layer, as torch names it."""
        assert isinstance(self.cell, Elman)
        return self.cell.nonlinearity

    @property
    def mode(self) -> str:
        """``"RNN_"`` followed by the nonlinearity, as in torch."""
        return f"RNN_{self.nonlinearity.upper()}"
