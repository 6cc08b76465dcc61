"""The compiled loop in ``csrc/``, which runs one layer in one direction on CPU tensors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

from unrolled import extension
from unrolled.backends import transforms
from unrolled.backends.arguments import Operands, align
from unrolled.backends.base import (
    Backend,
    CheckpointEvery,
    Choice,
    LayerCall,
    LayerResult,
    Requirements,
    join_directions,
)
from unrolled.backends.functions import EagerLayerFunction, LayerFunction
from unrolled.backends.lookup import Lookup, is_table_cheaper
from unrolled.backends.operators import run_layer
from unrolled.backends.spec import compiled_kernel_name, encoded_spec
from unrolled.backends.tracing import is_traced
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import BackendError

INPUT_PARAMETERS = ("weight_ih", "weight_ln_ih", "bias_ih")


@dataclass(frozen=True)
class Compiled(Backend):
    """Backend that runs this package's compiled extension, for CPU tensors."""

    name: ClassVar[str] = "compiled"
    auto_reason: ClassVar[str] = "a compiled loop exists for this cell and these options"

    def unsupported_reason(self, cell: Cell, requirements: Requirements) -> str | None:
        """Return why the compiled loop cannot run this cell with these requirements, or None."""
        if extension.core is None:
            return "the compiled extension is absent"
        if requirements.device != "cpu":
            return f"the compiled loop runs on CPUs, not on {requirements.device}"
        if compiled_kernel_name(cell) is None:
            return f"there is no compiled loop for {type(cell).__name__}"
        if requirements.autocast:
            return "autocast chooses the dtypes, which the compiled loop does not support"
        if requirements.dtype not in (torch.float32, torch.float64):
            return f"the compiled loop takes float32 and float64, not {requirements.dtype}"
        if requirements.transforms.forward_mode:
            return "the compiled loop has no forward-mode derivative"
        if requirements.transforms.traced:
            return "torch.compile cannot trace the compiled loop inside a transform of torch.func"
        if requirements.skip:
            return f"the compiled loop has no skip connection through time (skip={requirements.skip})"
        if requirements.trace:
            return "the compiled loop does not expose its inner states (trace)"
        return None

    def drawback(self, requirements: Requirements) -> str | None:
        """Return why ``"auto"`` runs a single step elsewhere, unless only this loop supports its options."""
        if (
            requirements.one_step
            and requirements.device == "cpu"
            and not requirements.checkpoint
            and requirements.precision == "full"
        ):
            return "packing the weights for the compiled loop does not pay off for a single step"
        return None

    def make_choice(self, requirements: Requirements, reason: str) -> Choice:
        """Return a choice of this backend, with the arithmetic of its products.

        Raises:
            BackendError: if bfloat16 is required and not available.
        """
        if requirements.precision == "full":
            return Choice(self, reason)
        if extension.bfloat16_kernels and requirements.dtype == torch.float32:
            return Choice(self, f"{reason}; products in bfloat16, sums in float32", bfloat16=True)
        if requirements.precision == "auto":
            return Choice(self, reason)
        raise BackendError(
            "precision='bfloat16' needs float32 weights and a processor with AVX512_BF16; the weights are "
            f"{requirements.dtype} and the kernels in use are {extension.kernels()}; use precision='full', "
            "or 'auto' for bfloat16 on processors that support it"
        )

    def uses_table(self, table_rows: int, steps: int, row_bytes: int) -> bool:
        """Return whether the table is small enough, compared with the sequence and in bytes."""
        return is_table_cheaper(table_rows, steps, row_bytes)

    def run_layer(self, call: LayerCall) -> LayerResult:
        """Run the directions one after the other."""
        source = call.x
        x, tokens = (source.table, source.tokens.long()) if isinstance(source, Lookup) else (source, None)
        outputs, finals = [], []
        for d in call.directions:
            y, final = compiled_layer(
                call.cell,
                x,
                d.carry,
                d.parameters,
                lengths=call.lengths,
                reverse=d.reverse,
                masks=d.masks,
                checkpoint_every=call.checkpoint_every,
                bfloat16=call.bfloat16,
                tokens=tokens,
            )
            outputs.append(y)
            finals.append(final)
        return LayerResult(join_directions(outputs), finals)

    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        """Run one step as a sequence of length 1."""
        _, final = compiled_layer(cell, x[None], state, p)
        return final


def compiled_layer(
    cell: Cell,
    x: Tensor,
    state: State,
    p: Parameters,
    *,
    lengths: Tensor | None = None,
    reverse: bool = False,
    masks: Masks | None = None,
    checkpoint_every: CheckpointEvery = None,
    bfloat16: bool = False,
    tokens: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Run one layer in one direction, like :func:`unrolled.backends.unroll`.

    Args:
        cell: a cell for which :func:`unrolled.backends.spec.compiled_kernel_name` is not None.
        x: (T, B, I), float32 or float64 on the CPU; with tokens (V, I).
        state: initial state, (B, size) each.
        p: parameters by short name.
        lengths: row lengths checked by :func:`unrolled.backends.ragged.check_lengths`, or None.
        reverse: run each row from its last step to its first.
        masks: masks of all steps; numbers or (T, B, size).
        checkpoint_every: keep the state of every n-th step and recompute the others in the backward pass;
            ``"auto"`` is about √T, None keeps all states (Chen et al. 2016).
        bfloat16: round the operands of products to bfloat16; sums, states and outputs stay float32.
        tokens: row of x that each step reads, (T, B). W x + b is then computed once for each row of x.

    Returns:
        y (T, B, R), zero past the length of a row, and the final state of each row.
    """
    names = tuple(p) if tokens is None else tuple([n for n in p if n not in INPUT_PARAMETERS])
    mask_tensors = {n: m.contiguous() for n, m in masks.items() if isinstance(m, Tensor)} if masks else {}
    rates = tuple(_rate(masks, f"zoneout_{name}") for name in cell.state_names)
    spec = encoded_spec(cell, names, tuple(mask_tensors), rates, reverse, bfloat16)
    if tokens is not None:
        # Copy, so that later changes of the caller's tokens do not affect the backward pass.
        tokens = tokens.clone(memory_format=torch.contiguous_format)
        x = cell.project(x, p).contiguous()
    elif x.stride(-1) != 1:
        x = x.contiguous()
    weights = [p[n].contiguous() for n in names]
    states = [s.contiguous() for s in state]
    # Inside a transform, requires_grad only describes one level.
    transformed = transforms.any_active()
    needs_grad = transformed or any(t.requires_grad for t in (x, *weights, *states))
    # A traced pass may later run with or without gradients.
    save = needs_grad and (torch.is_grad_enabled() or torch.jit.is_tracing())
    checkpoint = get_checkpoint_interval(checkpoint_every, len(x if tokens is None else tokens))
    operands = Operands(x, weights, states, list(mask_tensors.values()), lengths, tokens)
    results = _run(operands, (spec, save, checkpoint), transformed)
    return results[0], tuple(results[1 : 1 + len(states)])


def _run(o: Operands, options: tuple[str, bool, int], transformed: bool) -> Sequence[Tensor]:
    tensors = (o.x, *o.weights, *o.states, *o.masks)
    counts = len(o.weights), len(o.states)
    if transformed and not torch.compiler.is_compiling():
        _refuse_forward_mode(tensors)
        return LayerFunction.apply(options, counts, o.lengths, o.tokens, *tensors)
    if is_traced(tensors):
        return torch.ops.unrolled.layer(*o, *options)
    _refuse_forward_mode(tensors)
    o = align(o)
    if not options[1]:
        return run_layer(o, *options)
    return EagerLayerFunction.apply(options, counts, o.lengths, o, o.x, *o.weights, *o.states, *o.masks)


def _refuse_forward_mode(tensors: Sequence[Tensor]) -> None:
    if forward_ad._current_level >= 0 and any(forward_ad.unpack_dual(t).tangent is not None for t in tensors):
        raise BackendError(
            "the compiled loop has no forward-mode derivative: use backend='auto' or 'reference'"
        )


def get_checkpoint_interval(every: CheckpointEvery, steps: int) -> int:
    """Return the number of steps between two saved states; 0 saves all states."""
    if every is None:
        return 0
    return min(steps, math.isqrt(steps - 1) + 1 if isinstance(every, str) else every)


def _rate(masks: Mapping[str, Tensor | float] | None, name: str) -> float:
    value = masks.get(name, 0.0) if masks else 0.0
    return 0.0 if isinstance(value, Tensor) else float(value)
