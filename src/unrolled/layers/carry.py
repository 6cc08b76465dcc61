"""The state of a stack: converted from the caller's layout, reset for single rows, and converted back."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.backends import Carry
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor
from unrolled.layers.checks import check_dtype
from unrolled.layers.result import Hidden
from unrolled.wording import counted


@dataclass(frozen=True)
class CarryShape:
    """Shapes of the state tensors of a stack."""

    count: int
    """Number of layers times directions, L·D."""
    names: tuple[str, ...]
    """Names of the state tensors of one layer and direction."""
    sizes: tuple[int, ...]
    """Last dimension of each of these tensors."""
    skip: int
    """Distance k of the skip connections through time; 0 if there are none."""

    def initial_carries(
        self, hx: Hidden | None, batch: TimeMajor, like: Tensor, weight: Tensor
    ) -> list[Carry]:
        """Return the initial state of each layer and direction; None means zeros.

        Args:
            hx: state in the caller's layout.
            batch: the input.
            like: a tensor with the input's dtype and device.
            weight: any weight of the stack; the state must have its dtype.

        Raises:
            ShapeError: if the caller's state does not fit the network, the batch, or the weights' dtype.
        """
        x = batch.x
        if hx is None:
            zeros = tuple([like.new_zeros(x.shape[1], size) for size in self.sizes])
            return [zeros] * self.count
        tensors = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        expected: dict[str, tuple[int, ...]] = {
            name: (self.count, x.shape[1], size) for name, size in zip(self.names, self.sizes, strict=True)
        }
        if self.skip and len(tensors) == len(self.sizes) + 1:
            expected["past"] = (self.count, self.skip, x.shape[1], self.sizes[0])
        if len(tensors) != len(expected):
            raise ShapeError(f"hx must be {' and '.join(expected)}, got {counted(len(tensors), 'tensor')}")
        states = [batch.add_batch_axis(s) for s in tensors]
        for (name, shape), state in zip(expected.items(), states, strict=True):
            if state.shape != shape:
                raise ShapeError(
                    f"initial {name} must have shape {shape}, got {tuple(state.shape)}"
                    + (" (a batch axis was added)" if batch.unbatched else "")
                )
            check_dtype(state, weight, f"initial {name}")
        return [tuple(s[index] for s in states) for index in range(self.count)]


def join_carries(carries: Sequence[Carry], batch: TimeMajor) -> Hidden:
    """Return the states of all layers and directions in the caller's layout."""
    stacked = [_stack(parts) for parts in zip(*carries, strict=True)]
    state = tuple(batch.restore_state(s) for s in stacked)
    return state if len(state) > 1 else state[0]


def _stack(parts: Sequence[Tensor]) -> Tensor:
    """Stack the tensors; a single tensor is not copied if the caller can safely change it in place."""
    if len(parts) == 1 and not parts[0].requires_grad and not torch.jit.is_tracing():
        return parts[0].unsqueeze(0)
    return torch.stack(list(parts))


def reset_rows(carries: Sequence[Carry], reset_mask: Tensor) -> list[Carry]:
    """Return the states with zeros, even for NaN, in the rows where ``reset_mask`` (B,) is true."""
    mask = reset_mask[:, None]
    return [tuple(s.masked_fill(mask, 0.0) for s in carry) for carry in carries]
