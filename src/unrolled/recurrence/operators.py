"""The compiled loop as operators of ``torch.library``: real kernels, shapes alone, and gradients.

``unrolled::layer`` runs one layer in one direction and returns y, the final states, and what its backward
needs; ``unrolled::layer_backward`` returns the gradients. Sizes that depend on lengths are padded ones, so
that shapes are known without looking at the data.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import BackendError
from unrolled.extension import buffer, core
from unrolled.memory import keep_freed_memory
from unrolled.recurrence.arguments import (
    ARGUMENT_OF,
    Operands,
    allocate,
    allocate_gradients,
    arguments,
    arithmetic,
    give_results,
)
from unrolled.recurrence.ragged import check_range
from unrolled.recurrence.spec import decode

SECOND_DERIVATIVE = (
    "the compiled loop has no second derivative: use backend='reference' for the layer whose gradient is "
    "differentiated again"
)


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
        give_results(args, results, s, save, checkpoint)
        core.layer_forward(args, arithmetic(o.x, s), torch.get_num_threads())
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
    results: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Return the gradients of x, the weights and the states, empty where not needed.

    Args:
        above: gradients of y and of the final states, None for zero.
        o: as handed to :func:`run_layer`.
        results: what it returned.
        spec: as handed to it.
        checkpoint: as handed to it.
        needs: of x, the weights and the states, whether their gradients are wanted.
    """
    assert core is not None
    s = decode(spec)
    gradients = allocate_gradients(o, needs)
    if not results[0].shape[1]:
        return [g.zero_() for g in gradients]
    args = arguments(o, s, checkpoint)
    give_results(args, results, s, True, checkpoint)
    dy, *dstates = above
    if dy is not None:
        dy = dy if dy.stride(-1) == 1 else dy.contiguous()
        args.dy, args.dy_time, args.dy_row = buffer(dy), dy.stride(0), dy.stride(1)
    dense = [None if d is None else d.contiguous() for d in dstates]
    for name, d in zip(("dh_n", "dc_n"), dense, strict=False):
        if d is not None:
            setattr(args, name, buffer(d))
    names = ("dx", *("d" + ARGUMENT_OF.get(n, n) for n in s.weights), "dh0", "dc0")
    for name, g in zip(names, gradients, strict=False):
        setattr(args, name, buffer(g))
    core.layer_backward(args, arithmetic(o.x, s), torch.get_num_threads())
    return gradients


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
    results: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Run :func:`run_backward`; a list of an operator has no gaps, so ``has_dstate`` says where they were."""
    given = iter(dstates)
    above = [dy, *(next(given) if has else None for has in has_dstate)]
    o = Operands(x, weights, states, masks, _dense(lengths), tokens)
    return run_backward(above, o, results, spec, checkpoint, needs)


@layer_backward.register_fake
def _(*inputs: Any) -> list[Tensor]:
    return allocate_gradients(Operands(*inputs[3:9]), inputs[-1])


def _through_operator(above: Sequence[Tensor | None], o: Operands, *rest: Any) -> Sequence[Tensor]:
    """Call the operator as :func:`run_backward` is called."""
    dy, *dstates = above
    given, has = [d for d in dstates if d is not None], [d is not None for d in dstates]
    gradients: Sequence[Tensor] = torch.ops.unrolled.layer_backward(dy, given, has, *o, *rest)
    return gradients


def _wanted(gradients: Sequence[Tensor], needs: Sequence[bool]) -> list[Tensor | None]:
    return [g if need else None for g, need in zip(gradients, needs, strict=True)]


def _setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    *operands, ctx.spec, ctx.save, ctx.checkpoint = inputs
    o = Operands(*operands)
    ctx.set_materialize_grads(False)
    ctx.counts = len(o.weights), len(o.states), len(o.masks)
    ctx.save_for_backward(o.x, *o.weights, *o.states, *o.masks, *output, o.lengths, o.tokens)


def _backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    if not ctx.save:
        raise BackendError("unrolled::layer was called with save=False: nothing was kept for its gradient")
    x, *rest, lengths, tokens = ctx.saved_tensors
    inputs, results = rest[: sum(ctx.counts)], rest[sum(ctx.counts) :]
    o = Operands(x, *_split(inputs, ctx.counts[:2]), lengths, tokens)
    # x, then two lists, as the inputs are.
    wanted = ctx.needs_input_grad
    needs = [bool(wanted[0]), *map(bool, wanted[1]), *map(bool, wanted[2])]
    above = grads[: 1 + len(o.states)]
    given = _wanted(_through_operator(above, o, results, ctx.spec, ctx.checkpoint, needs), needs)
    split = 1 + len(o.weights)
    return given[0], given[1:split], given[split:], [None] * len(o.masks), *[None] * 5


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
        weights, states, masks = _split(tensors, counts)
        results = run_layer(Operands(x, weights, states, masks, lengths, tokens), *options)
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
        o = Operands(x, *_split(tensors, ctx.counts), lengths, tokens)
        needs = ctx.needs_input_grad[4 : 5 + len(o.weights) + len(o.states)]
        spec, _, checkpoint = ctx.options
        # With create_graph=True the operator, which refuses to be differentiated again, takes part.
        run = _through_operator if torch.is_grad_enabled() else run_backward
        given = _wanted(run(grads[: 1 + len(o.states)], o, results, spec, checkpoint, needs), needs)
        return None, None, None, None, *given, *([None] * len(o.masks))


def _split(tensors: Sequence[Tensor], counts: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Return weights, states and masks."""
    weights, states = counts
    return tensors[:weights], tensors[weights : weights + states], tensors[weights + states :]
