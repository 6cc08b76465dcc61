"""The compiled loop as autograd functions: for eager calls, transforms of torch.func, and double backward.

:mod:`unrolled.backends.operators` provides the same kernels as operators for traced code.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.backends import transforms
from unrolled.backends.arguments import Operands, make_contiguous
from unrolled.backends.batched_grads import Gradients, map_samples, vmap_level
from unrolled.backends.operators import call_backward, drop_unneeded, run_backward, run_layer
from unrolled.backends.second_derivative import reference_gradients, second_derivative
from unrolled.backends.spec import decode
from unrolled.backends.tracing import is_traced
from unrolled.backends.version import version_witness
from unrolled.errors import BackendError

Options = tuple[str, bool, int]
"""Encoded spec; whether to save what backward needs; number of steps between checkpoints."""
Counts = tuple[int, int]
"""Number of weights and number of states."""


class LayerFunction(torch.autograd.Function):
    """One layer in one direction: ``apply(options, counts, lengths, tokens, x, *weights, *states, *masks)``.

    Returns y (T, B, R), the final states, and the tensors that backward needs.
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
        o = _make_operands(lengths, tokens, x, tensors, counts)
        if is_traced((x, *tensors)):  # traced below the transforms, as by make_fx
            return tuple(torch.ops.unrolled.layer(*o, *options))
        return tuple(run_layer(o, *options))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Save what backward needs; y is copied because the caller may change it in place."""
        _save_for_backward(ctx, inputs, output, output[0].clone(), None)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Run the backward kernel."""
        x, *others, lengths, tokens = ctx.saved_tensors
        tensors, saved = others[: ctx.tensors], others[ctx.tensors :]
        o = _make_operands(lengths, tokens, x, tensors, ctx.counts)
        spec, _, checkpoint = ctx.options
        if ctx.witness is not None and ctx.witness._version:
            rerun = run_layer(make_contiguous(_detach(o)), *ctx.options)
            saved = [rerun[0], *rerun[1 + ctx.counts[1] :]]
        needs = ctx.needs_input_grad[4 : 5 + sum(ctx.counts)]

        def gradients(grad_outputs: Gradients) -> Gradients:
            if transforms.running().forward_mode and not transforms.any_active():
                return reference_gradients(grad_outputs, o, spec)
            if not transforms.any_active() and not torch.is_grad_enabled():
                return run_backward(grad_outputs, make_contiguous(o), saved, spec, checkpoint, needs)
            results: tuple[Tensor, ...] = LayerBackward.apply(
                (spec, checkpoint), ctx.counts, needs, lengths, tokens, *grad_outputs, x, *tensors, *saved
            )
            return results

        results = map_samples(gradients, grads[: 1 + ctx.counts[1]], vmap_level())
        return None, None, None, None, *drop_unneeded(results, needs), *([None] * len(o.masks))

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, Any]:
        """Treat samples that share their weights as further rows of the batch; run others one by one."""
        tokens, weights = inputs[3], inputs[1][0]
        first = 5 if tokens is None else 4  # a table of looked-up rows is like a weight
        if all(d is None for d in in_dims[first : 5 + weights]):
            return _run_samples_as_rows(info.batch_size, in_dims, inputs)
        return _run_each_sample(LayerFunction, info.batch_size, in_dims, inputs)


class EagerLayerFunction(torch.autograd.Function):
    """:class:`LayerFunction` for calls outside transforms, without the overhead of supporting them."""

    @staticmethod
    def forward(
        ctx: Any, options: Options, counts: Counts, lengths: Tensor | None, o: Operands, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """Run the kernel on ``o``, which holds the tensors by kind."""
        output = tuple(run_layer(o, *options))
        inputs = (options, counts, lengths, o.tokens, *tensors)
        # The caller may change y in place, as with torch's layers; backward then reruns the forward pass.
        _save_for_backward(ctx, inputs, output, output[0].data, version_witness(output[0]))
        return output

    backward = LayerFunction.backward


class LayerBackward(torch.autograd.Function):
    """The backward pass of :class:`LayerFunction` as a differentiable function.

    ``apply((spec, checkpoint), counts, needs, lengths, tokens, *grad_outputs, x, *weights, *states, *masks,
    y, *saved)`` returns the gradients of x, the weights and the states, empty if not needed. Second
    derivatives are computed with the reference loop.
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
        grad_outputs, o, saved = _unpack(options, counts, lengths, tokens, tensors)
        if is_traced([t for t in tensors if t is not None]):
            return tuple(call_backward(grad_outputs, o, saved, *options, needs))
        return tuple(run_backward(grad_outputs, o, saved, *options, needs))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Save the inputs."""
        ctx.options, ctx.counts, ctx.needs, lengths, tokens, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(lengths, tokens, *tensors)
        ctx.save_for_forward(lengths, tokens, *tensors)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple[Tensor, ...]:
        """Run the kernel on the tangents of the output gradients, in which the results are linear."""
        lengths, tokens, *tensors = ctx.saved_tensors
        outputs = 1 + ctx.counts[1]
        output_tangents, other_tangents = tangents[5 : 5 + outputs], tangents[5 + outputs :]
        if any(t is not None for t in other_tangents):
            raise BackendError(
                "the compiled loop has no forward-mode derivative of gradients with respect to weights or "
                "input: use backend='reference'"
            )
        results: tuple[Tensor, ...] = LayerBackward.apply(
            ctx.options, ctx.counts, ctx.needs, lengths, tokens, *output_tangents, *tensors[outputs:]
        )
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Differentiate the reference loop twice."""
        lengths, tokens, *tensors = ctx.saved_tensors
        grad_outputs, o, saved = _unpack(ctx.options, ctx.counts, lengths, tokens, tensors)

        def derivatives(grads: Gradients) -> Gradients:
            return second_derivative(grad_outputs, o, ctx.options[0], drop_unneeded(grads, ctx.needs))

        results = map_samples(derivatives, grads, vmap_level())
        return (*[None] * 5, *results, *[None] * (len(o.masks) + len(saved)))

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, Any]:
        """Run the samples one by one, since each has separate gradients of every weight."""
        return _run_each_sample(LayerBackward, info.batch_size, in_dims, inputs)


def _save_for_backward(
    ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor], y: Tensor, witness: Tensor | None
) -> None:
    """Save the inputs, y and the kernel's saved tensors; backward does not need the final states."""
    options, counts, lengths, tokens, *tensors = inputs
    saved = output[1 + counts[1] :]
    ctx.options, ctx.counts, ctx.tensors, ctx.witness = options, counts, len(tensors) - 1, witness
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(*saved)
    ctx.save_for_backward(*tensors, y, *saved, lengths, tokens)


def _make_operands(
    lengths: Tensor | None, tokens: Tensor | None, x: Tensor, tensors: Sequence[Tensor], counts: Counts
) -> Operands:
    weights, states = counts
    end = weights + states
    return Operands(x, tensors[:weights], tensors[weights:end], tensors[end:], lengths, tokens)


def _detach(o: Operands) -> Operands:
    weights, states, masks = ([t.detach() for t in group] for group in (o.weights, o.states, o.masks))
    return Operands(o.x.detach(), weights, states, masks, o.lengths, o.tokens)


def _unpack(
    options: tuple[str, int],
    counts: Counts,
    lengths: Tensor | None,
    tokens: Tensor | None,
    tensors: Sequence[Any],
) -> tuple[Sequence[Tensor | None], Operands, Sequence[Tensor]]:
    """Return the output gradients, the operands, and the tensors saved by the forward pass."""
    outputs, inputs = 1 + counts[1], 1 + sum(counts) + len(decode(options[0]).masks)
    x, *others = tensors[outputs : outputs + inputs]
    o = _make_operands(lengths, tokens, x, others, counts)
    return tensors[:outputs], o, tensors[outputs + inputs :]


def _run_each_sample(
    function: Any, size: int, in_dims: Sequence[Any], inputs: Sequence[Any]
) -> tuple[Any, Any]:
    """Apply a function to each of ``size`` samples and stack the results."""

    def sample(i: int) -> list[Any]:
        pairs = zip(inputs, in_dims, strict=True)
        return [t.select(d, i).contiguous() if isinstance(d, int) else t for t, d in pairs]

    results = [function.apply(*sample(i)) for i in range(size)]
    stacked = tuple(torch.stack(parts) for parts in zip(*results, strict=True))
    return stacked, (0,) * len(stacked)


def _run_samples_as_rows(size: int, in_dims: Sequence[Any], inputs: Sequence[Any]) -> tuple[Any, Any]:
    """Run the rows of all samples as one batch."""
    options, counts, lengths, tokens, x, *tensors = inputs
    _, _, lengths_dim, tokens_dim, x_dim, *dims = in_dims
    weights, states = counts

    def merge_samples(t: Tensor | None, d: int | None, axis: int) -> Tensor | None:
        """Return t with the samples merged into the axis of its rows."""
        if t is None:
            return None
        t = (
            t.movedim(d, axis)
            if d is not None
            else t.unsqueeze(axis).expand(*t.shape[:axis], size, *t.shape[axis:])
        )
        return t.flatten(axis, axis + 1).contiguous()

    merged = [
        t if k < weights else merge_samples(t, d, 0 if k < weights + states else 1)
        for k, (t, d) in enumerate(zip(tensors, dims, strict=True))
    ]
    merged_x = merge_samples(x, x_dim, 1) if tokens is None else x
    results = LayerFunction.apply(
        options,
        counts,
        merge_samples(lengths, lengths_dim, 0),
        merge_samples(tokens, tokens_dim, 1),
        merged_x,
        *merged,
    )
    axes = [0 if r.dim() == 2 else 1 for r in results]
    return tuple(r.unflatten(a, (size, -1)) for r, a in zip(results, axes, strict=True)), tuple(axes)
