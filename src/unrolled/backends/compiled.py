"""The compiled loop: one layer in one direction through ``csrc/``, for CPU tensors."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.autograd import forward_ad

from unrolled.backends import transforms
from unrolled.backends.arguments import Operands, aligned
from unrolled.backends.functions import EagerLayerFunction, LayerFunction
from unrolled.backends.operators import run_layer
from unrolled.backends.spec import encoded_spec
from unrolled.backends.tracing import is_traced
from unrolled.cells import Cell, Masks, Parameters, State
from unrolled.errors import BackendError

CheckpointEvery = int | str | None
OF_INPUT = ("weight_ih", "weight_ln_ih", "bias_ih")


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
    names = tuple(p if tokens is None else (n for n in p if n not in OF_INPUT))
    drawn = {n: m.contiguous() for n, m in (masks or {}).items() if isinstance(m, Tensor)}
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
    return EagerLayerFunction.apply(
        options, counts, o.lengths, o.tokens, o.x, *o.weights, *o.states, *o.masks
    )


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
    value = (masks or {}).get(name, 0.0)
    return 0.0 if isinstance(value, Tensor) else float(value)
