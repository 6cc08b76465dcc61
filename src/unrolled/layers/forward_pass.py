"""One forward pass: convert the input, choose a backend that meets the requirements, run all layers."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from unrolled.backends import Carry, Choice, Lookup, Requirements, TensorTable, transforms
from unrolled.backends.autocast import autocast_enabled
from unrolled.backends.ragged import Lengths
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor
from unrolled.layers.checks import check_dtype
from unrolled.layers.reset import find_resets
from unrolled.layers.result import Hidden
from unrolled.layers.stack import Plan, Probes, StackResult, make_probes, run_stack

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent


class PassResult(NamedTuple):
    """Result of a forward pass."""

    batch: TimeMajor
    """The input, which converts results back to the caller's layout."""
    result: StackResult
    probes: Probes


def run_pass(
    layer: "Recurrent",
    input: Tensor | PackedSequence | Lookup,
    hx: Hidden | None,
    lengths: Lengths | None,
    reset_mask: Tensor | None,
    *,
    trace: bool = False,
    probe: bool = False,
) -> PassResult:
    """Run all layers over a sequence.

    Args:
        layer: the module.
        input: see :meth:`Recurrent.forward` for this argument and the next three.
        hx: initial state.
        lengths: row lengths.
        reset_mask: mask of the steps before which states are reset.
        trace: record every state and gate.
        probe: add zeros that require a gradient to every state.

    Raises:
        ShapeError: if a size does not fit.
        BackendError: if the requested backend cannot run this pass.
    """
    weight = layer._weight
    batch = TimeMajor.from_input(input, lengths, layer.batch_first)
    x = batch.x
    _check_input(layer, x, weight)
    resets = find_resets(batch, reset_mask, layer.batch_first, layer.bidirectional)
    ragged = batch.lengths is not None
    requirements = get_requirements(layer, x, trace=trace, one_step=x.shape[0] == 1, ragged=ragged)
    choice = layer._choose_backend(requirements)
    like = x
    if isinstance(x, Lookup):
        x, like = _resolve_input(layer, choice, x)
    assert isinstance(like, Tensor)
    carries = layer._carry_shape.initial_carries(hx, batch, like, weight)
    if requirements.autocast:
        x, carries = _cast(choice.backend.autocast_dtype(layer.cell, requirements), x, carries)
    probes = make_probes(layer, x) if probe and isinstance(x, Tensor) else {}
    result = run_stack(layer, x, carries, Plan(choice, batch.lengths, resets, trace, probes))
    layer.__dict__["_ran"] = choice  # nn.Module would look for parameters first
    return PassResult(batch, result, probes)


def get_requirements(
    layer: "Recurrent",
    like: Tensor | Lookup,
    *,
    trace: bool = False,
    one_step: bool = False,
    ragged: bool = False,
) -> Requirements:
    """Return the requirements of a pass over an input with the dtype and device of ``like``."""
    device = like.device.type
    return Requirements(
        layer.skip,
        layer.drop.mask_names(layer.training),
        trace,
        one_step,
        device,
        like.dtype,
        autocast_enabled(device),
        layer.precision,
        layer.checkpoint_every is not None and torch.is_grad_enabled(),
        ragged,
        layer.proj_size > 0,
        transforms.running(),
    )


def uses_table(layer: "Recurrent", choice: Choice, table_rows: int, tokens: Tensor) -> bool:
    """Return whether the backend computes W x + b once for each row of the table."""
    row_bytes = layer.cell.gates * layer.hidden_size * layer._weight.element_size()
    return choice.backend.uses_table(table_rows, tokens.numel(), row_bytes)


def _resolve_input(layer: "Recurrent", choice: Choice, x: Lookup) -> tuple[Tensor | Lookup, Tensor]:
    """Return the input in the form that the backend uses, and a tensor with its dtype and device."""
    if uses_table(layer, choice, x.source.shape[0], x.tokens):
        table = x.table
        return Lookup(TensorTable(table), x.tokens), table
    resolved = x.resolve()
    return resolved, resolved


def _cast(
    dtype: torch.dtype | None, x: Tensor | Lookup, carries: list[Carry]
) -> tuple[Tensor | Lookup, list[Carry]]:
    """Convert input and state to a dtype; None leaves them unchanged."""
    if dtype is None:
        return x, carries
    assert isinstance(x, Tensor)
    return x.to(dtype), [tuple(s.to(dtype) for s in carry) for carry in carries]


def _check_input(layer: "Recurrent", x: Tensor | Lookup, weight: Tensor) -> None:
    if not x.shape[0]:
        raise ShapeError(f"input of shape {tuple(x.shape)} has no time steps: give at least one")
    if x.shape[-1] != layer.input_size:
        raise ShapeError(f"input has {x.shape[-1]} features per step, but input_size is {layer.input_size}")
    check_dtype(x, weight)
