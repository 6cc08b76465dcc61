"""The state of a stack: taken from the caller's form, reset where a row begins anew, and given back."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.backends import Carry
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor
from unrolled.layers.checks import check_dtype
from unrolled.layers.result import Hidden


@dataclass(frozen=True)
class CarryShape:
    """What the state of a stack looks like."""

    rows: int
    """Layers times directions, L·D."""
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    skip: int

    def start(self, hx: Hidden | None, batch: TimeMajor, like: Tensor, weight: Tensor) -> list[Carry]:
        """Return the initial state of each layer and direction; None means zeros.

        Args:
            hx: as the caller gave it.
            batch: the input.
            like: a tensor of the input's dtype and device.
            weight: some weight, whose dtype the state must have.

        Raises:
            ShapeError: if the caller's state does not fit the network, the batch, or the weights' dtype.
        """
        x = batch.x
        if hx is None:
            rows = x.shape[1]
            zeros = tuple([like.new_zeros(rows, size) for size in self.sizes])
            return [zeros] * self.rows
        given = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        expected: dict[str, tuple[int, ...]] = {
            name: (self.rows, x.shape[1], size) for name, size in zip(self.names, self.sizes, strict=True)
        }
        if self.skip and len(given) == len(self.sizes) + 1:
            expected["past"] = (self.rows, self.skip, x.shape[1], self.sizes[0])
        if len(given) != len(expected):
            raise ShapeError(f"hx must be {' and '.join(expected)}, got {len(given)} tensors")
        states = [batch.take_state(s) for s in given]
        for (name, shape), state in zip(expected.items(), states, strict=True):
            if state.shape != shape:
                raise ShapeError(
                    f"initial {name} must have shape {shape}, got {tuple(state.shape)}"
                    + (" (a batch axis was added)" if batch.unbatched else "")
                )
            check_dtype(state, weight, f"initial {name}")
        return [tuple(s[row] for s in states) for row in range(self.rows)]


def join(carries: Sequence[Carry], batch: TimeMajor) -> Hidden:
    """Return the states of all layers and directions in the caller's form."""
    stacked = [_stack(parts) for parts in zip(*carries, strict=True)]
    state = tuple(batch.restore_state(s) for s in stacked)
    return state if len(state) > 1 else state[0]


def _stack(parts: Sequence[Tensor]) -> Tensor:
    """Stack, without a copy where the caller may change a view in place as he may a copy."""
    if len(parts) == 1 and not parts[0].requires_grad and not torch.jit.is_tracing():
        return parts[0].unsqueeze(0)
    return torch.stack(list(parts))


def reset(carries: Sequence[Carry], fresh: Tensor) -> list[Carry]:
    """Return the states with zeros in the rows that begin anew, whatever stood there; fresh is (B,)."""
    rows = fresh[:, None]
    return [tuple(s.masked_fill(rows, 0.0) for s in carry) for carry in carries]
