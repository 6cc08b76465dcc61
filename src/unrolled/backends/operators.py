"""The compiled loop as operators of ``torch.library``: kernels, fake (shape-only) kernels, and gradients.

``unrolled::layer`` runs one layer in one direction and returns y, the final states, and the tensors that its
backward needs; ``unrolled::layer_backward`` returns the gradients. Outputs have the padded sizes, so that
their shapes do not depend on the values of lengths.
"""

import itertools
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from unrolled.allocator import keep_freed_memory
from unrolled.backends.arguments import (
    ABSENT,
    Operands,
    allocate,
    allocate_gradients,
    arithmetic_code,
    check_gradients,
    make_arguments,
    set_gradients,
    set_outputs,
    set_saved,
)
from unrolled.backends.ragged import check_range
from unrolled.backends.second_derivative import second_derivative
from unrolled.backends.spec import decode
from unrolled.backends.transforms import refuse_forward_mode
from unrolled.errors import BackendError
from unrolled.extension import buffer, call_kernel, core

T = TypeVar("T")


def run_layer(o: Operands, spec: str, save: bool, checkpoint: int) -> list[Tensor]:
    """Run one layer in one direction.

    Args:
        o: input tensors.
        spec: an encoded :class:`Spec`.
        save: save the tensors that the backward pass needs.
        checkpoint: number of steps between two saved states; 0 saves all states.

    Returns:
        y (T, B, R), the final states, and the tensors that backward needs.
    """
    assert core is not None
    keep_freed_memory()
    s = decode(spec)
    results = allocate(o, s, save, checkpoint)
    if results[0].shape[1]:
        args = make_arguments(o, s, checkpoint)
        set_outputs(args, results, s)
        if save:
            set_saved(args, [results[0], *results[1 + len(o.states) :]], s, checkpoint)
        call_kernel(core.layer_forward, args, arithmetic_code(o.x, s))
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
    """Run :func:`run_layer` as an operator, and check lengths, whose values tracing does not know."""
    refuse_forward_mode("unrolled::layer")
    o = Operands(x, weights, states, masks, _make_dense(lengths), tokens)
    if lengths is not None:
        check_range(lengths, o.sequence.shape[0])
    return run_layer(o, spec, save, checkpoint)


def _make_dense(lengths: Tensor | None) -> Tensor | None:
    return None if lengths is None else lengths.contiguous()


@layer.register_fake
def _(*inputs: Any) -> list[Tensor]:
    *operands, spec, save, checkpoint = inputs
    return allocate(Operands(*operands), decode(spec), save, checkpoint)


def run_backward(
    grad_outputs: Sequence[Tensor | None],
    o: Operands,
    saved: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Return the gradients of x, the weights and the states; empty if not needed.

    Args:
        grad_outputs: gradients of y and of the final states, None for zero.
        o: input tensors, as in :func:`run_layer`.
        saved: y and the other tensors that the forward pass saved.
        spec: as in :func:`run_layer`.
        checkpoint: as in :func:`run_layer`.
        needs: whether the gradient of x, of each weight and of each state is needed.
    """
    assert core is not None
    s = decode(spec)
    gradients = allocate_gradients(o, needs)
    if not saved[0].shape[1]:
        return [g.zero_() for g in gradients]
    args = make_arguments(o, s, checkpoint)
    set_saved(args, saved, s, checkpoint)
    dy, *dstates = grad_outputs
    if dy is not None:
        dy = _resolve_neg(dy if dy.stride(-1) == 1 else dy.contiguous())
        args.dy, args.dy_time, args.dy_row = buffer(dy), dy.stride(0), dy.stride(1)
    dense_dstates = [None if d is None else _resolve_neg(d.contiguous()) for d in dstates]
    check_gradients((dy, *dense_dstates), o.x)
    args.dfinal = [ABSENT if d is None else buffer(d) for d in dense_dstates]
    set_gradients(args, gradients, s)
    call_kernel(core.layer_backward, args, arithmetic_code(o.x, s))
    return gradients


def _resolve_neg(t: Tensor) -> Tensor:
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
    saved: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Run :func:`run_backward` as an operator.

    An operator's list of tensors cannot contain None, so ``has_dstate`` marks the final states that
    have a gradient in ``dstates``.
    """
    refuse_forward_mode("unrolled::layer_backward")
    present = iter(dstates)
    grad_outputs = [dy, *(next(present) if has else None for has in has_dstate)]
    o = Operands(x, weights, states, masks, _make_dense(lengths), tokens)
    return run_backward(grad_outputs, o, saved, spec, checkpoint, needs)


@layer_backward.register_fake
def _(*inputs: Any) -> list[Tensor]:
    return allocate_gradients(Operands(*inputs[3:9]), inputs[-1])


def call_backward(
    grad_outputs: Sequence[Tensor | None], o: Operands, saved: Sequence[Tensor], *options: Any
) -> Sequence[Tensor]:
    """Call the operator with the arguments of :func:`run_backward`."""
    dy, *dstates = grad_outputs
    present, has = [d for d in dstates if d is not None], [d is not None for d in dstates]
    gradients: Sequence[Tensor] = torch.ops.unrolled.layer_backward(dy, present, has, *o, saved, *options)
    return gradients


def drop_unneeded(gradients: Sequence[Tensor | None], needs: Sequence[bool]) -> list[Tensor | None]:
    """Replace the gradients that are not needed by None."""
    return [g if need else None for g, need in zip(gradients, needs, strict=True)]


def _setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    *operands, ctx.spec, ctx.save, ctx.checkpoint = inputs
    o = Operands(*operands)
    ctx.set_materialize_grads(False)
    ctx.counts = len(o.weights), len(o.states), len(o.masks)
    # y is copied because the caller may change it in place.
    y, saved = output[0].clone(), output[1 + len(o.states) :]
    ctx.save_for_backward(o.x, *o.weights, *o.states, *o.masks, y, *saved, o.lengths, o.tokens)


def _backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    if not ctx.save:
        raise BackendError(
            "unrolled::layer was called with save=False, so it has no gradient: call it with save=True"
        )
    x, *others, lengths, tokens = ctx.saved_tensors
    inputs, saved = others[: sum(ctx.counts)], others[sum(ctx.counts) :]
    weights, states, masks = split(inputs, ctx.counts)
    o = Operands(x, weights, states, masks, lengths, tokens)
    # The entries are x and two lists, in the structure of the inputs.
    x_needs, weights_need, states_need, *_ = ctx.needs_input_grad
    needs = [bool(x_needs), *map(bool, weights_need), *map(bool, states_need)]
    results = call_backward(grads[: 1 + len(o.states)], o, saved, ctx.spec, ctx.checkpoint, needs)
    gradients = drop_unneeded(results, needs)
    (dx,), dweights, dstates = split(gradients, (1, *ctx.counts[:2]))
    return dx, dweights, dstates, [None] * len(o.masks), *[None] * 5


def split(tensors: Sequence[T], counts: Sequence[int]) -> list[Sequence[T]]:
    """Split tensors into consecutive parts of the given lengths."""
    ends = list(itertools.accumulate(counts))
    return [tensors[end - count : end] for end, count in zip(ends, counts, strict=True)]


layer.register_autograd(_backward, setup_context=_setup)


def _setup_double_backward(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    dy, dstates, ctx.has, x, weights, states, masks, lengths, tokens, saved, ctx.spec, _, ctx.needs = inputs
    ctx.set_materialize_grads(False)
    ctx.counts, ctx.num_saved = (len(dstates), len(weights), len(states), len(masks)), len(saved)
    ctx.save_for_backward(dy, x, *dstates, *weights, *states, *masks, lengths, tokens)


def _double_backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    dy, x, *others, lengths, tokens = ctx.saved_tensors
    dstates, weights, states, masks = split(others, ctx.counts)
    present = iter(dstates)
    grad_outputs = [dy, *(next(present) if has else None for has in ctx.has)]
    o = Operands(x, weights, states, masks, lengths, tokens)
    results = second_derivative(grad_outputs, o, ctx.spec, drop_unneeded(grads, ctx.needs))
    counts = len(grad_outputs), 1, len(weights), len(states)
    for_outputs, (for_x,), for_weights, for_initial = split(results, counts)
    for_states = [d for d, has in zip(for_outputs[1:], ctx.has, strict=True) if has]
    inputs = for_x, for_weights, for_initial, [None] * len(masks)
    return for_outputs[0], for_states, None, *inputs, None, None, [None] * ctx.num_saved, *[None] * 3


layer_backward.register_autograd(_double_backward, setup_context=_setup_double_backward)
