"""Recurrent cells: the equations of one time step, one cell per file."""

from unrolled.cells.base import Cell, Masks, Parameters, State
from unrolled.cells.elman import Elman
from unrolled.cells.gru import GRU
from unrolled.cells.jordan import Jordan
from unrolled.cells.lstm import LSTM
from unrolled.cells.minlstm import MinLSTM

CELLS: tuple[type[Cell], ...] = (LSTM, GRU, Elman, Jordan, MinLSTM)
"""All cells of this package."""

__all__ = ["CELLS", "GRU", "LSTM", "Cell", "Elman", "Jordan", "Masks", "MinLSTM", "Parameters", "State"]


def __dir__() -> list[str]:
    return sorted(__all__)
