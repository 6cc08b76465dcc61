"""Stream a layer: run it step by step in the native runtime, with explicit states."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unrolled.engine import Engine, Precision
from unrolled.errors import ProgramError, ShapeError
from unrolled.layers.program_spec import INPUT, OUTPUT, layer_program, spec_of
from unrolled.layers.result import Hidden
from unrolled.programs.layers import RecurrentSpec, StackSpec

Values = TypeVar("Values", Tensor, NDArray[np.float32])


def stream(layer: nn.Module, batch: int = 1, *, precision: Precision = "float32") -> "LayerStream":
    """Return a stream of a layer: the layer in evaluation, one step or a block of steps at a time.

    The weights are copied and packed once; later changes of the layer have no effect on the stream.

    Args:
        layer: a layer of this package or torch.nn's RNN, LSTM or GRU, in one direction, on the CPU.
        batch: number of rows.
        precision: precision of the products: ``"float32"``, ``"bfloat16"`` or ``"int8"`` (weights per output
            row, inputs per step); states and sums stay float32.

    Raises:
        ProgramError: if the layer cannot be streamed.
        ConfigError: for an unknown precision.
    """
    spec = spec_of(layer)
    if spec.bidirectional:
        raise ProgramError(
            "a bidirectional layer cannot be streamed: its reverse direction begins at the last step; "
            "train with bidirectional=False"
        )
    program = layer_program(spec)
    weights = {name: _read_weight(layer, name) for name in program.parameters}
    return LayerStream(Engine(program, weights, precision), spec, batch)


class LayerStream:
    """A layer that runs step by step and keeps its state; made by :func:`stream`.

    Inputs are tensors or numpy arrays of float32; outputs have the same kind.
    """

    def __init__(self, engine: Engine, spec: StackSpec, batch: int) -> None:
        self._engine, self._spec, self._stream = engine, spec, engine.stream(batch)

    def step(self, x: Values) -> Values:
        """Run one step: x (B, I) → y (B, R)."""
        return _like(self._stream.step({INPUT: _to_array(x)})[OUTPUT], x)

    def run(self, x: Values) -> Values:
        """Run a block of steps: x (T, B, I) → y (T, B, R)."""
        return _like(self._stream.run({INPUT: _to_array(x)})[OUTPUT], x)

    @property
    def batch(self) -> int:
        """B, the number of rows."""
        return self._stream.batch

    def state(self) -> Hidden:
        """Return a copy of the state as the layer's hx: h (L, B, R), for an LSTM (h, c).

        With skip connections the last k outputs (L, k, B, R) follow. A window layer has its last inputs.
        """
        states = {name: torch.from_numpy(value) for name, value in self._stream.state().items()}
        layers = range(self._spec.num_layers)
        if not isinstance(self._spec, RecurrentSpec):
            past = [[f"past{k}_l{n}" for k in range(self._spec.windows[n] - 1, 0, -1)] for n in layers]
            return tuple(torch.stack([states[name] for name in names]) for names in past if names)
        parts = [torch.stack([states[f"{s}_l{n}"] for n in layers]) for s in self._spec.cell.state_names]
        if self._spec.skip:
            queues = [[states[name] for name in self._past_names(n)] for n in layers]
            parts.append(torch.stack([torch.stack(queue) for queue in queues]))
        return tuple(parts) if len(parts) > 1 else parts[0]

    def restore(self, hx: Hidden) -> None:
        """Set the state to that of :meth:`state`, or to the final state of the layer itself.

        Raises:
            ShapeError: if the shapes do not fit.
        """
        tensors = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        states: dict[str, NDArray[np.float32]] = {}
        if not isinstance(self._spec, RecurrentSpec):
            layers = [n for n in range(self._spec.num_layers) if self._spec.windows[n] > 1]
            for n, tensor in _zip(layers, tensors):
                names = [f"past{k}_l{n}" for k in range(self._spec.windows[n] - 1, 0, -1)]
                states |= {name: _to_array(part) for name, part in _zip(names, tensor)}
        else:
            state_names = self._spec.cell.state_names
            for name, tensor in _zip(state_names, tensors[: len(state_names)]):
                layer_states = _zip(range(self._spec.num_layers), tensor)
                states |= {f"{name}_l{n}": _to_array(part) for n, part in layer_states}
            states |= self._past_states(tensors[len(state_names) :], states)
        self._stream.restore(states)

    def reset(self, rows: Sequence[int] | None = None) -> None:
        """Set the state of all rows, or of some, to its initial value."""
        self._stream.reset(rows)

    def add(self, count: int = 1) -> None:
        """Add rows with initial states at the end of the batch."""
        self._stream.add(count)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order, and drop the others."""
        self._stream.keep(rows)

    def copy(self) -> "LayerStream":
        """Return a stream with a copy of the state; it shares the packed weights."""
        other = LayerStream.__new__(LayerStream)
        other._engine, other._spec, other._stream = self._engine, self._spec, self._stream.copy()
        return other

    def _past_names(self, layer: int) -> list[str]:
        """Return the states that hold the last k outputs of a layer, oldest first; the last is h itself."""
        assert isinstance(self._spec, RecurrentSpec)
        return [*(f"past{k}_l{layer}" for k in range(self._spec.skip, 1, -1)), f"h_l{layer}"]

    def _past_states(
        self, past: tuple[Tensor, ...], states: dict[str, NDArray[np.float32]]
    ) -> dict[str, NDArray[np.float32]]:
        """Return the states of skip connections; without ``past`` they are zeros, as in the layer."""
        assert isinstance(self._spec, RecurrentSpec)
        found: dict[str, NDArray[np.float32]] = {}
        if not self._spec.skip:
            if past:
                raise ShapeError(f"hx has {len(past)} more tensor than the layer has states")
            return found
        for n in range(self._spec.num_layers):
            names = self._past_names(n)
            if past:
                found |= {name: _to_array(part) for name, part in _zip(names, past[0][n])}
            else:
                found |= {name: np.zeros_like(states[f"h_l{n}"]) for name in names[:-1]}
        return found


def _read_weight(layer: nn.Module, name: str) -> NDArray[np.float32]:
    weight: Tensor = getattr(layer, name)
    if weight.dtype != torch.float32:
        raise ProgramError(
            f"{name} is {weight.dtype}, but streams compute in float32; convert: layer.float()"
        )
    return _to_array(weight)


def _to_array(values: Tensor | NDArray[np.float32]) -> NDArray[np.float32]:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.ascontiguousarray(values, dtype=np.float32)


def _like(y: NDArray[np.float32], x: Values) -> Values:
    """Return y as a tensor if x is one."""
    return torch.from_numpy(y) if isinstance(x, Tensor) else y


def _zip(names: Sequence[Any], parts: Any) -> list[tuple[Any, Any]]:
    if len(names) != len(parts):
        raise ShapeError(f"hx has {len(parts)} parts where {len(names)} are needed")
    return list(zip(names, parts, strict=True))
