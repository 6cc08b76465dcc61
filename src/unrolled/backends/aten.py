"""Torch's own kernels for a layer of one or two directions: oneDNN or native on a CPU, cuDNN on CUDA."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import _VF, Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from unrolled.backends.autocast import autocast_enabled
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


def kernel_name(cell: Cell) -> str | None:
    """Return the name of torch's kernel that computes this very cell, or None."""
    return cell.torch_kernel


def aten_layer(
    cell: Cell,
    x: Tensor,
    states: Sequence[State],
    parameters: Sequence[Parameters],
    lengths: Tensor | None,
    training: bool,
) -> tuple[Tensor, list[State]]:
    """Run one layer in one or two directions.

    Args:
        cell: one for which :func:`kernel_name` is not None.
        x: (T, B, I).
        states: the initial state of each direction.
        parameters: the parameters of each direction.
        lengths: as checked by :func:`unrolled.backends.ragged.check_lengths`, or None.
        training: of the module (cuDNN keeps what backward needs only then).

    Returns:
        Output (T, B, D·R), zero past the length of a row, and the final state of each direction.
    """
    name = kernel_name(cell)
    assert name is not None, cell
    if lengths is None and _is_one_step(x, parameters[0]):
        new = [aten_step(cell, x[0], s, p) for s, p in zip(states, parameters, strict=True)]
        return torch.cat([s[0] for s in new], dim=-1)[None], new
    stacked = [torch.stack(parts) for parts in zip(*states, strict=True)]
    hx = stacked if name == "lstm" else stacked[0]
    weights = [tensor for p in parameters for tensor in p.values()]
    has_bias = "bias_ih" in parameters[0]
    options = (weights, has_bias, 1, 0.0, training, len(states) == 2)
    if lengths is not None:
        ragged = _ragged_apart if torch.compiler.is_compiling() else _ragged
        return ragged(name, x, stacked, lengths, options)
    y, *final = _KERNELS[name](x, hx, *options, False)
    return y, _by_direction(final)


def _ragged(
    name: str, x: Tensor, states: Sequence[Tensor], lengths: Tensor, options: tuple[Any, ...]
) -> tuple[Tensor, list[State]]:
    """Run torch's kernel on packed rows."""
    check_range(lengths, len(x))
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    assert order is not None
    assert back is not None
    in_order = [s.index_select(1, order) for s in states]
    hx = in_order if name == "lstm" else in_order[0]
    data, *final = _KERNELS[name](packed.data, packed.batch_sizes, hx, *options)
    y, _ = pad_packed_sequence(PackedSequence(data, packed.batch_sizes, order, back), total_length=x.shape[0])
    return y, _by_direction([s.index_select(1, back) for s in final])


# torch.compile cannot trace how rows are packed, which depends on the numbers in lengths.
_ragged_apart = torch.compiler.disable(_ragged, reason="torch packs rows by the numbers in lengths")


def _by_direction(final: Sequence[Tensor]) -> list[State]:
    return [tuple(s[d] for s in final) for d in range(len(final[0]))]


def _is_one_step(x: Tensor, p: Parameters) -> bool:
    """Whether torch's kernel for one step does the same: the loop's own repacks all weights each call."""
    device = x.device.type
    return x.shape[0] == 1 and device == "cpu" and "weight_hr" not in p and not autocast_enabled(device)


def aten_step(cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
    """Run one step: x (B, I) and state to the new state."""
    name = kernel_name(cell)
    assert name is not None, cell
    hx = state if name == "lstm" else state[0]
    result = _STEPS[name](x, hx, p["weight_ih"], p["weight_hh"], p.get("bias_ih"), p.get("bias_hh"))
    return result if isinstance(result, tuple) else (result,)
