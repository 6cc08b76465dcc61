"""The compiled loop as functions of autograd: eager calls, transforms of torch.func, and double backward.

:mod:`unrolled.backends.operators` holds the same kernels as operators for code that traces.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.backends import transforms
from unrolled.backends.arguments import Operands, dense
from unrolled.backends.batched_grads import Gradients, level, one_by_one
from unrolled.backends.operators import call_backward, run_backward, run_layer, wanted
from unrolled.backends.second_derivative import reference_gradients, second_derivative
from unrolled.backends.spec import decode
from unrolled.backends.tracing import is_traced
from unrolled.backends.version import version_witness
from unrolled.errors import BackendError

Options = tuple[str, bool, int]
"""Encoded spec, whether to keep what backward needs, steps between checkpoints."""
Counts = tuple[int, int]
"""Numbers of weights and of states."""


class LayerFunction(torch.autograd.Function):
    """One layer in one direction: ``apply(options, counts, lengths, tokens, x, *weights, *states, *masks)``.

    Returns y (T, B, R), the final states, and what backward needs.
    """

    @staticmethod
    def forward(
        options: Options,
        counts: Counts,
        lengths: Tensor | None,
        tokens: Tensor | None,
        x: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run the kernel."""
        o = _operands(lengths, tokens, x, tensors, counts)
        if is_traced((x, *tensors)):  # below the transforms
            return tuple(torch.ops.unrolled.layer(*o, *options))
        return tuple(run_layer(o, *options))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep what backward needs, of y a copy: the caller may change y in place."""
        _keep(ctx, inputs, output, output[0].clone(), None)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Run the kernel of the gradients."""
        x, *rest, lengths, tokens = ctx.saved_tensors
        tensors, kept = rest[: ctx.tensors], rest[ctx.tensors :]
        o = _operands(lengths, tokens, x, tensors, ctx.counts)
        spec, _, checkpoint = ctx.options
        if ctx.witness is not None and ctx.witness._version:
            again = run_layer(dense(_detached(o)), *ctx.options)
            kept = [again[0], *again[1 + ctx.counts[1] :]]
        needs = ctx.needs_input_grad[4 : 5 + sum(ctx.counts)]

        def gradients(above: Gradients) -> Gradients:
            if transforms.running().forward_mode and not transforms.active():
                return reference_gradients(above, o, spec)
            if not transforms.active() and not torch.is_grad_enabled():
                return run_backward(above, dense(o), kept, spec, checkpoint, needs)
            rest = (x, *tensors, *kept)
            results: tuple[Tensor, ...] = LayerBackward.apply(
                (spec, checkpoint), ctx.counts, needs, lengths, tokens, *above, *rest
            )
            return results

        results = one_by_one(gradients, grads[: 1 + ctx.counts[1]], level())
        return None, None, None, None, *wanted(results, needs), *([None] * len(o.masks))

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, Any]:
        """Take samples that share their weights as more rows of the batch; run others one by one."""
        tokens, weights = inputs[3], inputs[1][0]
        first = 5 if tokens is None else 4  # a table of looked-up rows is like a weight
        if all(d is None for d in in_dims[first : 5 + weights]):
            return _as_rows(info.batch_size, in_dims, inputs)
        return _sample_by_sample(LayerFunction, info.batch_size, in_dims, inputs)


class EagerLayerFunction(torch.autograd.Function):
    """:class:`LayerFunction` outside transforms, without torch's work at each call for them."""

    @staticmethod
    def forward(
        ctx: Any, options: Options, counts: Counts, lengths: Tensor | None, o: Operands, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """Run the kernel on ``o``, which holds the tensors by kind."""
        output = tuple(run_layer(o, *options))
        inputs = (options, counts, lengths, o.tokens, *tensors)
        # The caller may change y in place, as with torch's layers: backward then runs forward again.
        _keep(ctx, inputs, output, output[0].data, version_witness(output[0]))
        return output

    backward = LayerFunction.backward


class LayerBackward(torch.autograd.Function):
    """The gradients of :class:`LayerFunction`, differentiable again.

    ``apply((spec, checkpoint), counts, needs, lengths, tokens, *above, x, *weights, *states, *masks, y,
    *kept)`` returns the gradients of x, the weights and the states, empty where not needed. Their own
    derivatives come from the reference loop.
    """

    @staticmethod
    def forward(
        options: tuple[str, int],
        counts: Counts,
        needs: Sequence[bool],
        lengths: Tensor | None,
        tokens: Tensor | None,
        *tensors: Tensor | None,
    ) -> tuple[Tensor, ...]:
        """Run the kernel."""
        above, o, kept = _parts(options, counts, lengths, tokens, tensors)
        if is_traced([t for t in tensors if t is not None]):
            return tuple(call_backward(above, o, kept, *options, needs))
        return tuple(run_backward(above, o, kept, *options, needs))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep the inputs."""
        ctx.options, ctx.counts, ctx.needs, lengths, tokens, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(lengths, tokens, *tensors)
        ctx.save_for_forward(lengths, tokens, *tensors)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple[Tensor, ...]:
        """Run the kernel on the tangents of what comes from above, in which gradients are linear."""
        lengths, tokens, *tensors = ctx.saved_tensors
        of_above, of_others = tangents[5 : 6 + ctx.counts[1]], tangents[6 + ctx.counts[1] :]
        if any(t is not None for t in of_others):
            raise BackendError(
                "the compiled loop has no forward-mode derivative of its gradients by weights or input: use "
                "backend='reference'"
            )
        rest = tensors[1 + ctx.counts[1] :]
        results: tuple[Tensor, ...] = LayerBackward.apply(
            ctx.options, ctx.counts, ctx.needs, lengths, tokens, *of_above, *rest
        )
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Differentiate the reference loop twice."""
        lengths, tokens, *tensors = ctx.saved_tensors
        above, o, kept = _parts(ctx.options, ctx.counts, lengths, tokens, tensors)

        def derivatives(grads: Gradients) -> Gradients:
            return second_derivative(above, o, ctx.options[0], wanted(grads, ctx.needs))

        results = one_by_one(derivatives, grads, level())
        return (*[None] * 5, *results, *[None] * (len(o.masks) + len(kept)))

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, Any]:
        """Run the samples one by one: each has gradients of its own of every weight."""
        return _sample_by_sample(LayerBackward, info.batch_size, in_dims, inputs)


def _keep(
    ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor], y: Tensor, witness: Tensor | None
) -> None:
    """Keep for backward the inputs, y and what the kernel kept; final states are not read again."""
    options, counts, lengths, tokens, *tensors = inputs
    kept = output[1 + counts[1] :]
    ctx.options, ctx.counts, ctx.tensors, ctx.witness = options, counts, len(tensors) - 1, witness
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(*kept)
    ctx.save_for_backward(*tensors, y, *kept, lengths, tokens)


def _operands(
    lengths: Tensor | None, tokens: Tensor | None, x: Tensor, tensors: Sequence[Tensor], counts: Counts
) -> Operands:
    weights, states = counts
    end = weights + states
    return Operands(x, tensors[:weights], tensors[weights:end], tensors[end:], lengths, tokens)


def _detached(o: Operands) -> Operands:
    weights, states, masks = ([t.detach() for t in group] for group in (o.weights, o.states, o.masks))
    return Operands(o.x.detach(), weights, states, masks, o.lengths, o.tokens)


def _parts(
    options: tuple[str, int],
    counts: Counts,
    lengths: Tensor | None,
    tokens: Tensor | None,
    tensors: Sequence[Any],
) -> tuple[Sequence[Tensor | None], Operands, Sequence[Tensor]]:
    """Return the gradients from above, the operands, and what was kept."""
    outputs, inputs = 1 + counts[1], 1 + sum(counts) + len(decode(options[0]).masks)
    x, *rest = tensors[outputs : outputs + inputs]
    return tensors[:outputs], _operands(lengths, tokens, x, rest, counts), tensors[outputs + inputs :]


def _sample_by_sample(
    function: Any, size: int, in_dims: Sequence[Any], inputs: Sequence[Any]
) -> tuple[Any, Any]:
    """Apply a function to each of ``size`` samples and stack its results."""

    def sample(i: int) -> list[Any]:
        pairs = zip(inputs, in_dims, strict=True)
        return [t.select(d, i).contiguous() if isinstance(d, int) else t for t, d in pairs]

    results = [function.apply(*sample(i)) for i in range(size)]
    stacked = tuple(torch.stack(parts) for parts in zip(*results, strict=True))
    return stacked, (0,) * len(stacked)


def _as_rows(size: int, in_dims: Sequence[Any], inputs: Sequence[Any]) -> tuple[Any, Any]:
    """Run the rows of all samples as one batch."""
    options, counts, lengths, tokens, x, *tensors = inputs
    _, _, of_lengths, of_tokens, of_x, *dims = in_dims
    weights, states = counts

    def rows(t: Tensor | None, d: int | None, axis: int) -> Tensor | None:
        """Return t with the samples in the axis of its rows."""
        if t is None:
            return None
        t = (
            t.movedim(d, axis)
            if d is not None
            else t.unsqueeze(axis).expand(*t.shape[:axis], size, *t.shape[axis:])
        )
        return t.flatten(axis, axis + 1).contiguous()

    moved = [
        t if k < weights else rows(t, d, 0 if k < weights + states else 1)
        for k, (t, d) in enumerate(zip(tensors, dims, strict=True))
    ]
    given = rows(x, of_x, 1) if tokens is None else x
    results = LayerFunction.apply(
        options, counts, rows(lengths, of_lengths, 0), rows(tokens, of_tokens, 1), given, *moved
    )
    axes = [0 if r.dim() == 2 else 1 for r in results]
    return tuple(r.unflatten(a, (size, -1)) for r, a in zip(results, axes, strict=True)), tuple(axes)
