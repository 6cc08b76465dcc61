"""Checks of a recurrent layer's arguments; the exception types are compatible with torch's."""

import warnings
from typing import ClassVar, Protocol

from torch import Tensor

from unrolled.backends import Lookup
from unrolled.backends.autocast import autocast_enabled
from unrolled.cells import Cell
from unrolled.errors import ConfigError, ShapeError


class HasCellType(Protocol):
    """A module class that accepts one type of cell, or any cell if ``cell_type`` is None."""

    cell_type: ClassVar[type[Cell] | None]


def check_sizes(input_size: int, hidden_size: int, num_layers: int, proj_size: int) -> None:
    """Raise TypeError or ConfigError for an invalid size."""
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
    """Raise ConfigError for a projection; as in torch.nn, only an LSTM has one."""
    if proj_size != 0:
        raise ConfigError(f"{kind}: proj_size={proj_size!r} is only supported by LSTM; leave it at 0")


def resolve_cell(module: HasCellType, cell: Cell | None) -> Cell:
    """Return ``cell``, or for None the default cell of the module's class.

    Raises:
        ConfigError: if the cell is of another type, or is None and the class has no default.
    """
    cell_type = module.cell_type
    if cell is None:
        if cell_type is None:
            raise ConfigError(f"{type(module).__name__} has no default cell: give cell=")
        return cell_type()
    if cell_type is not None and not isinstance(cell, cell_type):
        name = cell_type.__name__
        raise ConfigError(f"{name} takes an unrolled.cells.{name}, got {type(cell).__name__}")
    return cell


def check_flags(**flags: bool) -> None:
    """Raise TypeError for a flag that is not a bool."""
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be a bool, got {type(value).__name__}")


def check_dropout(dropout: float, num_layers: int, stacklevel: int = 3) -> None:
    """Raise ConfigError for a rate outside [0, 1]; warn if the rate has no effect.

    ``stacklevel`` selects the line that the warning points to; by default the caller of the caller.
    """
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
        raise ConfigError(f"dropout must be a number in [0, 1], got {dropout!r}")
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            f"dropout={dropout} acts between layers; with only one layer it has no effect",
            stacklevel=stacklevel,
        )


def check_skip(skip: int) -> None:
    """Raise ConfigError unless the distance is 0 or at least 2."""
    if skip == 1 or skip < 0:
        raise ConfigError(
            f"skip={skip}: every step reads h_(t-1) already; give 0 or a distance of at least 2"
        )


def check_checkpoint(every: int | str | None) -> None:
    """Raise ConfigError unless ``every`` is None, "auto" or a positive number of steps."""
    is_steps = isinstance(every, int) and not isinstance(every, bool) and every > 0
    if not (every is None or every == "auto" or is_steps):
        raise ConfigError(f"checkpoint_every={every!r}: give a positive number of steps, 'auto' or None")


def check_dtype(x: Tensor | Lookup, weight: Tensor, what: str = "input") -> None:
    """Raise ShapeError if a tensor and the weights differ in dtype, unless autocast converts both."""
    if x.dtype != weight.dtype and not autocast_enabled(x.device.type):
        raise ShapeError(f"{what} is {x.dtype} and the weights are {weight.dtype}: convert one of them")
