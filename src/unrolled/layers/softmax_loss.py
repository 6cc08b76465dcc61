"""A linear layer, softmax and cross-entropy as one operation that never stores all logits.

The weight of every row in the loss is known beforehand. So the forward pass can process a few rows at a time
and compute their gradients together with their losses. The backward pass only multiplies them by the upstream
gradient. The usual implementation stores three N × V arrays: logits, log-softmax, and gradient of the logits.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.backends import transforms
from unrolled.backends.batched_grads import vmap_level
from unrolled.backends.operators import drop_unneeded
from unrolled.errors import BackendError, ConfigError, ShapeError
from unrolled.extension import core
from unrolled.layers.softmax_chunks import kernel_torch
from unrolled.layers.softmax_compiled import kernel_compiled
from unrolled.layers.softmax_parts import linear_cross_entropy_reference

Kernel = Callable[
    [Tensor, Tensor, Tensor | None, Tensor, Tensor | None, int, float, str, bool],
    tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
]
"""Maps (h, weight, bias, targets, row_weights, ignore, label_smoothing, precision, need_grads) to
(loss, nats, dh, dweight, dbias). The inputs are contiguous, and every target is in the vocabulary, because
the caller removes ignored rows. Gradients are empty if not needed, as is dbias if there is no bias. The
results must not share memory."""


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
    The operation has gradients for h, weight and bias. Second derivatives and transforms of torch.func use
    torch's own operations, which store all logits and multiply in full precision.

    Args:
        h: hidden states, (N, F), float32 or float64.
        weight: V, (vocabulary, F).
        bias: c, (vocabulary,), or None.
        targets: token ids, (N,), int64.
        row_weights: w, (N,), without gradient; None means 1 for each row.
        ignore: target value of rows to leave out: their nats and gradients are zero.
        label_smoothing: ε, in [0, 1].
        precision: "full" multiplies in the dtype of the tensors; "bfloat16" rounds the factors of every
            product to bfloat16 and sums in float32.

    Returns:
        The loss in nats, a scalar, and −ln p of each target in nats, (N,), not differentiable or smoothed.

    Raises:
        ShapeError: if shapes or dtypes do not fit, or a target is not in the vocabulary.
        ConfigError: if label_smoothing or precision is not valid.
        BackendError: if row_weights needs a gradient, or the device cannot multiply in this precision.
    """
    _check(h, weight, bias, targets, row_weights)
    if not 0 <= label_smoothing <= 1:
        raise ConfigError(f"label_smoothing={label_smoothing}: must lie in [0, 1]")
    if precision not in ("full", "bfloat16"):
        raise ConfigError(f"precision={precision!r} is not one of full, bfloat16")
    if transforms.any_active() or transforms.running().forward_mode:
        if not torch.compiler.is_compiling():
            _check_targets(transforms.unwrap(targets), ignore, len(weight))
        return linear_cross_entropy_reference(h, weight, bias, targets, row_weights, ignore, label_smoothing)
    differentiable = h.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    need_grads = differentiable and torch.is_grad_enabled()
    loss, nats, *_ = torch.ops.unrolled.linear_cross_entropy(
        h, weight, bias, targets, row_weights, ignore, label_smoothing, precision, need_grads
    )
    return loss, nats


def softmax_kernel(device: torch.device) -> Kernel:
    """Return the kernel for a device: the compiled extension on a CPU, torch operations elsewhere."""
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
    used = (targets != ignore).nonzero().squeeze(1)
    all_used = len(used) == len(targets)
    rows, row_targets, w = h, targets, row_weights
    if not all_used:
        rows, row_targets, w = h[used], targets[used], None if w is None else w[used]
    kernel = softmax_kernel(h.device)
    # Autocast would round the products inside a kernel, but only precision may decide on rounding.
    with torch.autocast(h.device.type, enabled=False):
        loss, nats, dh, dweight, dbias = kernel(
            rows.contiguous(),
            weight.contiguous(),
            None if bias is None else bias.contiguous(),
            row_targets.contiguous(),
            None if w is None else w.contiguous(),
            ignore,
            label_smoothing,
            precision,
            need_grads,
        )
    if not all_used:  # the kernel did not get the ignored rows: insert zeros for them
        nats = h.new_zeros(len(h)).index_copy_(0, used, nats)
        dh = h.new_zeros(h.shape).index_copy_(0, used, dh) if need_grads else dh
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
    ctx.set_materialize_grads(False)  # avoids zeros as large as weight for outputs without a gradient
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(h, weight, bias, targets, row_weights, *output[2:])


def _backward(ctx: Any, upstream: Tensor | None, *_: None) -> tuple[Tensor | None, ...]:
    if upstream is None:
        return (None,) * 9
    inputs, gradients = ctx.saved_tensors[:5], ctx.saved_tensors[5:]
    if torch.is_grad_enabled():
        gradients = _differentiable_gradients(upstream, inputs, ctx.ignore, ctx.label_smoothing)
    elif not _is_one(upstream) or torch._C._autograd._get_current_graph_task_keep_graph():
        gradients = [gradient * upstream for gradient in gradients]
    return *drop_unneeded(gradients, ctx.needs_input_grad[:3]), *[None] * 6


def _is_one(upstream: Tensor) -> bool:
    """Return whether the upstream gradient is 1, as in training, which differentiates the loss itself.

    The value cannot be read if the tensor is traced (a subclass) or batched by vmap. It is not read from a
    GPU either, because that would wait for the device.
    """
    if vmap_level() or transforms.any_active() or transforms.running().forward_mode:
        return False
    return type(upstream) is Tensor and upstream.is_cpu and upstream.item() == 1.0


def _differentiable_gradients(
    upstream: Tensor, inputs: Sequence[Any], ignore: int, label_smoothing: float
) -> Sequence[Tensor | None]:
    """Return differentiable gradients of h, weight and bias, for create_graph=True."""
    *parameters, targets, row_weights = inputs

    def loss(*parameters: Tensor) -> Tensor:
        h, weight, *biases = parameters
        bias = biases[0] if biases else None
        return linear_cross_entropy_reference(h, weight, bias, targets, row_weights, ignore, label_smoothing)[
            0
        ]

    pullback: Any = torch.func.vjp(loss, *(p for p in parameters if p is not None))[1]
    gradients: tuple[Tensor, ...] = pullback(upstream)
    return gradients if len(gradients) == 3 else (*gradients, None)


_operation.register_autograd(_backward, setup_context=_save)


def _check(
    h: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, row_weights: Tensor | None
) -> None:
    """Raise an error if shapes or dtypes do not fit, or if row_weights requires a gradient."""
    if h.dim() != 2 or weight.dim() != 2 or h.shape[1] != weight.shape[1]:
        raise ShapeError(f"needs h (N, F) and weight (V, F), got {tuple(h.shape)} and {tuple(weight.shape)}")
    if h.dtype not in (torch.float32, torch.float64):
        raise ShapeError(f"needs float32 or float64, got h in {h.dtype}")
    if targets.shape != h.shape[:1] or targets.dtype != torch.int64:
        raise ShapeError(
            f"targets must be int64 ({h.shape[0]},), one for each row of h, got {targets.dtype} "
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
            raise ShapeError(f"{name} must be {h.dtype} {shape} to fit h, got {t.dtype} {tuple(t.shape)}")
    if row_weights is not None and row_weights.requires_grad:
        raise BackendError(
            "row_weights get no gradient: detach them, or use F.cross_entropy with reduction='none'"
        )


def _check_targets(targets: Tensor, ignore: int, vocabulary: int) -> None:
    """Raise ShapeError for targets outside the vocabulary; on a GPU, leave this to torch to avoid a wait."""
    if targets.device.type != "cpu":
        return
    invalid = ((targets < 0) | (targets >= vocabulary)) & (targets != ignore)
    if bool(invalid.any()):
        raise ShapeError(
            f"target {int(targets[invalid][0])} is not in a vocabulary of {vocabulary}, nor is it "
            f"ignore={ignore}"
        )
