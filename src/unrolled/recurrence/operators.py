"""The compiled loop as operators of ``torch.library``: real kernels, shapes alone, and gradients.

``unrolled::layer`` runs one layer in one direction and returns y, the final states, and what its backward
needs; ``unrolled::layer_backward`` returns the gradients. Sizes that depend on lengths are padded ones, so
that shapes are known without looking at the data.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import BackendError
from unrolled.extension import core
from unrolled.recurrence.arguments import (
    ARGUMENT_OF,
    allocate,
    allocate_gradients,
    arguments,
    arithmetic,
    give_results,
    sizes,
)
from unrolled.recurrence.ragged import check_range
from unrolled.recurrence.spec import decode

SECOND_DERIVATIVE = (
    "the compiled loop has no second derivative: use backend='reference' for the layer whose gradient is "
    "differentiated again"
)


def run_layer(
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
    """Run one layer in one direction.

    Args:
        x: input (T, B, I), dense in its last axis; with tokens (V, G·H), W x + b of each kind of input.
        weights: named by the spec.
        states: h (B, R), and for an LSTM c (B, H).
        masks: named by the spec, (T, B, size) each.
        lengths: int64 (B), or None.
        tokens: int64 (T, B), or None: the row of x that each step reads.
        spec: an encoded :class:`Spec`.
        save: keep what the backward pass needs.
        checkpoint: keep the state of every so many steps only; 0 keeps everything.

    Returns:
        y (T, B, R), the final states, and then what backward needs.
    """
    assert core is not None
    s = decode(spec)
    results = allocate(x, states, tokens, s, sizes(weights, s), save, checkpoint)
    if results[0].shape[1]:
        args = arguments(x, weights, states, masks, lengths, tokens, s, checkpoint)
        give_results(args, results, s, save, checkpoint)
        core.layer_forward(args, arithmetic(x, s), torch.get_num_threads())
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
    if lengths is not None:
        check_range(lengths, (x if tokens is None else tokens).shape[0])
    return run_layer(x, weights, states, masks, lengths, tokens, spec, save, checkpoint)


@layer.register_fake
def _(
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
    s = decode(spec)
    return allocate(x, states, tokens, s, sizes(weights, s), save, checkpoint)


def run_backward(
    dy: Tensor | None,
    dstates: Sequence[Tensor],
    has_dstate: Sequence[bool],
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    tokens: Tensor | None,
    results: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Return the gradients of x, the weights and the states, empty where not needed.

    Args:
        dy: gradient of y, or None for zero.
        dstates: gradients of those final states for which ``has_dstate`` is true.
        has_dstate: one for each state.
        x: see :func:`run_layer`, as the next six.
        weights: as handed to it.
        states: as handed to it.
        masks: as handed to it.
        lengths: as handed to it.
        tokens: as handed to it.
        results: what :func:`run_layer` returned.
        spec: as handed to it.
        checkpoint: as handed to it.
        needs: of x, the weights and the states, whether their gradients are wanted.
    """
    assert core is not None
    s = decode(spec)
    gradients = allocate_gradients(x, weights, states, needs)
    if not results[0].shape[1]:
        return [g.zero_() for g in gradients]
    args = arguments(x, weights, states, masks, lengths, tokens, s, checkpoint)
    give_results(args, results, s, True, checkpoint)
    if dy is not None:
        dy = dy if dy.stride(-1) == 1 else dy.contiguous()
        args.dy, args.dy_time, args.dy_row = dy.data_ptr(), dy.stride(0), dy.stride(1)
    given = iter([d.contiguous() for d in dstates])
    kept = [next(given) if has else None for has in has_dstate]
    for name, d in zip(("dh_n", "dc_n"), kept, strict=False):
        if d is not None:
            setattr(args, name, d.data_ptr())
    names = ("dx", *("d" + ARGUMENT_OF.get(n, n) for n in s.weights), "dh0", "dc0")
    for name, g in zip(names, gradients, strict=False):
        setattr(args, name, g.data_ptr())
    core.layer_backward(args, arithmetic(x, s), torch.get_num_threads())
    return gradients


layer_backward = torch.library.custom_op("unrolled::layer_backward", run_backward, mutates_args=())


@layer_backward.register_fake
def _(
    dy: Tensor | None,
    dstates: Sequence[Tensor],
    has_dstate: Sequence[bool],
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    tokens: Tensor | None,
    results: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    return allocate_gradients(x, weights, states, needs)


def _differentiate(
    run: Callable[..., Sequence[Tensor]],
    grads: Sequence[Tensor | None],
    kept: tuple[Any, ...],
    needs: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients of x, the weights and the states, None where not needed.

    ``kept`` is what :func:`run_backward` takes from x to checkpoint, its third the states.
    """
    dy, *dstates = grads[: 1 + len(kept[2])]
    given, has = [d for d in dstates if d is not None], [d is not None for d in dstates]
    gradients = run(dy, given, has, *kept, needs)
    return [g if need else None for g, need in zip(gradients, needs, strict=True)]


def _setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    x, weights, states, masks, lengths, tokens, ctx.spec, ctx.save, ctx.checkpoint = inputs
    ctx.set_materialize_grads(False)
    ctx.counts = len(weights), len(states), len(masks)
    ctx.save_for_backward(x, *weights, *states, *masks, *output, lengths, tokens)


def _backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    if not ctx.save:
        raise BackendError("unrolled::layer was called with save=False: nothing was kept for its gradient")
    x, *rest, lengths, tokens = ctx.saved_tensors
    parts = []
    for count in ctx.counts:
        parts.append(rest[:count])
        rest = rest[count:]
    weights, states, masks = parts
    # x, then two lists, as the inputs are.
    wanted = ctx.needs_input_grad
    needs = [bool(wanted[0]), *map(bool, wanted[1]), *map(bool, wanted[2])]
    kept = (x, weights, states, masks, lengths, tokens, rest, ctx.spec, ctx.checkpoint)
    given = _differentiate(torch.ops.unrolled.layer_backward, grads, kept, needs)
    split = 1 + len(weights)
    return given[0], given[1:split], given[split:], [None] * len(masks), *[None] * 5


layer.register_autograd(_backward, setup_context=_setup)


def _refuse_setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    """Keep nothing."""


def _refuse(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    raise BackendError(SECOND_DERIVATIVE)


layer_backward.register_autograd(_refuse, setup_context=_refuse_setup)


class EagerLayer(torch.autograd.Function):
    """The same kernels without the dispatcher, whose time shows where a pass is short.

    For plain tensors outside of tracing; see :func:`unrolled.recurrence.compiled.compiled_layer`.
    """

    @staticmethod
    def forward(
        ctx: Any,
        options: tuple[str, bool, int],
        counts: tuple[int, int],
        lengths: Tensor | None,
        tokens: Tensor | None,
        x: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run ``layer``; ``tensors`` are weights, states and masks, ``counts`` of the first two."""
        spec, save, checkpoint = options
        weights, states, masks = _split(tensors, counts)
        results = run_layer(x, weights, states, masks, lengths, tokens, spec, save, checkpoint)
        ctx.options, ctx.counts = options, counts
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, *tensors, *results, lengths, tokens)
        ctx.tensors = len(tensors)
        outputs = 1 + len(states)
        ctx.mark_non_differentiable(*results[outputs:])
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Run ``layer_backward``."""
        x, *rest, lengths, tokens = ctx.saved_tensors
        tensors, results = rest[: ctx.tensors], rest[ctx.tensors :]
        weights, states, masks = _split(tensors, ctx.counts)
        needs = ctx.needs_input_grad[4 : 5 + len(weights) + len(states)]
        spec, _, checkpoint = ctx.options
        # With create_graph=True the operator, which refuses to be differentiated again, takes part.
        run = torch.ops.unrolled.layer_backward if torch.is_grad_enabled() else run_backward
        kept = (x, weights, states, masks, lengths, tokens, results, spec, checkpoint)
        given = _differentiate(run, grads, kept, needs)
        return None, None, None, None, *given, *([None] * len(masks))


def _split(tensors: Sequence[Tensor], counts: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Return weights, states and masks."""
    weights, states = counts
    return tensors[:weights], tensors[weights : weights + states], tensors[weights + states :]
