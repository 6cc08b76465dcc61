"""Linear layer with softmax cross-entropy, computed by the compiled extension for CPU tensors."""

import torch
from torch import Tensor

from unrolled.errors import BackendError
from unrolled.extension import buffer, call_kernel, core


def kernel_compiled(
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
        BackendError: for bfloat16 products, if the tensors are not float32 or the processor lacks them.
    """
    assert core is not None
    bfloat16 = precision == "bfloat16"
    if bfloat16 and not (core.has_bfloat16() and h.dtype == torch.float32):
        raise BackendError(
            "precision='bfloat16' needs float32 tensors and a processor with AVX512_BF16; the tensors "
            f"are {h.dtype} and the kernels in use are {core.current_kernels()}; use precision='full'"
        )
    rows, classes = len(h), len(weight)
    loss, nats = h.new_zeros(()), h.new_zeros(rows)
    dh = torch.empty_like(h) if need_grads else h.new_empty(0)
    dweight = torch.empty_like(weight) if need_grads else h.new_empty(0)
    dbias = torch.empty_like(bias) if need_grads and bias is not None else h.new_empty(0)
    if not rows:
        return loss, nats, dh, dweight.zero_(), dbias.zero_()
    args = core.SoftmaxArgs()
    args.N, args.F, args.V, args.ignore, args.smoothing = *h.shape, classes, ignore, label_smoothing
    args.h, args.h_row, args.weight = buffer(h), h.stride(0), buffer(weight)
    args.targets, args.loss, args.nats = buffer(targets), buffer(loss), buffer(nats)
    if bias is not None:
        args.bias = buffer(bias)
    if row_weights is not None:
        args.row_weights = buffer(row_weights)
    if need_grads:
        args.dh, args.dweight, args.dbias = buffer(dh), buffer(dweight), buffer(dbias)
    arithmetic = 2 if bfloat16 else 1 if h.dtype == torch.float64 else 0
    call_kernel(core.softmax, args, arithmetic)
    return loss, nats, dh, dweight, dbias
