"""Rates of dropout and zoneout in a recurrent layer, and their masks."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from unrolled.cells import Cell, Masks
from unrolled.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class RecurrentDrop:
    """Rates of the regularisers that torch's layers lack, each in [0, 1)."""

    locked: float = 0.0
    """Dropout between layers with one mask per sequence: variational dropout (Gal & Ghahramani 2016)."""

    weight: float = 0.0
    """Dropout of single weights of U, one mask per forward pass: DropConnect (Wan et al. 2013; Merity et al.
    2018)."""

    zoneout: float = 0.0
    """Fraction of units of h that keep their old value (Krueger et al. 2017)."""

    zoneout_cell: float = 0.0
    """Fraction of units of an LSTM's c that keep their old value."""

    candidate: float = 0.0
    """Dropout of the candidate (the new content) only: recurrent dropout without memory loss (Semeniuta et
    al. 2016)."""

    def __post_init__(self) -> None:
        for f in fields(self):
            check_rate(f"RecurrentDrop.{f.name}", getattr(self, f.name))

    def check(self, cell: Cell) -> None:
        """Raise ConfigError if a rate does not apply to this cell."""
        if self.weight and not cell.recurrent:
            raise ConfigError(f"weight dropout needs the product U h, which {type(cell).__name__} lacks")
        if self.zoneout_cell and "c" not in cell.state_names:
            raise ConfigError(f"zoneout_cell needs a cell state, which {type(cell).__name__} lacks")

    @property
    def zoneout_rates(self) -> dict[str, float]:
        """The rates of zoneout that are not 0, by the name of the mask: the masks in evaluation."""
        rates = {"zoneout_h": self.zoneout, "zoneout_c": self.zoneout_cell}
        return {name: rate for name, rate in rates.items() if rate}

    def mask_names(self, training: bool) -> tuple[str, ...]:
        """Return the names of the masks to pass to the loop."""
        if not (self.zoneout or self.zoneout_cell or self.candidate):
            return ()
        names = list(self.zoneout_rates)
        if training and self.candidate:
            names.append("candidate")
        return tuple(names)

    def draw(self, steps: int, batch: int, sizes: dict[str, int], like: "Tensor", training: bool) -> Masks:
        """Draw the masks of one layer and direction for all steps, (T, B, size) each.

        ``sizes`` maps the name of a mask to its last dimension. In evaluation, each zoneout mask is its rate
        (the expected value), and there is no mask for the candidate.
        """
        from unrolled.layers.masks import random_mask

        rates = self.zoneout_rates
        masks: dict[str, Tensor | float] = {}
        for name in self.mask_names(training):
            shape = (steps, batch, sizes[name])
            if name == "candidate":
                keep = 1.0 - self.candidate
                masks[name] = random_mask(shape, keep, like, 1.0 / keep)
            else:
                masks[name] = random_mask(shape, rates[name], like) if training else rates[name]
        return masks


def check_rate(name: str, rate: float) -> None:
    """Raise ConfigError unless 0 ≤ rate < 1."""
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 <= rate < 1:
        raise ConfigError(f"{name}={rate!r}: a rate must be a number in [0, 1)")
