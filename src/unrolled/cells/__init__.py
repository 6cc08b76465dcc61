"""The mathematics of one step, one file a cell."""

from unrolled.cells.base import Cell, Masks, Parameters, State
from unrolled.cells.elman import Elman
from unrolled.cells.gru import GRU
from unrolled.cells.jordan import Jordan
from unrolled.cells.lstm import LSTM

CELLS: tuple[type[Cell], ...] = (LSTM, GRU, Elman, Jordan)
"""Every cell of this package."""

__all__ = ["CELLS", "GRU", "LSTM", "Cell", "Elman", "Jordan", "Masks", "Parameters", "State"]
