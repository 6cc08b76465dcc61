"""One step as a module: drop-in for ``torch.nn.RNNCell``, ``LSTMCell`` and ``GRUCell``."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from unrolled.backends import BackendName, Choice, Requirements, check_backend, choose, transforms
from unrolled.backends.autocast import autocast_enabled
from unrolled.cells import GRU, LSTM, Cell, Elman
from unrolled.cells.nonlinearities import Nonlinearity
from unrolled.errors import ShapeError
from unrolled.layers.checks import check_dtype, resolve_cell
from unrolled.layers.fx import is_traced, leaf_call
from unrolled.layers.parameters import current_parameter, current_parameters, register_parameters
from unrolled.layers.to_torch import cell_to_torch


class SingleStep(nn.Module):
    """One step of a cell as a module; parameters are named as in torch.

    Args:
        input_size: I.
        hidden_size: H.
        bias: use bias_ih and bias_hh.
        device: device of the parameters.
        dtype: dtype of the parameters.
        cell: equations of the step; None means the default cell of the class.
        backend: ``"auto"``, or the name of a backend.
    """

    cell_type: ClassVar[type[Cell] | None] = None
    """Type of cell that the class accepts; None accepts any cell and has no default."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        cell: Cell | None = None,
        backend: BackendName = "auto",
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self.cell, self.backend = resolve_cell(self, cell), backend
        check_backend(backend)
        shapes = self.cell.shapes(input_size, hidden_size, bias=bias)
        self._names = register_parameters(self, shapes, "", device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise all parameters again, in torch's order."""
        self.cell.initialise(current_parameters(self, self._names))

    def explain(self) -> Choice:
        """Return the backend that runs the step, and the reason."""
        return self._choose(self._weight)

    @property
    def _weight(self) -> Tensor:
        """A weight, to read dtype and device from; in a parametrised module it may not be a parameter."""
        return current_parameter(self, "weight_ih")

    def _choose(self, like: Tensor) -> Choice:
        device = like.device.type
        requirements = Requirements(
            one_step=True,
            device=device,
            dtype=like.dtype,
            autocast=autocast_enabled(device),
            transforms=transforms.running(),
        )
        return self._choose_backend(requirements)

    def _choose_backend(self, requirements: Requirements) -> Choice:
        """Choose the backend of a step. An export replaces this function."""
        return choose(self.backend, self.cell, requirements)

    def forward(
        self, input: Tensor, hx: Tensor | tuple[Tensor, ...] | None = None
    ) -> Tensor | tuple[Tensor, ...]:
        """Return the next state, given input (B, I) or (I,) and state hx; None means a state of zeros.

        Raises:
            ShapeError: if a size does not fit.
        """
        if is_traced(input, hx):
            return leaf_call(self, input, hx)
        if input.dim() not in (1, 2) or input.shape[-1] != self.input_size:
            raise ShapeError(
                f"expected input (batch, {self.input_size}) or ({self.input_size},), got {tuple(input.shape)}"
            )
        check_dtype(input, self._weight)
        x = input if input.dim() == 2 else input.unsqueeze(0)
        state = self._start(x, hx, unbatched=input.dim() == 1)
        p = current_parameters(self, self._names)
        new = self._choose(x).backend.run_step(self.cell, x, state, p)
        if input.dim() == 1:
            new = tuple(s.squeeze(0) for s in new)
        return new if len(new) > 1 else new[0]

    def _start(
        self, x: Tensor, hx: Tensor | tuple[Tensor, ...] | None, *, unbatched: bool
    ) -> tuple[Tensor, ...]:
        sizes = self.cell.state_sizes(self.hidden_size)
        if hx is None:
            return tuple(x.new_zeros(x.shape[0], size) for size in sizes)
        tensors = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        state = tuple(s.unsqueeze(0) for s in tensors) if unbatched else tensors
        expected = [(x.shape[0], size) for size in sizes]
        if [tuple(s.shape) for s in state] != expected:
            raise ShapeError(
                f"the state ({', '.join(self.cell.state_names)}) must have shapes {expected}, "
                f"got {[tuple(s.shape) for s in state]}"
            )
        for name, s in zip(self.cell.state_names, state, strict=True):
            check_dtype(s, self._weight, f"the state {name}")
        return state

    def to_torch(self) -> nn.RNNCellBase:
        """Return torch's own cell with these parameters; see :meth:`Recurrent.to_torch`."""
        return cell_to_torch(self)

    def __prepare_scriptable__(self) -> nn.RNNCellBase:
        """Let torch.jit.script compile torch's own cell with these parameters."""
        return self.to_torch()

    def extra_repr(self) -> str:
        """Show the sizes and the cell."""
        return f"{self.input_size}, {self.hidden_size}, {self.cell}"


class RNNCell(SingleStep):
    """One Elman step; see :class:`SingleStep`."""

    cell_type = Elman

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Nonlinearity = "tanh",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: BackendName = "auto",
    ) -> None:
        cell = Elman(nonlinearity=nonlinearity)
        super().__init__(input_size, hidden_size, bias, device, dtype, cell=cell, backend=backend)


class LSTMCell(SingleStep):
    """One LSTM step; see :class:`SingleStep`."""

    cell_type = LSTM


class GRUCell(SingleStep):
    """One GRU step; see :class:`SingleStep`."""

    cell_type = GRU
