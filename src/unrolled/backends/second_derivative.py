"""Second derivatives of the compiled loop, computed with the reference loop."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.backends.arguments import Operands
from unrolled.backends.reference import unroll
from unrolled.backends.spec import Spec, decode


def second_derivative(
    grad_outputs: Sequence[Tensor | None], o: Operands, spec: str, grads: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Return the backward pass of a layer's backward pass (a vector-Jacobian product).

    The reference loop computes it in the dtype of the tensors, even if the kernels round products to
    bfloat16. The results can be differentiated again.

    Args:
        grad_outputs: gradients of y and of the final states, None for zero.
        o: operands of the layer.
        spec: encoded :class:`Spec` of the layer.
        grads: upstream gradients of the gradients of x, the weights and the states; None for zero.

    Returns:
        Gradients for ``grad_outputs`` (None where it is None), and for x, the weights and the states.
    """
    s = decode(spec)
    inputs = (o.x, *o.weights, *o.states)

    def gradients(grad_outputs: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, ...]:
        vjp: Any = torch.func.vjp(lambda *inputs: _run(o, s, inputs), *inputs)[1]
        result: tuple[Tensor, ...] = vjp(grad_outputs)
        return result

    first, *vjps = torch.func.vjp(gradients, _fill_zeros(grad_outputs, o, s), *inputs)
    vjp: Any = vjps[0]
    upstream = tuple(torch.zeros_like(f) if g is None else g for f, g in zip(first, grads, strict=True))
    for_outputs, *for_inputs = vjp(upstream)
    return [*(None if g is None else d for g, d in zip(grad_outputs, for_outputs, strict=True)), *for_inputs]


def reference_gradients(grad_outputs: Sequence[Tensor | None], o: Operands, spec: str) -> Sequence[Tensor]:
    """Return the gradients of x, the weights and the states from the reference loop, in every autograd mode.

    Args:
        grad_outputs: gradients of y and of the final states, None for zero.
        o: operands of the layer.
        spec: encoded :class:`Spec` of the layer.
    """
    s = decode(spec)
    vjp: Any = torch.func.vjp(lambda *inputs: _run(o, s, inputs), o.x, *o.weights, *o.states)[1]
    gradients: tuple[Tensor, ...] = vjp(_fill_zeros(grad_outputs, o, s))
    return gradients


def _fill_zeros(grad_outputs: Sequence[Tensor | None], o: Operands, s: Spec) -> tuple[Tensor, ...]:
    """Return the output gradients with None replaced by zeros."""
    outputs: Sequence[Any] = grad_outputs
    if any(g is None for g in grad_outputs):
        outputs = _run(o, s, (o.x, *o.weights, *o.states))
    pairs = zip(grad_outputs, outputs, strict=True)
    return tuple(torch.zeros_like(out) if g is None else g for g, out in pairs)


def _run(o: Operands, s: Spec, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Run the reference loop with x, weights and states from ``inputs``; return y and the final states."""
    x, others = inputs[0], inputs[1:]
    p = dict(zip(s.weights, others[: len(s.weights)], strict=True))
    rates = zip(s.cell.state_names, s.rates, strict=True)
    masks: dict[str, Any] = {f"zoneout_{name}": rate for name, rate in rates if rate}
    masks |= dict(zip(s.masks, o.masks, strict=True))
    looked_up = o.tokens is not None
    result = unroll(
        s.cell,
        x[o.tokens] if looked_up else x,
        tuple(others[len(s.weights) :]),
        p,
        lengths=o.lengths,
        reverse=s.reverse,
        masks=masks or None,
        projected=looked_up,
    )
    return result.y, *result.state
