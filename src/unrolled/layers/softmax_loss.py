"""A linear layer, softmax and cross-entropy as one operation that never holds all the logits.

The weight of every row in the loss is known beforehand. So the forward pass can take a few rows at a time and
compute, with their loss, their gradients at once; the backward pass multiplies by what comes from above. The
usual form holds three arrays of N × V numbers: logits, their log-softmax, and the gradient of the logits.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.backends import transforms
from unrolled.backends.batched_grads import level as vmap_level
from unrolled.backends.operators import wanted
from unrolled.errors import BackendError, ConfigError, ShapeError
from unrolled.extension import core
from unrolled.layers.softmax_chunks import kernel_torch
from unrolled.layers.softmax_compiled import kernel_compiled
from unrolled.layers.softmax_parts import loss_from_parts

Kernel = Callable[
    [Tensor, Tensor, Tensor | None, Tensor, Tensor | None, int, float, str, bool],
    tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
]
"""(h, weight, bias, targets, row_weights, ignore, label_smoothing, precision, need_grads) to
(loss, nats, dh, dweight, dbias). What it is given is contiguous, and every target is in the vocabulary: rows
to ignore are left out before. Gradients are empty where they are not needed, and so is that of a missing
bias. Nothing returned may share memory."""


def linear_cross_entropy(
    h: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    row_weights: Tensor | None = None,
    *,
    ignore: int = -100,
    label_smoothing: float = 0.0,
    precision: str = "full",
) -> tuple[Tensor, Tensor]:
    """Return Σ_n w_n · l_n with p = softmax(V h + c), and −ln p of each target.

    l_n = (1 − ε) · (−ln p_target) + ε · mean_v (−ln p_v); ε > 0 is label smoothing (Szegedy et al. 2016).
    Gradients go to h, weight and bias. Their own derivatives, and transforms of torch.func, are computed from
    torch's parts, which hold all logits and multiply in full precision.

    Args:
        h: (N, F), float32 or float64.
        weight: V, (vocabulary, F).
        bias: c, (vocabulary,), or None.
        targets: (N,), int64.
        row_weights: w, (N,), without gradient; None is 1 for each.
        ignore: the target whose rows take no part: their nats and their gradients are zero.
        label_smoothing: ε, in [0, 1].
        precision: "full" multiplies in the tensors' own type; "bfloat16" rounds the factors of every
            product to bfloat16 and sums in float32.

    Returns:
        The loss in nats, a number, and nats (N,), which are not differentiable and not smoothed.

    Raises:
        ShapeError: if shapes or types do not fit, or a target is not in the vocabulary.
        ConfigError: for an impossible label_smoothing or precision.
        BackendError: if row_weights needs a gradient, or the device cannot multiply in that precision.
    """
    _check(h, weight, bias, targets, row_weights)
    if not 0 <= label_smoothing <= 1:
        raise ConfigError(f"label_smoothing={label_smoothing}: must lie in [0, 1]")
    if precision not in ("full", "bfloat16"):
        raise ConfigError(f"precision={precision!r} is not one of full, bfloat16")
    if transforms.active() or transforms.running().forward_mode:
        if not torch.compiler.is_compiling():
            _check_targets(transforms.values_of(targets), ignore, len(weight))
        return loss_from_parts(h, weight, bias, targets, row_weights, ignore, label_smoothing)
    differentiable = h.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    need_grads = differentiable and torch.is_grad_enabled()
    loss, nats, *_ = torch.ops.unrolled.linear_cross_entropy(
        h, weight, bias, targets, row_weights, ignore, label_smoothing, precision, need_grads
    )
    return loss, nats


def softmax_kernel(device: torch.device) -> Kernel:
    """Return what computes the operation on a device: the compiled core on a CPU, else torch."""
    return kernel_compiled if device.type == "cpu" and core is not None else kernel_torch


@torch.library.custom_op(
    "unrolled::linear_cross_entropy",
    mutates_args=(),
    schema="(Tensor h, Tensor weight, Tensor? bias, Tensor targets, Tensor? row_weights, SymInt ignore, "
    "float label_smoothing, str precision, bool need_grads) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
def _operation(
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
    transforms.refuse_forward_mode("unrolled::linear_cross_entropy")
    _check_targets(targets, ignore, len(weight))
    kept = (targets != ignore).nonzero().squeeze(1)
    whole = len(kept) == len(targets)
    rows, marks, w = h, targets, row_weights
    if not whole:
        rows, marks, w = h[kept], targets[kept], None if w is None else w[kept]
    kernel = softmax_kernel(h.device)
    # Autocast would round the products inside a kernel; precision alone says what is rounded.
    with torch.autocast(h.device.type, enabled=False):
        loss, nats, dh, dweight, dbias = kernel(
            rows.contiguous(),
            weight.contiguous(),
            None if bias is None else bias.contiguous(),
            marks.contiguous(),
            None if w is None else w.contiguous(),
            ignore,
            label_smoothing,
            precision,
            need_grads,
        )
    if not whole:  # what stands in a row to ignore is not looked at, and costs nothing
        nats = h.new_zeros(len(h)).index_copy_(0, kept, nats)
        dh = h.new_zeros(h.shape).index_copy_(0, kept, dh) if need_grads else dh
    return loss, nats, dh, dweight, dbias


@_operation.register_fake
def _shapes(
    h: Tensor, weight: Tensor, bias: Tensor | None, *options: Any
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    need_grads = options[-1]

    def gradient(t: Tensor | None) -> Tensor:
        return h.new_empty(t.shape if need_grads and t is not None else 0)

    return h.new_empty(()), h.new_empty(len(h)), gradient(h), gradient(weight), gradient(bias)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    h, weight, bias, targets, row_weights, ctx.ignore, ctx.label_smoothing, *_ = inputs
    ctx.set_materialize_grads(False)  # no zeros, as large as weight, for what nothing depends on
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(h, weight, bias, targets, row_weights, *output[2:])


def _backward(ctx: Any, upstream: Tensor | None, *_: None) -> tuple[Tensor | None, ...]:
    if upstream is None:
        return (None,) * 9
    inputs, gradients = ctx.saved_tensors[:5], ctx.saved_tensors[5:]
    if torch.is_grad_enabled():
        gradients = _differentiable(upstream, inputs, ctx.ignore, ctx.label_smoothing)
    elif not _is_one(upstream) or torch._C._autograd._get_current_graph_task_keep_graph():
        gradients = [gradient * upstream for gradient in gradients]
    return *wanted(gradients, ctx.needs_input_grad[:3]), *[None] * 6


def _is_one(upstream: Tensor) -> bool:
    """Whether 1 comes from above, as in training, where the loss itself is differentiated.

    A traced tensor, which is a subclass, has no value to look at, nor has one of many samples; one on a GPU
    has none without waiting for it.
    """
    if vmap_level() or transforms.active() or transforms.running().forward_mode:
        return False
    return type(upstream) is Tensor and upstream.is_cpu and upstream.item() == 1.0


def _differentiable(
    upstream: Tensor, inputs: Sequence[Any], ignore: int, label_smoothing: float
) -> Sequence[Tensor | None]:
    """Return the gradients of h, weight and bias (create_graph=True) so that they can be differentiated."""
    *parameters, targets, row_weights = inputs

    def loss(*parameters: Tensor) -> Tensor:
        h, weight, *bias = parameters
        given = bias[0] if bias else None
        return loss_from_parts(h, weight, given, targets, row_weights, ignore, label_smoothing)[0]

    pull: Any = torch.func.vjp(loss, *(p for p in parameters if p is not None))[1]
    gradients: tuple[Tensor, ...] = pull(upstream)
    return gradients if len(gradients) == 3 else (*gradients, None)


_operation.register_autograd(_backward, setup_context=_save)


def _check(
    h: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, row_weights: Tensor | None
) -> None:
    """Refuse shapes and types that do not fit."""
    if h.dim() != 2 or weight.dim() != 2 or h.shape[1] != weight.shape[1]:
        raise ShapeError(f"needs h (N, F) and weight (V, F), got {tuple(h.shape)} and {tuple(weight.shape)}")
    if h.dtype not in (torch.float32, torch.float64):
        raise ShapeError(f"needs float32 or float64, got h in {h.dtype}")
    if targets.shape != h.shape[:1] or targets.dtype != torch.int64:
        raise ShapeError(
            f"targets must be int64 ({h.shape[0]},), one a row of h, got {targets.dtype} "
            f"{tuple(targets.shape)}"
        )
    vocabulary, features = weight.shape
    expected = (
        ("weight", weight, (vocabulary, features)),
        ("bias", bias, (vocabulary,)),
        ("row_weights", row_weights, (h.shape[0],)),
    )
    for name, t, shape in expected:
        if t is not None and (tuple(t.shape) != shape or t.dtype != h.dtype):
            raise ShapeError(f"{name} must be {h.dtype} {shape} beside h, got {t.dtype} {tuple(t.shape)}")
    if row_weights is not None and row_weights.requires_grad:
        raise BackendError(
            "row_weights get no gradient: detach them, or use F.cross_entropy with reduction='none'"
        )


def _check_targets(targets: Tensor, ignore: int, vocabulary: int) -> None:
    """Refuse targets outside the vocabulary; on a GPU, where looking means waiting, torch's checks stand."""
    if targets.device.type != "cpu":
        return
    wrong = ((targets < 0) | (targets >= vocabulary)) & (targets != ignore)
    if bool(wrong.any()):
        raise ShapeError(
            f"target {int(targets[wrong][0])} is not in a vocabulary of {vocabulary}, nor is it "
            f"ignore={ignore}"
        )
