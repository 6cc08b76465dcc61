"""The compiled loop as operators of ``torch.library``: real kernels, shapes alone, and gradients.

``unrolled::layer`` runs one layer in one direction and returns y, the final states, and what its backward
needs; ``unrolled::layer_backward`` returns the gradients. Sizes that depend on lengths are padded ones, so
that shapes are known without looking at the data.
"""

import itertools
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from unrolled.backends.arguments import (
    ABSENT,
    Operands,
    allocate,
    allocate_gradients,
    arguments,
    arithmetic,
    check_gradients,
    give_gradients,
    give_kept,
    give_outputs,
)
from unrolled.backends.ragged import check_range
from unrolled.backends.second_derivative import second_derivative
from unrolled.backends.spec import decode
from unrolled.backends.transforms import refuse_forward_mode
from unrolled.errors import BackendError
from unrolled.extension import buffer, call_kernel, core
from unrolled.memory import keep_freed_memory

T = TypeVar("T")


def run_layer(o: Operands, spec: str, save: bool, checkpoint: int) -> list[Tensor]:
    """Run one layer in one direction.

    Args:
        o: what is read.
        spec: an encoded :class:`Spec`.
        save: keep what the backward pass needs.
        checkpoint: keep the state of every so many steps only; 0 keeps everything.

    Returns:
        y (T, B, R), the final states, and then what backward needs.
    """
    assert core is not None
    keep_freed_memory()
    s = decode(spec)
    results = allocate(o, s, save, checkpoint)
    if results[0].shape[1]:
        args = arguments(o, s, checkpoint)
        give_outputs(args, results, s)
        if save:
            give_kept(args, [results[0], *results[1 + len(o.states) :]], s, checkpoint)
        call_kernel(core.layer_forward, args, arithmetic(o.x, s))
    return results


@torch.library.custom_op("unrolled::layer", mutates_args=())
def layer(
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    tokens: Tensor | None,
    spec: str,
    save: bool,
    checkpoint: int,
) -> list[Tensor]:
    """Run :func:`run_layer`, for callers that could not look at lengths before."""
    refuse_forward_mode("unrolled::layer")
    o = Operands(x, weights, states, masks, _dense(lengths), tokens)
    if lengths is not None:
        check_range(lengths, o.outline.shape[0])
    return run_layer(o, spec, save, checkpoint)


def _dense(lengths: Tensor | None) -> Tensor | None:
    return None if lengths is None else lengths.contiguous()


@layer.register_fake
def _(*inputs: Any) -> list[Tensor]:
    *operands, spec, save, checkpoint = inputs
    return allocate(Operands(*operands), decode(spec), save, checkpoint)


def run_backward(
    above: Sequence[Tensor | None],
    o: Operands,
    kept: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Return the gradients of x, the weights and the states, empty where not needed.

    Args:
        above: gradients of y and of the final states, None for zero.
        o: as handed to :func:`run_layer`.
        kept: y, and what else it kept for backward.
        spec: as handed to it.
        checkpoint: as handed to it.
        needs: of x, the weights and the states, whether their gradients are wanted.
    """
    assert core is not None
    s = decode(spec)
    gradients = allocate_gradients(o, needs)
    if not kept[0].shape[1]:
        return [g.zero_() for g in gradients]
    args = arguments(o, s, checkpoint)
    give_kept(args, kept, s, checkpoint)
    dy, *dstates = above
    if dy is not None:
        dy = _plain(dy if dy.stride(-1) == 1 else dy.contiguous())
        args.dy, args.dy_time, args.dy_row = buffer(dy), dy.stride(0), dy.stride(1)
    dense = [None if d is None else _plain(d.contiguous()) for d in dstates]
    check_gradients((dy, *dense), o.x)
    args.dfinal = [ABSENT if d is None else buffer(d) for d in dense]
    give_gradients(args, gradients, s)
    call_kernel(core.layer_backward, args, arithmetic(o.x, s))
    return gradients


def _plain(t: Tensor) -> Tensor:
    return t.resolve_neg() if t.is_neg() else t


@torch.library.custom_op("unrolled::layer_backward", mutates_args=())
def layer_backward(
    dy: Tensor | None,
    dstates: Sequence[Tensor],
    has_dstate: Sequence[bool],
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    tokens: Tensor | None,
    kept: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Run :func:`run_backward`; a list of an operator has no gaps, so ``has_dstate`` says where they were."""
    refuse_forward_mode("unrolled::layer_backward")
    given = iter(dstates)
    above = [dy, *(next(given) if has else None for has in has_dstate)]
    o = Operands(x, weights, states, masks, _dense(lengths), tokens)
    return run_backward(above, o, kept, spec, checkpoint, needs)


@layer_backward.register_fake
def _(*inputs: Any) -> list[Tensor]:
    return allocate_gradients(Operands(*inputs[3:9]), inputs[-1])


def call_backward(
    above: Sequence[Tensor | None], o: Operands, kept: Sequence[Tensor], *options: Any
) -> Sequence[Tensor]:
    """Call the operator as :func:`run_backward` is called."""
    dy, *dstates = above
    present, has = [d for d in dstates if d is not None], [d is not None for d in dstates]
    gradients: Sequence[Tensor] = torch.ops.unrolled.layer_backward(dy, present, has, *o, kept, *options)
    return gradients


def wanted(gradients: Sequence[Tensor | None], needs: Sequence[bool]) -> list[Tensor | None]:
    """Return gradients with None where they are not needed."""
    return [g if need else None for g, need in zip(gradients, needs, strict=True)]


def _setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    *operands, ctx.spec, ctx.save, ctx.checkpoint = inputs
    o = Operands(*operands)
    ctx.set_materialize_grads(False)
    ctx.counts = len(o.weights), len(o.states), len(o.masks)
    # Of y a copy: the caller may change y in place.
    y, kept = output[0].clone(), output[1 + len(o.states) :]
    ctx.save_for_backward(o.x, *o.weights, *o.states, *o.masks, y, *kept, o.lengths, o.tokens)


def _backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    if not ctx.save:
        raise BackendError("unrolled::layer was called with save=False: nothing was kept for its gradient")
    x, *rest, lengths, tokens = ctx.saved_tensors
    inputs, kept = rest[: sum(ctx.counts)], rest[sum(ctx.counts) :]
    weights, states, masks = split(inputs, ctx.counts)
    o = Operands(x, weights, states, masks, lengths, tokens)
    # x, then two lists, as the inputs are.
    asked = ctx.needs_input_grad
    needs = [bool(asked[0]), *map(bool, asked[1]), *map(bool, asked[2])]
    results = call_backward(grads[: 1 + len(o.states)], o, kept, ctx.spec, ctx.checkpoint, needs)
    given = wanted(results, needs)
    (of_x,), of_weights, of_states = split(given, (1, *ctx.counts[:2]))
    return of_x, of_weights, of_states, [None] * len(o.masks), *[None] * 5


def split(tensors: Sequence[T], counts: Sequence[int]) -> list[Sequence[T]]:
    """Return consecutive parts of so many tensors."""
    ends = list(itertools.accumulate(counts))
    return [tensors[end - count : end] for end, count in zip(ends, counts, strict=True)]


layer.register_autograd(_backward, setup_context=_setup)


def _setup_second(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    dy, dstates, ctx.has, x, weights, states, masks, lengths, tokens, kept, ctx.spec, _, ctx.needs = inputs
    ctx.set_materialize_grads(False)
    ctx.counts, ctx.kept = (len(dstates), len(weights), len(states), len(masks)), len(kept)
    ctx.save_for_backward(dy, x, *dstates, *weights, *states, *masks, lengths, tokens)


def _second(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    dy, x, *rest, lengths, tokens = ctx.saved_tensors
    dstates, weights, states, masks = split(rest, ctx.counts)
    present = iter(dstates)
    above = [dy, *(next(present) if has else None for has in ctx.has)]
    o = Operands(x, weights, states, masks, lengths, tokens)
    results = second_derivative(above, o, ctx.spec, wanted(grads, ctx.needs))
    of_above, (of_x,), of_weights, of_initial = split(results, (len(above), 1, len(weights), len(states)))
    of_states = [d for d, has in zip(of_above[1:], ctx.has, strict=True) if has]
    inputs = of_x, of_weights, of_initial, [None] * len(masks)
    return of_above[0], of_states, None, *inputs, None, None, [None] * ctx.kept, *[None] * 3


layer_backward.register_autograd(_second, setup_context=_setup_second)
