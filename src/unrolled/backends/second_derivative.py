"""Derivatives of the compiled loop's gradients, through the reference loop."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.backends.arguments import Operands
from unrolled.backends.reference import unroll
from unrolled.backends.spec import Spec, decode
from unrolled.cells import Masks


def second_derivative(
    above: Sequence[Tensor | None], o: Operands, spec: str, grads: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Return the products of ``grads`` with the derivatives of the gradients of a layer.

    The reference loop computes them in the tensors' own dtype, also where the kernels round products to
    bfloat16. They can be differentiated again.

    Args:
        above: gradients of y and of the final states, None for zero.
        o: operands of the layer.
        spec: its encoded :class:`Spec`.
        grads: of the gradients of x, the weights and the states; None for zero.

    Returns:
        The products for ``above``, None where it was None, and for x, the weights and the states.
    """
    s = decode(spec)
    inputs = (o.x, *o.weights, *o.states)

    def gradients(above: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, ...]:
        pull: Any = torch.func.vjp(lambda *inputs: _run(o, s, inputs), *inputs)[1]
        result: tuple[Tensor, ...] = pull(above)
        return result

    first, *pulls = torch.func.vjp(gradients, _filled(above, o, s), *inputs)
    pull: Any = pulls[0]
    of_gradients = tuple(torch.zeros_like(f) if g is None else g for f, g in zip(first, grads, strict=True))
    of_above, *of_inputs = pull(of_gradients)
    return [*(None if a is None else d for a, d in zip(above, of_above, strict=True)), *of_inputs]


def reference_gradients(above: Sequence[Tensor | None], o: Operands, spec: str) -> Sequence[Tensor]:
    """Return the gradients of x, the weights and the states from the reference loop, in any mode of torch.

    Args:
        above: gradients of y and of the final states, None for zero.
        o: operands of the layer.
        spec: its encoded :class:`Spec`.
    """
    s = decode(spec)
    pull: Any = torch.func.vjp(lambda *inputs: _run(o, s, inputs), o.x, *o.weights, *o.states)[1]
    gradients: tuple[Tensor, ...] = pull(_filled(above, o, s))
    return gradients


def _filled(above: Sequence[Tensor | None], o: Operands, s: Spec) -> tuple[Tensor, ...]:
    """Return gradients from above with zeros for those that are None."""
    outputs: Sequence[Any] = above
    if any(a is None for a in above):
        outputs = _run(o, s, (o.x, *o.weights, *o.states))
    return tuple(torch.zeros_like(out) if a is None else a for a, out in zip(above, outputs, strict=True))


def _run(o: Operands, s: Spec, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Run the reference loop on other inputs: y and the final states."""
    x, rest = inputs[0], inputs[1:]
    p = dict(zip(s.weights, rest[: len(s.weights)], strict=True))
    rates = zip(s.cell.state_names, s.rates, strict=True)
    masks: dict[str, Any] = {f"zoneout_{name}": rate for name, rate in rates if rate}
    masks |= dict(zip(s.masks, o.masks, strict=True))
    given: Masks | None = masks or None
    looked_up = o.tokens is not None
    result = unroll(
        s.cell,
        x[o.tokens] if looked_up else x,
        tuple(rest[len(s.weights) :]),
        p,
        lengths=o.lengths,
        reverse=s.reverse,
        masks=given,
        projected=looked_up,
    )
    return result.y, *result.state
