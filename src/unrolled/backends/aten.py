"""Torch's own kernels for a layer of one or two directions: oneDNN or native on a CPU, cuDNN on CUDA."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import _VF, Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from unrolled.backends.autocast import autocast_enabled
from unrolled.backends.base import Backend, LayerCall, LayerResult, Requirements
from unrolled.backends.ragged import check_range
from unrolled.cells import Cell, Parameters, State

_KERNELS: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "tanh": _VF.rnn_tanh,
    "relu": _VF.rnn_relu,
    "lstm": _VF.lstm,
    "gru": _VF.gru,
}
_STEPS: dict[str, Callable[..., Tensor | tuple[Tensor, ...]]] = {
    "tanh": _VF.rnn_tanh_cell,
    "relu": _VF.rnn_relu_cell,
    "lstm": _VF.lstm_cell,
    "gru": _VF.gru_cell,
}


def torch_kernel_name(cell: Cell) -> str | None:
    """Return the name of torch's kernel for exactly this cell, or None."""
    return cell.torch_kernel


@dataclass(frozen=True)
class Aten(Backend):
    """Backend that runs torch's own kernels."""

    name: ClassVar[str] = "aten"
    auto_reason: ClassVar[str] = "torch has a kernel for this cell"

    def unsupported_reason(self, cell: Cell, requirements: Requirements) -> str | None:
        """Return why torch's kernels cannot run this cell with these requirements, or None."""
        name = torch_kernel_name(cell)
        if name is None:
            return f"torch has no kernel for {cell}"
        if requirements.skip:
            return f"torch has no skip connection through time (skip={requirements.skip})"
        if requirements.masks:
            return f"torch's loop takes no masks ({', '.join(requirements.masks)})"
        if requirements.trace:
            return "torch's loop does not expose its inner states (trace)"
        if requirements.transforms.batched or requirements.transforms.traced:
            return "torch's loop has no batching rule for vmap"
        if requirements.transforms.forward_mode and (requirements.ragged or name == "lstm"):
            return "torch's LSTM and packed sequences have no forward-mode derivative"
        if requirements.ragged and requirements.device == "meta":
            return "torch does not pack ragged rows on the meta device"
        return None

    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run one layer; cuDNN saves what backward needs only if ``call.training``."""
        cell, x, directions, lengths = call.cell, call.input, call.directions, call.lengths
        first = directions[0].parameters
        if lengths is None and _can_use_step_kernel(x, first):
            new = [self.run_step(cell, x[0], d.carry, d.parameters) for d in directions]
            # torch.cat copies y: the caller may change it in place, and backward reads the state.
            return LayerResult(torch.cat([s[0] for s in new], dim=-1)[None], new)
        name = _require_kernel(cell)
        stacked = [torch.stack(parts) for parts in zip(*(d.carry for d in directions), strict=True)]
        hx = stacked if name == "lstm" else stacked[0]
        weights = [tensor for d in directions for tensor in d.parameters.values()]
        options = (weights, "bias_ih" in first, 1, 0.0, call.training, len(directions) == 2)
        if lengths is not None:
            if torch.compiler.is_compiling():
                # Imported only here: it loads torch's compiler, which takes longer than torch itself.
                from unrolled.backends.graph_break import run_packed_eagerly

                return run_packed_eagerly(name, x, stacked, lengths, options)
            return run_packed(name, x, stacked, lengths, options)
        y, *final = _KERNELS[name](x, hx, *options, False)
        return LayerResult(y, _split_directions(final))

    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run torch's kernel for one step."""
        name = _require_kernel(cell)
        hx = state if name == "lstm" else state[0]
        result = _STEPS[name](x, hx, p["weight_ih"], p["weight_hh"], p.get("bias_ih"), p.get("bias_hh"))
        return result if isinstance(result, tuple) else (result,)


def _require_kernel(cell: Cell) -> str:
    name = torch_kernel_name(cell)
    assert name is not None, cell
    return name


def run_packed(
    name: str, x: Tensor, states: Sequence[Tensor], lengths: Tensor, options: tuple[Any, ...]
) -> LayerResult:
    """Run torch's kernel on packed rows."""
    check_range(lengths, len(x))
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    order, inverse = packed.sorted_indices, packed.unsorted_indices
    assert order is not None
    assert inverse is not None
    sorted_states = [s.index_select(1, order) for s in states]
    hx = sorted_states if name == "lstm" else sorted_states[0]
    data, *final = _KERNELS[name](packed.data, packed.batch_sizes, hx, *options)
    packed_y = PackedSequence(data, packed.batch_sizes, order, inverse)
    y, _ = pad_packed_sequence(packed_y, total_length=x.shape[0])
    return LayerResult(y, _split_directions([s.index_select(1, inverse) for s in final]))


def _split_directions(final: Sequence[Tensor]) -> list[State]:
    """Return the final states of each direction, from tensors (D, B, size)."""
    return [tuple(s[d] for s in final) for d in range(len(final[0]))]


def _can_use_step_kernel(x: Tensor, p: Parameters) -> bool:
    """Return whether torch's kernel for one step can run x; the loop would repack all weights first."""
    device = x.device.type
    return x.shape[0] == 1 and device == "cpu" and "weight_hr" not in p and not autocast_enabled(device)
