"""What a pass of the compiled loop is made of, beside its tensors, as one string.

Operators of ``torch.library`` take tensors, numbers and strings; everything that is decided before a pass
(cell, direction, names of the tensors that follow) travels as the string of a :class:`Spec`.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from unrolled.backends.remember import remembered
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan

KINDS = {"elman": 0, "lstm": 1, "gru_after": 2, "gru_before": 3}
NONLINEARITIES = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3}


@dataclass(frozen=True)
class Spec:
    """One layer in one direction."""

    kind: str
    nonlinearity: str
    output_nonlinearity: str
    reverse: bool
    bfloat16: bool
    """Whether products round their operands to bfloat16."""
    weights: tuple[str, ...]
    """Names of the weights, in the order in which they are handed over."""
    masks: tuple[str, ...]
    """Names of the masks, likewise."""
    zoneout_h: float
    zoneout_c: float

    @cached_property
    def fitting(self) -> set[Any]:
        """Shapes of operands that were found to go together: a check outlasts the loop of a small layer."""
        return set()

    @property
    def gates(self) -> int:
        """Number of blocks of H rows in W and U."""
        return {"elman": 1, "lstm": 4}.get(self.kind, 3)

    @property
    def has_c(self) -> bool:
        """Whether the state has a c beside h."""
        return self.kind == "lstm"

    @property
    def map_name(self) -> str | None:
        """Name of the weight of the map of h that is fed back, if there is one."""
        return next((n for n in ("weight_hr", "weight_ho") if n in self.weights), None)

    def encode(self) -> str:
        """Return the spec as a string; plain enough for torch.compile to trace."""
        flags = "".join(str(int(flag)) for flag in (self.reverse, self.bfloat16))
        names = (",".join(self.weights), ",".join(self.masks))
        rates = (repr(self.zoneout_h), repr(self.zoneout_c))
        return ";".join((self.kind, self.nonlinearity, self.output_nonlinearity, flags, *names, *rates))


@lru_cache(maxsize=4096)
def decode(text: str) -> Spec:
    """Return what :meth:`Spec.encode` gave."""
    kind, nonlinearity, output, flags, weights, masks, zoneout_h, zoneout_c = text.split(";")
    reverse, bfloat16 = (flag == "1" for flag in flags)
    return Spec(
        kind,
        nonlinearity,
        output,
        reverse,
        bfloat16,
        tuple(weights.split(",")),
        tuple(masks.split(",")) if masks else (),
        float(zoneout_h),
        float(zoneout_c),
    )


def kind_of(cell: Cell) -> str | None:
    """Return the name of the compiled step that computes this very cell, or None.

    A subclass has equations of its own: only the cells of this package have a compiled step.
    """
    if type(cell) in (Elman, Jordan):
        return "elman"
    if type(cell) is LSTM:
        return "lstm"
    if type(cell) is GRU:
        return f"gru_{cell.reset}"
    return None


def cell_of(s: Spec) -> Cell:
    """Return a cell with the equations of a spec; options that only start parameters are left out."""
    layer_norm = "weight_ln_hh" in s.weights
    nonlinearity: Any = s.nonlinearity
    output: Any = s.output_nonlinearity
    if s.kind == "lstm":
        return LSTM(layer_norm=layer_norm, peepholes="weight_peephole_i" in s.weights)
    if s.kind == "elman" and s.map_name:
        return Jordan(layer_norm=layer_norm, nonlinearity=nonlinearity, output_nonlinearity=output)
    if s.kind == "elman":
        return Elman(layer_norm=layer_norm, nonlinearity=nonlinearity)
    return GRU(layer_norm=layer_norm, reset="after" if s.kind == "gru_after" else "before")


@remembered
def encoded_spec(
    cell: Cell,
    weights: tuple[str, ...],
    masks: tuple[str, ...],
    rates: tuple[float, float],
    reverse: bool,
    bfloat16: bool,
) -> str:
    """Return the string for a pass."""
    kind = kind_of(cell)
    assert kind is not None, cell
    return Spec(
        kind=kind,
        nonlinearity=cell.nonlinearity if isinstance(cell, Elman) else "tanh",
        output_nonlinearity=cell.output_nonlinearity if isinstance(cell, Jordan) else "identity",
        reverse=reverse,
        bfloat16=bfloat16,
        weights=weights,
        masks=masks,
        zoneout_h=rates[0],
        zoneout_c=rates[1],
    ).encode()
