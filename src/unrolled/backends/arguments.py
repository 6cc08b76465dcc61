"""Arguments of the kernels: room for results, checks of shapes, and memory."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.backends.spec import KINDS, NONLINEARITIES, Spec
from unrolled.errors import BackendError, ShapeError
from unrolled.extension import buffer, core, own_buffer

ARGUMENT_OF = {"weight_hr": "weight_out", "weight_ho": "weight_out", "bias_ho": "bias_out"} | {
    f"weight_peephole_{gate}": f"peephole_{gate}" for gate in "ifo"
}
MASK_OF = {"zoneout_h": "mask_h", "zoneout_c": "mask_c", "candidate": "mask_candidate"}

MOST_FITTING = 4096
"""Shapes that a spec remembers."""


class Operands(NamedTuple):
    """What a pass reads."""

    x: Tensor
    """Input (T, B, I), dense in its last axis; with tokens (V, G·H), W x + b of each kind of input."""
    weights: Sequence[Tensor]
    """Named by the spec."""
    states: Sequence[Tensor]
    """h (B, R), and for an LSTM c (B, H)."""
    masks: Sequence[Tensor]
    """Named by the spec, (T, B, size) each."""
    lengths: Tensor | None
    """int64 (B)."""
    tokens: Tensor | None
    """int64 (T, B): the row of x that each step reads."""

    @property
    def outline(self) -> Tensor:
        """A tensor whose first two axes are T and B."""
        return self.x if self.tokens is None else self.tokens

    def sizes(self, s: Spec) -> tuple[int, int]:
        """Return H and R, the size of what is fed back."""
        rows, fed_back = self.weights[s.weights.index("weight_hh")].shape
        return rows // s.gates, fed_back


def aligned(o: Operands) -> Operands:
    """Return operands whose numbers lie at multiples of their size, which torch does not ask for."""
    size = o.x.element_size()
    addresses = map(Tensor.data_ptr, (o.x, *o.weights, *o.states, *o.masks))
    if not any([address % size for address in addresses]):  # noqa: C419 - faster than a generator
        return o
    return _each(o, lambda t: t.clone() if t.data_ptr() % size else t)


def dense(o: Operands) -> Operands:
    """Return contiguous operands: what was kept for backward may come back in another layout."""
    x = o.x if o.x.stride(-1) == 1 else o.x.contiguous()
    if x is o.x and all(map(Tensor.is_contiguous, (*o.weights, *o.states, *o.masks))):
        return o
    return _each(o, Tensor.contiguous)._replace(x=x)


def _each(o: Operands, change: Callable[[Tensor], Tensor]) -> Operands:
    weights, states, masks = ([change(t) for t in group] for group in (o.weights, o.states, o.masks))
    return Operands(change(o.x), weights, states, masks, o.lengths, o.tokens)


def allocate(o: Operands, s: Spec, save: bool, checkpoint: int) -> list[Tensor]:
    """Return y, the final states, and room for what backward needs; then comes what give_kept takes."""
    steps, batch = o.outline.shape[:2]
    hidden, fed_back = o.sizes(s)
    results = [o.x.new_empty(steps, batch, fed_back), *(torch.empty_like(state) for state in o.states)]
    if not save:
        return results
    if checkpoint:
        segments = (steps + checkpoint - 1) // checkpoint
        return [*results, o.x.new_empty(segments, batch, hidden)] if s.has_c else results
    return [*results, *(o.x.new_empty(steps, batch, size) for _, size in _kept(s, hidden, fed_back))]


def _kept(s: Spec, hidden: int, fed_back: int) -> list[tuple[str, int]]:
    """Name what backward needs of every step, and its size."""
    zoneout = bool(s.zoneout_h) or "zoneout_h" in s.masks
    y_is_gate = s.kind == "elman" and not (s.map_name or zoneout or "candidate" in s.masks)
    kept = [] if y_is_gate else [("gates", s.gates * hidden)]
    if s.has_c:
        kept.append(("cells", hidden))
    if s.kind == "gru_after":
        kept.append(("extra", hidden))
    if "weight_ln_hh" in s.weights:
        kept.append(("norms", s.gates * hidden + 2))
    if "weight_ln_ih" in s.weights:
        kept.append(("input_norms", s.gates * hidden + 1))
    if s.map_name:
        kept.append(("hidden", hidden))
        if zoneout:
            kept.append(("emitted", fed_back))
    return kept


def allocate_gradients(o: Operands, needs: Sequence[bool]) -> list[Tensor]:
    """Return room for the gradients of x, the weights and the states, empty where not needed."""
    shapes = [o.x.shape, *(w.shape for w in o.weights), *(state.shape for state in o.states)]
    # Numbers one by one: torch takes longer to read a torch.Size.
    return [o.x.new_empty(*(shape if need else (0,))) for shape, need in zip(shapes, needs, strict=True)]


def arithmetic(x: Tensor, s: Spec) -> int:
    """Return the number of float32, float64 or bfloat16 in ``csrc/args.h``."""
    if s.bfloat16:
        return 2
    return 1 if x.dtype == torch.float64 else 0


def arguments(o: Operands, s: Spec, checkpoint: int) -> Any:
    """Return the kernel's arguments for all that is read.

    Raises:
        BackendError: for a dtype, device or layout that the kernels do not take.
        ShapeError: for a tensor that they would read beyond its end.
    """
    x, weights, states, masks, lengths, tokens = o
    assert core is not None
    check_dense((*weights, *states, *masks), x)
    dense = x.shape[-1] < 2 or x.stride(-1) == 1
    if not dense or not x.is_cpu or x.dtype not in (torch.float32, torch.float64):
        raise BackendError(
            "unrolled::layer: x must be float32 or float64, on the CPU and dense in its last axis; got "
            f"{x.dtype} on {x.device} with strides {x.stride()}"
        )
    _check_fit(o, s)
    args = core.LayerArgs()
    if tokens is None:
        args.T, args.B, args.I = x.shape
    else:
        _check_tokens(tokens, x)
        args.T, args.B, (args.V, args.I) = *tokens.shape, x.shape
        args.tokens = buffer(tokens)
    args.H, args.R = o.sizes(s)
    args.cell, args.nonlinearity = KINDS[s.kind], NONLINEARITIES[s.nonlinearity]
    args.output_nonlinearity = NONLINEARITIES[s.output_nonlinearity]
    args.reverse, args.checkpoint = s.reverse, checkpoint
    args.zoneout_h, args.zoneout_c = s.zoneout_h, s.zoneout_c
    if lengths is not None:
        args.lengths = buffer(lengths)
    args.x = buffer(x)
    if tokens is None:
        args.x_time, args.x_row = x.stride()[:2]
    for name, w in zip(s.weights, weights, strict=True):
        setattr(args, ARGUMENT_OF.get(name, name), buffer(w))
    for name, state in zip(("h0", "c0"), states, strict=False):
        setattr(args, name, buffer(state))
    for name, mask in zip(s.masks, masks, strict=True):
        setattr(args, MASK_OF[name], buffer(mask))
    return args


def check_dense(tensors: Iterable[Tensor], like: Tensor) -> None:
    """Raise BackendError unless all are contiguous, on the CPU, and of the dtype of ``like``."""
    dtype = like.dtype
    for t in tensors:
        if not t.is_contiguous() or not t.is_cpu or t.dtype != dtype or t.is_neg():
            raise BackendError(
                f"unrolled::layer needs contiguous CPU tensors of one dtype; got {t.dtype} {tuple(t.shape)} "
                f"with strides {t.stride()} on {t.device} beside {dtype}"
            )


def check_gradients(tensors: Iterable[Tensor | None], like: Tensor) -> None:
    """Raise BackendError unless those that are there are on the CPU and of the dtype of ``like``."""
    for t in tensors:
        if t is not None and (not t.is_cpu or t.dtype != like.dtype):
            raise BackendError(
                f"unrolled::layer_backward needs CPU gradients of {like.dtype}, got {t.dtype} on {t.device}"
            )


def _check_fit(o: Operands, s: Spec) -> None:
    """Raise ShapeError for shapes that do not go together; those that do are remembered."""
    x, weights, states, masks, lengths, tokens = o
    shapes = tuple([t.shape for t in (o.outline, x, *weights, *states, *masks)])
    key = len(weights), len(states), tokens is None, shapes
    if key not in s.fitting:
        _check_shapes(o, s)
        if len(s.fitting) >= MOST_FITTING:
            s.fitting.clear()
        s.fitting.add(key)
    if lengths is not None:
        _check_lengths(lengths, o.outline.shape[1])


def _check_shapes(o: Operands, s: Spec) -> None:
    x, weights, states, masks, _, tokens = o
    steps, batch = o.outline.shape[:2]
    features = x.shape[-1]
    hidden, fed_back = o.sizes(s)
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
    if tokens is not None:
        named.append(("W x + b", x, (len(x), rows)))
    names = ("h", "c") if s.has_c else ("h",)
    if len(states) != len(names):
        raise ShapeError(f"unrolled::layer: the state is {' and '.join(names)}, got {len(states)} tensors")
    named += [(n, t, (batch, z)) for n, t, z in zip(names, states, (fed_back, hidden), strict=False)]
    for name, mask in zip(s.masks, masks, strict=True):
        named.append((name, mask, (steps, batch, fed_back if name == "zoneout_h" else hidden)))
    for name, tensor, shape in named:
        if tensor.shape != shape:
            raise ShapeError(f"unrolled::layer: {name} must be {shape}, got {tuple(tensor.shape)}")


def _check_lengths(lengths: Tensor, batch: int) -> None:
    dense = lengths.is_cpu and lengths.is_contiguous()
    if lengths.shape != (batch,) or lengths.dtype != torch.int64 or not dense:
        raise ShapeError(
            f"unrolled::layer: lengths must be int64 ({batch},), contiguous and on the CPU; got "
            f"{lengths.dtype} {tuple(lengths.shape)} with strides {lengths.stride()} on {lengths.device}"
        )


def _check_tokens(tokens: Tensor, table: Tensor) -> None:
    """Raise ShapeError for rows that the table does not have."""
    if (
        not tokens.is_cpu
        or tokens.dtype != torch.int64
        or not tokens.is_contiguous()
        or not table.is_contiguous()
    ):
        raise ShapeError(
            "unrolled::layer: tokens must be int64 and contiguous on the CPU, and so W x + b; got "
            f"{tokens.dtype} on {tokens.device} with strides {tokens.stride()} beside {table.stride()}"
        )
    if tokens.numel():
        first, last = tokens.aminmax()
        if int(first) < 0 or int(last) >= len(table):
            raise ShapeError(
                f"tokens must lie in 0..{len(table) - 1}, got {int(first)}..{int(last)}: they number the "
                "rows of a table"
            )


def give_outputs(args: Any, results: Sequence[Tensor], s: Spec) -> None:
    """Tell the kernel where to write y and the final states."""
    y = results[0]
    args.y, args.y_time, args.y_row = own_buffer(y), y.stride(0), y.stride(1)
    args.h_n = own_buffer(results[1])
    if s.has_c:
        args.c_n = own_buffer(results[2])


def give_kept(args: Any, kept: Sequence[Tensor], s: Spec, checkpoint: int) -> None:
    """Tell the kernel where to write what backward needs, or where to read it: y, and then the rest."""
    y, *rest = kept
    check_dense(kept, y)
    args.y, args.y_time, args.y_row = own_buffer(y), y.stride(0), y.stride(1)
    names = [n for n, _ in _kept(s, args.H, args.R)] if not checkpoint else ["cells"] if s.has_c else []
    for name, tensor in zip(names, rest, strict=True):
        setattr(args, name, own_buffer(tensor))
