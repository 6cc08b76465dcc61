"""The compiled loop: one layer in one direction through ``csrc/``, for CPU tensors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

from unrolled import extension
from unrolled.backends import transforms
from unrolled.backends.arguments import Operands, aligned
from unrolled.backends.base import (
    Backend,
    CheckpointEvery,
    Choice,
    LayerCall,
    LayerResult,
    Need,
    join_directions,
)
from unrolled.backends.functions import EagerLayerFunction, LayerFunction
from unrolled.backends.lookup import Lookup, repays
from unrolled.backends.operators import run_layer
from unrolled.backends.spec import encoded_spec, kind_of
from unrolled.backends.tracing import is_traced
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import BackendError

OF_INPUT = ("weight_ih", "weight_ln_ih", "bias_ih")


@dataclass(frozen=True)
class Compiled(Backend):
    """This package's extension, for CPU tensors."""

    name: ClassVar[str] = "compiled"
    merit: ClassVar[str] = "a compiled loop exists for this cell and these options"

    def obstacle(self, cell: Cell, need: Need) -> str | None:
        """Return why the compiled loop cannot run this, or None."""
        if extension.core is None:
            return "the compiled extension is absent"
        if need.device != "cpu":
            return f"the compiled loop runs on CPUs, not on {need.device}"
        if kind_of(cell) is None:
            return f"there is no compiled loop for {type(cell).__name__}"
        if need.autocast:
            return "autocast decides on its own dtypes, which the compiled loop does not take"
        if need.dtype not in (torch.float32, torch.float64):
            return f"the compiled loop takes float32 and float64, not {need.dtype}"
        if need.transforms.forward_mode:
            return "the compiled loop has no forward-mode derivative"
        if need.transforms.traced:
            return "torch.compile cannot trace the compiled loop inside a transform of torch.func"
        if need.skip:
            return f"the compiled loop has no skip connection through time (skip={need.skip})"
        if need.trace:
            return "the compiled loop does not show its inner states (trace)"
        return None

    def drawback(self, need: Need) -> str | None:
        """Return why a single step runs elsewhere, unless it needs what only this loop has."""
        if need.one_step and need.device == "cpu" and not need.checkpoint and need.precision == "full":
            return "a single step does not repay packing the weights for the compiled loop"
        return None

    def chosen(self, need: Need, reason: str) -> Choice:
        """Return itself as the choice, with the arithmetic of its products.

        Raises:
            BackendError: if bfloat16 was asked for and cannot be had.
        """
        if need.precision == "full":
            return Choice(self, reason)
        if extension.bfloat16_kernels and need.dtype == torch.float32:
            return Choice(self, f"{reason}; products in bfloat16, sums in float32", bfloat16=True)
        if need.precision == "auto":
            return Choice(self, reason)
        raise BackendError(
            "precision='bfloat16' needs float32 weights and a processor with AVX512_BF16; these weights are "
            f"{need.dtype} and the kernels in use are {extension.kernels()}; use precision='full', or "
            "'auto' for bfloat16 where there is such a processor"
        )

    def reads_table(self, kinds: int, steps: int, row_bytes: int) -> bool:
        """Whether the table is small enough, beside the sequence and in bytes."""
        return repays(kinds, steps, row_bytes)

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
        """Run a sequence of one step."""
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
    """Run one layer in one direction; arguments and result as of :func:`unrolled.backends.unroll`.

    Args:
        cell: one for which :func:`unrolled.backends.spec.kind_of` is not None.
        x: (T, B, I), float32 or float64 on the CPU; with tokens (V, I).
        state: initial state, (B, size) each.
        p: parameters by short name.
        lengths: as checked by :func:`unrolled.backends.ragged.check_lengths`, or None.
        reverse: run each row from its last step to its first.
        masks: of the loop; numbers or (T, B, size).
        checkpoint_every: keep the state of every so many steps and compute the rest again in the backward
            pass; ``"auto"`` is about √T, None keeps everything (Chen et al. 2016).
        bfloat16: round the operands of products to bfloat16; sums, states and outputs stay float32.
        tokens: (T, B), the row of x that each step reads. W x + b is then computed once for each row of x.

    Returns:
        y (T, B, R), zero past the length of a row, and each row's own final state.
    """
    names = tuple(p) if tokens is None else tuple([n for n in p if n not in OF_INPUT])
    drawn = {n: m.contiguous() for n, m in masks.items() if isinstance(m, Tensor)} if masks else {}
    rates = tuple(_rate(masks, f"zoneout_{name}") for name in cell.state_names)
    spec = encoded_spec(cell, names, tuple(drawn), rates, reverse, bfloat16)
    if tokens is not None:
        # A copy: what the caller writes into its tokens later does not reach the backward pass.
        tokens = tokens.clone(memory_format=torch.contiguous_format)
        x = cell.project(x, p).contiguous()
    elif x.stride(-1) != 1:
        x = x.contiguous()
    weights = [p[n].contiguous() for n in names]
    states = [s.contiguous() for s in state]
    # Inside a transform requires_grad tells of one level alone.
    transformed = transforms.active()
    grads = transformed or any(t.requires_grad for t in (x, *weights, *states))
    # A traced pass is run with and without gradients.
    save = grads and (torch.is_grad_enabled() or torch.jit.is_tracing())
    kept = checkpoint_steps(checkpoint_every, len(x if tokens is None else tokens))
    results = _run(
        Operands(x, weights, states, list(drawn.values()), lengths, tokens), (spec, save, kept), transformed
    )
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
    o = aligned(o)
    if not options[1]:
        return run_layer(o, *options)
    return EagerLayerFunction.apply(options, counts, o.lengths, o, o.x, *o.weights, *o.states, *o.masks)


def _refuse_forward_mode(tensors: Sequence[Tensor]) -> None:
    if forward_ad._current_level >= 0 and any(forward_ad.unpack_dual(t).tangent is not None for t in tensors):
        raise BackendError(
            "the compiled loop has no forward-mode derivative: use backend='auto' or 'reference'"
        )


def checkpoint_steps(every: CheckpointEvery, steps: int) -> int:
    """Return the number of steps between two kept states; 0 keeps everything."""
    if every is None:
        return 0
    return min(steps, math.isqrt(steps - 1) + 1 if isinstance(every, str) else every)


def _rate(masks: Mapping[str, Tensor | float] | None, name: str) -> float:
    value = masks.get(name, 0.0) if masks else 0.0
    return 0.0 if isinstance(value, Tensor) else float(value)
