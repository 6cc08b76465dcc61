"""The compiled loop as operators of ``torch.library``: real kernels, shapes alone, and gradients.

``unrolled::layer`` runs one layer in one direction and returns y, the final states, and what its backward
needs; ``unrolled::layer_backward`` returns the gradients. Sizes that depend on lengths are padded ones, so
that shapes are known without looking at the data.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import BackendError, ShapeError
from unrolled.extension import core
from unrolled.recurrence.spec import KINDS, NONLINEARITIES, Spec, decode

ARGUMENT_OF = {"weight_hr": "weight_out", "weight_ho": "weight_out", "bias_ho": "bias_out"} | {
    f"weight_peephole_{gate}": f"peephole_{gate}" for gate in "ifo"
}
MASK_OF = {"zoneout_h": "mask_h", "zoneout_c": "mask_c", "candidate": "mask_candidate"}
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
    spec: str,
    save: bool,
    checkpoint: int,
) -> list[Tensor]:
    """Run one layer in one direction.

    Args:
        x: input (T, B, I), dense in its last axis.
        weights: named by the spec.
        states: h (B, R), and for an LSTM c (B, H).
        masks: named by the spec, (T, B, size) each.
        lengths: int64 (B), or None.
        spec: an encoded :class:`Spec`.
        save: keep what the backward pass needs.
        checkpoint: keep the state of every so many steps only; 0 keeps everything.

    Returns:
        y (T, B, R), the final states, and then what backward needs.
    """
    assert core is not None
    s = decode(spec)
    results = _allocate(x, states, s, _sizes(weights, s), save, checkpoint)
    if x.shape[1]:
        args = _arguments(x, weights, states, masks, lengths, s, checkpoint)
        _give_results(args, results, s, save, checkpoint)
        core.layer_forward(args, _arithmetic(x, s), torch.get_num_threads())
    return results


layer = torch.library.custom_op("unrolled::layer", run_layer, mutates_args=())


@layer.register_fake
def _(
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    spec: str,
    save: bool,
    checkpoint: int,
) -> list[Tensor]:
    s = decode(spec)
    return _allocate(x, states, s, _sizes(weights, s), save, checkpoint)


def run_backward(
    dy: Tensor | None,
    dstates: Sequence[Tensor],
    has_dstate: Sequence[bool],
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
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
        x: see :func:`run_layer`, as the next five.
        weights: as handed to it.
        states: as handed to it.
        masks: as handed to it.
        lengths: as handed to it.
        results: what :func:`run_layer` returned.
        spec: as handed to it.
        checkpoint: as handed to it.
        needs: of x, the weights and the states, whether their gradients are wanted.
    """
    assert core is not None
    s = decode(spec)
    gradients = _gradients(x, weights, states, needs)
    if not x.shape[1]:
        return [g.zero_() for g in gradients]
    args = _arguments(x, weights, states, masks, lengths, s, checkpoint)
    _give_results(args, results, s, True, checkpoint)
    if dy is not None:
        dy = _dense(dy)
        args.dy, args.dy_time, args.dy_row = dy.data_ptr(), dy.stride(0), dy.stride(1)
    given = iter([d.contiguous() for d in dstates])
    kept = [next(given) if has else None for has in has_dstate]
    for name, d in zip(("dh_n", "dc_n"), kept, strict=False):
        if d is not None:
            setattr(args, name, d.data_ptr())
    names = ("dx", *("d" + ARGUMENT_OF.get(n, n) for n in s.weights), "dh0", "dc0")
    for name, g in zip(names, gradients, strict=False):
        setattr(args, name, g.data_ptr())
    core.layer_backward(args, _arithmetic(x, s), torch.get_num_threads())
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
    results: Sequence[Tensor],
    spec: str,
    checkpoint: int,
    needs: Sequence[bool],
) -> list[Tensor]:
    return _gradients(x, weights, states, needs)


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
    x, weights, states, masks, lengths, ctx.spec, ctx.save, ctx.checkpoint = inputs
    ctx.set_materialize_grads(False)
    ctx.counts = len(weights), len(states), len(masks)
    ctx.save_for_backward(x, *weights, *states, *masks, *output, lengths)


def _backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    if not ctx.save:
        raise BackendError("unrolled::layer was called with save=False: nothing was kept for its gradient")
    x, *rest, lengths = ctx.saved_tensors
    parts = []
    for count in ctx.counts:
        parts.append(rest[:count])
        rest = rest[count:]
    weights, states, masks = parts
    # x, then two lists, as the inputs are.
    wanted = ctx.needs_input_grad
    needs = [bool(wanted[0]), *map(bool, wanted[1]), *map(bool, wanted[2])]
    kept = (x, weights, states, masks, lengths, rest, ctx.spec, ctx.checkpoint)
    given = _differentiate(torch.ops.unrolled.layer_backward, grads, kept, needs)
    split = 1 + len(weights)
    return given[0], given[1:split], given[split:], [None] * len(masks), None, None, None, None


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
        x: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run ``layer``; ``tensors`` are weights, states and masks, ``counts`` of the first two."""
        spec, save, checkpoint = options
        weights, states, masks = _split(tensors, counts)
        results = run_layer(x, weights, states, masks, lengths, spec, save, checkpoint)
        ctx.options, ctx.counts = options, counts
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, *tensors, *results, lengths)
        ctx.tensors = len(tensors)
        outputs = 1 + len(states)
        ctx.mark_non_differentiable(*results[outputs:])
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Run ``layer_backward``."""
        x, *rest, lengths = ctx.saved_tensors
        tensors, results = rest[: ctx.tensors], rest[ctx.tensors :]
        weights, states, masks = _split(tensors, ctx.counts)
        needs = ctx.needs_input_grad[3 : 4 + len(weights) + len(states)]
        spec, _, checkpoint = ctx.options
        # With create_graph=True the operator, which refuses to be differentiated again, takes part.
        run = torch.ops.unrolled.layer_backward if torch.is_grad_enabled() else run_backward
        kept = (x, weights, states, masks, lengths, results, spec, checkpoint)
        given = _differentiate(run, grads, kept, needs)
        return None, None, None, *given, *([None] * len(masks))


def _split(tensors: Sequence[Tensor], counts: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Return weights, states and masks."""
    weights, states = counts
    return tensors[:weights], tensors[weights : weights + states], tensors[weights + states :]


def _sizes(weights: Sequence[Tensor], s: Spec) -> tuple[int, int]:
    """Return H and R."""
    rows, fed_back = weights[s.weights.index("weight_hh")].shape
    return rows // s.gates, fed_back


def _allocate(
    x: Tensor, states: Sequence[Tensor], s: Spec, sizes: tuple[int, int], save: bool, checkpoint: int
) -> list[Tensor]:
    """Return y, the final states, and room for what backward needs; the order is that of _give_results."""
    steps, batch = x.shape[:2]
    hidden, fed_back = sizes
    results = [x.new_empty(steps, batch, fed_back), *(torch.empty_like(state) for state in states)]
    if not save:
        return results
    if checkpoint:
        segments = (steps + checkpoint - 1) // checkpoint
        return [*results, x.new_empty(segments, batch, hidden)] if s.has_c else results
    return [*results, *(x.new_empty(steps, batch, size) for _, size in _kept(s, hidden, fed_back))]


def _kept(s: Spec, hidden: int, fed_back: int) -> list[tuple[str, int]]:
    """Name what backward needs of every step, and its size."""
    kept = [("gates", s.gates * hidden)]
    if s.has_c:
        kept.append(("cells", hidden))
    if s.kind == "gru_after":
        kept.append(("extra", hidden))
    if "weight_ln_hh" in s.weights:
        kept += [("norms", s.gates * hidden + 2), ("input_norms", s.gates * hidden + 1)]
    if s.map_name:
        kept.append(("hidden", hidden))
        if s.zoneout_h or "zoneout_h" in s.masks:
            kept.append(("emitted", fed_back))
    return kept


def _gradients(
    x: Tensor, weights: Sequence[Tensor], states: Sequence[Tensor], needs: Sequence[bool]
) -> list[Tensor]:
    shapes = [x.shape, *(w.shape for w in weights), *(s.shape for s in states)]
    return [x.new_empty(shape if need else (0,)) for shape, need in zip(shapes, needs, strict=True)]


def _arithmetic(x: Tensor, s: Spec) -> int:
    if s.bfloat16:
        return 2
    return 1 if x.dtype == torch.float64 else 0


def _dense(t: Tensor) -> Tensor:
    return t if t.stride(-1) == 1 else t.contiguous()


def _arguments(
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    s: Spec,
    checkpoint: int,
) -> Any:
    """Return the kernel's arguments for all that is read."""
    assert core is not None
    for t in (*weights, *states, *masks):
        if not t.is_contiguous() or t.dtype != x.dtype or t.device.type != "cpu":
            raise BackendError(
                f"unrolled::layer needs contiguous CPU tensors of one dtype; got {t.dtype} {tuple(t.shape)} "
                f"with strides {t.stride()} on {t.device} beside {x.dtype}"
            )
    if x.stride(-1) != 1 or x.dtype not in (torch.float32, torch.float64):
        raise BackendError(
            f"unrolled::layer: x must be float32 or float64 and dense in its last axis, got {x.dtype}"
        )
    _check_shapes(x, weights, states, masks, lengths, s)
    args = core.LayerArgs()
    args.T, args.B, args.I = x.shape
    args.H, args.R = _sizes(weights, s)
    args.cell, args.nonlinearity = KINDS[s.kind], NONLINEARITIES[s.nonlinearity]
    args.output_nonlinearity = NONLINEARITIES[s.output_nonlinearity]
    args.reverse, args.checkpoint = s.reverse, checkpoint
    args.zoneout_h, args.zoneout_c = s.zoneout_h, s.zoneout_c
    if lengths is not None:
        args.lengths = lengths.data_ptr()
    args.x, args.x_time, args.x_row = x.data_ptr(), x.stride(0), x.stride(1)
    for name, w in zip(s.weights, weights, strict=True):
        setattr(args, ARGUMENT_OF.get(name, name), w.data_ptr())
    for name, state in zip(("h0", "c0"), states, strict=False):
        setattr(args, name, state.data_ptr())
    for name, mask in zip(s.masks, masks, strict=True):
        setattr(args, MASK_OF[name], mask.data_ptr())
    return args


def _check_shapes(
    x: Tensor,
    weights: Sequence[Tensor],
    states: Sequence[Tensor],
    masks: Sequence[Tensor],
    lengths: Tensor | None,
    s: Spec,
) -> None:
    """Raise ShapeError for a tensor that the kernel would read beyond its end."""
    steps, batch, features = x.shape
    hidden, fed_back = _sizes(weights, s)
    rows = s.gates * hidden
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (rows, features),
        "weight_hh": (rows, fed_back),
        "weight_hr": (fed_back, hidden),
        "weight_ho": (fed_back, hidden),
        "bias_ho": (fed_back,),
    }
    shapes |= dict.fromkeys(("bias_ih", "bias_hh", "weight_ln_ih", "weight_ln_hh"), (rows,))
    named = [(n, w, shapes.get(n, (hidden,))) for n, w in zip(s.weights, weights, strict=True)]
    names = ("h", "c") if s.has_c else ("h",)
    if len(states) != len(names):
        raise ShapeError(f"unrolled::layer: the state is {' and '.join(names)}, got {len(states)} tensors")
    named += [(n, t, (batch, z)) for n, t, z in zip(names, states, (fed_back, hidden), strict=False)]
    for name, mask in zip(s.masks, masks, strict=True):
        named.append((name, mask, (steps, batch, fed_back if name == "zoneout_h" else hidden)))
    for name, tensor, shape in named:
        if tensor.shape != shape:
            raise ShapeError(f"unrolled::layer: {name} must be {shape}, got {tuple(tensor.shape)}")
    if lengths is not None and (lengths.shape != (batch,) or lengths.dtype != torch.int64):
        raise ShapeError(
            f"unrolled::layer: lengths must be int64 ({batch},), got {lengths.dtype} {tuple(lengths.shape)}"
        )


def _give_results(args: Any, results: Sequence[Tensor], s: Spec, save: bool, checkpoint: int) -> None:
    y = results[0]
    args.y, args.y_time, args.y_row = y.data_ptr(), y.stride(0), y.stride(1)
    args.h_n = results[1].data_ptr()
    if s.has_c:
        args.c_n = results[2].data_ptr()
    if not save:
        return
    kept = results[3 if s.has_c else 2 :]
    names = ["cells"] if checkpoint else [name for name, _ in _kept(s, args.H, args.R)]
    for name, tensor in zip(names, kept, strict=False):
        setattr(args, name, tensor.data_ptr())
