"""Checks of a recurrent layer's arguments, with torch's kinds of errors."""

import warnings
from typing import ClassVar, Protocol

from torch import Tensor

from unrolled.backends import Lookup
from unrolled.backends.autocast import autocast_enabled
from unrolled.cells import Cell
from unrolled.errors import ConfigError, ShapeError


class HasCellType(Protocol):
    """A class of modules with one kind of cell, or with None any."""

    cell_type: ClassVar[type[Cell] | None]


def check_sizes(input_size: int, hidden_size: int, num_layers: int, proj_size: int) -> None:
    """Raise TypeError or ConfigError for a size that cannot be."""
    sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, got {type(value).__name__}")
        if value <= 0:
            raise ConfigError(f"{name} must be greater than zero, got {value}")
    if not isinstance(proj_size, int) or isinstance(proj_size, bool):
        raise TypeError(f"proj_size must be an int, got {type(proj_size).__name__}")
    if proj_size < 0 or proj_size >= hidden_size:
        raise ConfigError(
            f"proj_size must be 0 (none) or less than hidden_size={hidden_size}, got {proj_size}"
        )


def refuse_projection(proj_size: int, kind: str) -> None:
    """Raise ConfigError for a projection, which torch.nn has for an LSTM alone."""
    if proj_size != 0:
        raise ConfigError(f"{kind}: proj_size={proj_size!r} is for an LSTM alone; leave it at 0")


def take_cell(module: HasCellType, cell: Cell | None) -> Cell:
    """Return the cell of a module, or for None that of its class with its defaults.

    Raises:
        ConfigError: for a cell of another kind, or none where the class has no kind of its own.
    """
    kind = module.cell_type
    if cell is None:
        if kind is None:
            raise ConfigError(f"{type(module).__name__} has no cell of its own: give cell=")
        return kind()
    if kind is not None and not isinstance(cell, kind):
        name = kind.__name__
        raise ConfigError(f"{name} takes an unrolled.cells.{name}, got {type(cell).__name__}")
    return cell


def check_flags(**flags: bool) -> None:
    """Raise TypeError for a flag that is not a bool."""
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be a bool, got {type(value).__name__}")


def check_dropout(dropout: float, num_layers: int, stacklevel: int = 3) -> None:
    """Raise ConfigError for a rate outside [0, 1], and warn of one without effect.

    ``stacklevel`` is where the warning points; by default it is the caller of the caller.
    """
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
        raise ConfigError(f"dropout must be a number in [0, 1], got {dropout!r}")
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            f"dropout={dropout} acts between layers, and there is only one: it has no effect",
            stacklevel=stacklevel,
        )


def check_skip(skip: int) -> None:
    """Raise ConfigError for a distance through time that is none."""
    if skip == 1 or skip < 0:
        raise ConfigError(f"skip={skip}: h_(t-1) is read already; give 0 or a distance from 2")


def check_checkpoint(every: int | str | None) -> None:
    """Raise ConfigError unless it is None, "auto" or a number of steps."""
    whole = isinstance(every, int) and not isinstance(every, bool) and every > 0
    if not (every is None or every == "auto" or whole):
        raise ConfigError(f"checkpoint_every={every!r}: give a number of steps from 1, 'auto' or None")


def check_dtype(x: Tensor | Lookup, weight: Tensor, what: str = "input") -> None:
    """Raise ShapeError if a tensor's dtype is not the weights', unless autocast converts both."""
    if x.dtype != weight.dtype and not autocast_enabled(x.device.type):
        raise ShapeError(f"{what} is {x.dtype} and the weights are {weight.dtype}: convert one of them")
