"""Arguments of the kernels: room for results, checks of shapes, and memory."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.backends.spec import Spec
from unrolled.errors import BackendError, ShapeError
from unrolled.extension import buffer, core, own_buffer

NONLINEARITIES = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3}
"""Numbers of ``Nonlinearity`` in ``csrc/args.h``."""
ABSENT = (0, 0)
"""Memory that is not there."""

MOST_FITTING = 4096
"""Shapes that a spec remembers."""


class Operands(NamedTuple):
    """What a pass reads."""

    x: Tensor
    """Input (T, B, I), dense in its last axis; with tokens (V, G·H), W x + b of each kind of input."""
    weights: Sequence[Tensor]
    """Named by the spec."""
    states: Sequence[Tensor]
    """In the order of the cell: (B, R), and (B, H) for each but the first."""
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
        looked_up = self.tokens is not None
        rows = self.x.shape[-1] if looked_up else len(self.weights[s.weights.index("weight_ih")])
        hidden = rows // s.step.gates
        if not s.has_map:
            return hidden, hidden
        return hidden, len(self.weights[s.weights.index(s.kernel.output_weight)])


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
        return [*results, *(o.x.new_empty(segments, batch, hidden) for _ in o.states[1:])]
    return [*results, *(o.x.new_empty(steps, batch, size) for _, size in _kept(s, hidden, fed_back))]


def _kept(s: Spec, hidden: int, fed_back: int) -> list[tuple[str, int]]:
    """Name what backward needs of every step, and its size; ``states`` once for each state but the first."""
    step = s.step
    y_is_gate = step.gate_is_hidden and not (s.has_map or s.zoneout or "candidate" in s.masks)
    kept = [] if y_is_gate else [("gates", step.gates * hidden)]
    kept += [("states", hidden)] * (len(step.states) - 1)
    if step.keeps_extra:
        kept.append(("extra", hidden))
    if "weight_ln_hh" in s.weights:
        kept.append(("norms", step.gates * hidden + 2))
    if "weight_ln_ih" in s.weights:
        kept.append(("input_norms", step.gates * hidden + 1))
    if s.has_map:
        kept.append(("hidden", hidden))
        if s.zoneout:
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
    args.cell, args.nonlinearity = s.step.number, NONLINEARITIES[s.kernel.nonlinearity]
    args.output_nonlinearity = NONLINEARITIES[s.kernel.output_nonlinearity]
    args.reverse, args.checkpoint = s.reverse, checkpoint
    if any(s.rates):
        args.zoneout = s.rates
    if lengths is not None:
        args.lengths = buffer(lengths)
    args.x = buffer(x)
    if tokens is None:
        args.x_time, args.x_row = x.stride()[:2]
    memory = [buffer(w) for w in weights]
    for place, name in s.fields:
        setattr(args, name, memory[place])
    if s.vectors:
        args.vectors = [ABSENT if place < 0 else memory[place] for place in s.vectors]
    args.initial = [buffer(state) for state in states]
    if masks:
        given = dict(zip(s.masks, map(buffer, masks), strict=True))
        args.masks = [given.get(f"zoneout_{state}", ABSENT) for state in s.step.states]
        args.mask_candidate = given.get("candidate", ABSENT)
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
    rows = s.step.gates * hidden
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (rows, features),
        "weight_hh": (rows, fed_back),
        s.kernel.output_weight: (fed_back, hidden),
        s.kernel.output_bias: (fed_back,),
    }
    shapes |= dict.fromkeys(("bias_ih", "bias_hh", "weight_ln_ih", "weight_ln_hh"), (rows,))
    named = [(n, w, shapes.get(n, (hidden,))) for n, w in zip(s.weights, weights, strict=True)]
    if tokens is not None:
        named.append(("W x + b", x, (len(x), rows)))
    names = s.step.states
    if len(states) != len(names):
        raise ShapeError(f"unrolled::layer: the state is {' and '.join(names)}, got {len(states)} tensors")
    sizes = (fed_back, *(hidden,) * (len(names) - 1))
    named += [(n, t, (batch, size)) for n, t, size in zip(names, states, sizes, strict=True)]
    if masks:
        sizes_of_masks = {f"zoneout_{n}": size for n, size in zip(names, sizes, strict=True)}
        sizes_of_masks["candidate"] = hidden
        named += [(n, m, (steps, batch, sizes_of_masks[n])) for n, m in zip(s.masks, masks, strict=True)]
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
    args.final = [own_buffer(final) for final in results[1 : 1 + len(s.step.states)]]


def give_gradients(args: Any, gradients: Sequence[Tensor], s: Spec) -> None:
    """Tell the kernel where to write the gradients of x, the weights and the states."""
    args.dx, *memory = [own_buffer(g) for g in gradients]
    for place, name in s.fields:
        setattr(args, "d" + name, memory[place])
    if s.vectors:
        args.dvectors = [ABSENT if place < 0 else memory[place] for place in s.vectors]
    args.dinitial = memory[len(s.weights) :]


def give_kept(args: Any, kept: Sequence[Tensor], s: Spec, checkpoint: int) -> None:
    """Tell the kernel where to write what backward needs, or where to read it: y, and then the rest."""
    y, *rest = kept
    check_dense(kept, y)
    args.y, args.y_time, args.y_row = own_buffer(y), y.stride(0), y.stride(1)
    others = len(s.step.states) - 1
    names = ["states"] * others if checkpoint else [n for n, _ in _kept(s, args.H, args.R)]
    states = []
    for name, tensor in zip(names, rest, strict=True):
        if name == "states":
            states.append(own_buffer(tensor))
        else:
            setattr(args, name, own_buffer(tensor))
    if states:
        args.states = [ABSENT, *states]
