"""Loss and gradients of a linear layer with softmax, computed in chunks of rows with torch operations.

Works on any device. The logits of a chunk are overwritten in place, first by their exponentials and then by
their gradient, so that memory holds only one chunk of logits.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from unrolled.errors import BackendError

CHUNK_BYTES = 8 << 20
"""Largest size of the logits of a chunk, unless CHUNK_ROWS rows need more."""
CHUNK_ROWS = 128
"""Rows that a chunk may have whatever their size: a product with fewer mainly waits for the matrix."""

Gradients = tuple[Tensor, Tensor, Tensor]
"""Gradients of h, weight and bias; the last one is empty if there is no bias."""
Multiply = Callable[[Tensor, Tensor, Tensor, bool], None]
"""(a, b, out, add): out = a · b, or out += a · b."""


def kernel_torch(
    h: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    row_weights: Tensor | None,
    ignore: int,
    label_smoothing: float,
    precision: str,
    need_grads: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return loss, nats and gradients; see :data:`unrolled.layers.softmax_loss.Kernel`.

    Raises:
        BackendError: if torch cannot multiply in this precision on this device.
    """
    multiply = _multiplier(precision, h)
    w = torch.ones_like(h[:, 0]) if row_weights is None else row_weights
    nats, losses = torch.empty_like(w), torch.empty_like(w)
    # The first chunk writes the gradients, the others add to them. Without rows they stay zero.
    allocate = torch.empty_like if len(h) else torch.zeros_like
    dh, dweight = (allocate(h), allocate(weight)) if need_grads else (h.new_empty(0), h.new_empty(0))
    dbias = allocate(bias) if need_grads and bias is not None else h.new_empty(0)
    size = chunk_rows(len(h), weight)
    logits = h.new_empty(size, len(weight))
    for begin in range(0, len(h), size):
        chunk = slice(begin, begin + size)
        losses[chunk], nats[chunk] = _chunk_torch(
            h[chunk],
            weight,
            bias,
            targets[chunk],
            w[chunk],
            label_smoothing,
            multiply,
            logits[: len(targets[chunk])],
            (dh[chunk], dweight, dbias) if need_grads else None,
            add=begin > 0,
        )
    return (losses * w).sum(), nats, dh, dweight, dbias


def chunk_rows(rows: int, weight: Tensor) -> int:
    """Return the number of rows of a chunk, chosen so that all chunks have about the same size."""
    max_rows = max(CHUNK_ROWS, CHUNK_BYTES // (weight.element_size() * max(len(weight), 1)))
    chunks = max(1, -(-rows // max_rows))
    return max(1, -(-rows // chunks))


def _chunk_torch(
    h: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    w: Tensor,
    smoothing: float,
    multiply: Multiply,
    z: Tensor,
    gradients: Gradients | None,
    *,
    add: bool,
) -> tuple[Tensor, Tensor]:
    """Return the losses and nats of a chunk of rows; write their gradients to ``gradients``. Overwrites z.

    z holds exp(z_v − max z), which is never divided by its sum s. Instead, the rows of h and of its gradient
    are multiplied by w / s, one factor per row, because they are narrower than the rows of z.

    Args:
        h: hidden states, (n, F).
        weight: (V, F).
        bias: (V,) or None.
        targets: (n,).
        w: weight of each row in the loss, (n,).
        smoothing: ε of label smoothing.
        multiply: computes a product in the chosen precision.
        z: buffer for the logits, (n, V).
        gradients: tensors for the gradients of h (n, F), weight and bias; None computes none.
        add: add to the gradients of weight and bias instead of overwriting them.
    """
    if bias is not None:
        z.copy_(bias)
    multiply(h, weight.t(), z, bias is not None)
    z.sub_(z.amax(1, keepdim=True))
    column = targets[:, None]
    at_target = z.gather(1, column)
    mean = z.mean(1, keepdim=True) if smoothing else at_target
    s = z.exp_().sum(1, keepdim=True)
    log_s = s.log()
    nats = log_s - at_target
    losses = (1 - smoothing) * nats + smoothing * (log_s - mean) if smoothing else nats
    if gradients is not None:
        dh, dweight, dbias = gradients
        if smoothing:
            z.sub_(s * (smoothing / z.shape[1]))
        z.scatter_(1, column, z.gather(1, column) - (1 - smoothing) * s)
        scale = w[:, None] / s
        multiply(z, weight, dh, False)
        dh.mul_(scale)
        multiply(z.t(), h * scale, dweight, add)
        if bias is not None:
            torch.addmv(dbias, z.t(), scale.squeeze(1), beta=int(add), out=dbias)
    return losses.squeeze(1), nats.squeeze(1)


def _multiplier(precision: str, h: Tensor) -> Multiply:
    """Return the function that multiplies in this precision; raise BackendError if torch has none."""
    if precision == "full":
        return _multiply
    if h.device.type == "cpu" or h.dtype != torch.float32:
        raise BackendError(
            f"precision='bfloat16' on {h.device.type} in {h.dtype}: torch cannot multiply bfloat16 factors "
            "with float32 sums there; use precision='full', or float32 tensors on a GPU"
        )
    return _multiply_rounded


def _multiply(a: Tensor, b: Tensor, out: Tensor, add: bool) -> None:
    torch.addmm(out, a, b, beta=int(add), out=out)


def _multiply_rounded(a: Tensor, b: Tensor, out: Tensor, add: bool) -> None:
    """Multiply with both factors rounded to bfloat16 and sums in float32."""
    product = torch.mm(a.bfloat16(), b.bfloat16(), out_dtype=torch.float32)
    if add:
        out.add_(product)
    else:
        out.copy_(product)
