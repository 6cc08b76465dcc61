"""Arguments of the compiled kernels: allocation of results, shape checks, and memory buffers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.backends.spec import Spec
from unrolled.errors import BackendError, ShapeError
from unrolled.extension import buffer, contiguous_buffer, core
from unrolled.wording import counted

NONLINEARITIES = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3}
"""Values of ``Nonlinearity`` in ``csrc/args.h``."""
ABSENT = (0, 0)
"""Buffer of a missing tensor."""

MAX_CHECKED_SHAPES = 4096
"""Maximum number of valid shape combinations that a spec caches."""


class Operands(NamedTuple):
    """Input tensors of a pass."""

    x: Tensor
    """Input (T, B, I), contiguous in its last axis; with tokens the table's W x + b, (V, G·H)."""
    weights: Sequence[Tensor]
    """Weights, in the order of the names in the spec."""
    states: Sequence[Tensor]
    """Initial states in the order of the cell: (B, R) for the first, (B, H) for the others."""
    masks: Sequence[Tensor]
    """Masks (T, B, size), in the order of the names in the spec."""
    lengths: Tensor | None
    """Row lengths, int64 (B)."""
    tokens: Tensor | None
    """Row of x that each step reads, int64 (T, B)."""

    @property
    def sequence(self) -> Tensor:
        """The tensor whose first two axes are T and B: x or tokens."""
        return self.x if self.tokens is None else self.tokens

    def sizes(self, s: Spec) -> tuple[int, int]:
        """Return H and R, the size of the output that is fed back."""
        looked_up = self.tokens is not None
        gate_rows = self.x.shape[-1] if looked_up else len(self.weights[s.weights.index("weight_ih")])
        hidden = gate_rows // s.step.gates
        if not s.has_map:
            return hidden, hidden
        return hidden, len(self.weights[s.weights.index(s.kernel.output_weight)])


def align(o: Operands) -> Operands:
    """Return operands whose memory is aligned to the element size, which torch does not guarantee."""
    size = o.x.element_size()
    addresses = map(Tensor.data_ptr, (o.x, *o.weights, *o.states, *o.masks))
    if not any([address % size for address in addresses]):  # noqa: C419 - faster than a generator
        return o
    return _map_tensors(o, lambda t: t.clone() if t.data_ptr() % size else t)


def make_contiguous(o: Operands) -> Operands:
    """Return contiguous operands; tensors saved for backward may come back in another layout."""
    x = o.x if o.x.stride(-1) == 1 else o.x.contiguous()
    if x is o.x and all(map(Tensor.is_contiguous, (*o.weights, *o.states, *o.masks))):
        return o
    return _map_tensors(o, Tensor.contiguous)._replace(x=x)


def _map_tensors(o: Operands, change: Callable[[Tensor], Tensor]) -> Operands:
    """Apply ``change`` to all tensors except lengths and tokens."""
    weights, states, masks = ([change(t) for t in group] for group in (o.weights, o.states, o.masks))
    return Operands(change(o.x), weights, states, masks, o.lengths, o.tokens)


def allocate(o: Operands, s: Spec, save: bool, checkpoint: int) -> list[Tensor]:
    """Allocate y, the final states, and with ``save`` the tensors that backward needs (see set_saved)."""
    steps, batch = o.sequence.shape[:2]
    hidden, fed_back = o.sizes(s)
    results = [o.x.new_empty(steps, batch, fed_back), *(torch.empty_like(state) for state in o.states)]
    if not save:
        return results
    if checkpoint:
        segments = (steps + checkpoint - 1) // checkpoint
        return [*results, *(o.x.new_empty(segments, batch, hidden) for _ in o.states[1:])]
    return [*results, *(o.x.new_empty(steps, batch, size) for _, size in _saved_sizes(s, hidden, fed_back))]


def _saved_sizes(s: Spec, hidden: int, fed_back: int) -> list[tuple[str, int]]:
    """Return name and size of each tensor of which backward needs all steps; see set_saved."""
    step = s.step
    y_is_gate = step.gate_is_hidden and not (s.has_map or s.zoneout or "candidate" in s.masks)
    saved = [] if y_is_gate else [("gates", step.gates * hidden)]
    saved += [("states", hidden)] * (len(step.states) - 1)
    if step.keeps_extra:
        saved.append(("extra", hidden))
    if "weight_ln_hh" in s.weights:
        saved.append(("norms", step.gates * hidden + 2))
    if "weight_ln_ih" in s.weights:
        saved.append(("input_norms", step.gates * hidden + 1))
    if s.has_map:
        saved.append(("hidden", hidden))
        if s.zoneout:
            saved.append(("emitted", fed_back))
    return saved


def allocate_gradients(o: Operands, needs: Sequence[bool]) -> list[Tensor]:
    """Allocate the gradients of x, the weights and the states; empty if not needed."""
    shapes = [o.x.shape, *(w.shape for w in o.weights), *(state.shape for state in o.states)]
    # Sizes are passed as single integers, because torch takes longer to read a torch.Size.
    return [o.x.new_empty(*(shape if need else (0,))) for shape, need in zip(shapes, needs, strict=True)]


def arithmetic_code(x: Tensor, s: Spec) -> int:
    """Return the code of float32, float64 or bfloat16 arithmetic in ``csrc/args.h``."""
    if s.bfloat16:
        return 2
    return 1 if x.dtype == torch.float64 else 0


def make_arguments(o: Operands, s: Spec, checkpoint: int) -> Any:
    """Return the kernel's arguments with all inputs set.

    Raises:
        BackendError: for a dtype, device or layout that the kernels do not support.
        ShapeError: for a shape with which the kernels would read beyond the end of a tensor.
    """
    x, weights, states, masks, lengths, tokens = o
    assert core is not None
    check_dense((*weights, *states, *masks), x)
    is_dense = x.shape[-1] < 2 or x.stride(-1) == 1
    if not is_dense or not x.is_cpu or x.dtype not in (torch.float32, torch.float64):
        raise BackendError(
            "unrolled::layer: x must be float32 or float64, on the CPU and contiguous in its last axis; got "
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
    buffers = [buffer(w) for w in weights]
    for index, name in s.fields:
        setattr(args, name, buffers[index])
    if s.vectors:
        args.vectors = [ABSENT if index < 0 else buffers[index] for index in s.vectors]
    args.initial = [buffer(state) for state in states]
    if masks:
        mask_buffers = dict(zip(s.masks, map(buffer, masks), strict=True))
        args.masks = [mask_buffers.get(f"zoneout_{state}", ABSENT) for state in s.step.states]
        args.mask_candidate = mask_buffers.get("candidate", ABSENT)
    return args


def check_dense(tensors: Iterable[Tensor], like: Tensor) -> None:
    """Raise BackendError unless all tensors are contiguous, on the CPU, and have the dtype of ``like``."""
    dtype = like.dtype
    for t in tensors:
        if not t.is_contiguous() or not t.is_cpu or t.dtype != dtype or t.is_neg():
            raise BackendError(
                f"unrolled::layer needs contiguous CPU tensors of one dtype; got {t.dtype} {tuple(t.shape)} "
                f"with strides {t.stride()} on {t.device}, expected {dtype}"
            )


def check_gradients(tensors: Iterable[Tensor | None], like: Tensor) -> None:
    """Raise BackendError unless all gradients that are not None are on the CPU with the dtype of ``like``."""
    for t in tensors:
        if t is not None and (not t.is_cpu or t.dtype != like.dtype):
            raise BackendError(
                f"unrolled::layer_backward needs CPU gradients of {like.dtype}, got {t.dtype} on {t.device}"
            )


def _check_fit(o: Operands, s: Spec) -> None:
    """Raise ShapeError if the shapes do not fit together; cache them if they do."""
    x, weights, states, masks, lengths, tokens = o
    shapes = tuple([t.shape for t in (o.sequence, x, *weights, *states, *masks)])
    key = len(weights), len(states), tokens is None, shapes
    if key not in s.valid_shapes:
        _check_shapes(o, s)
        if len(s.valid_shapes) >= MAX_CHECKED_SHAPES:
            s.valid_shapes.clear()
        s.valid_shapes.add(key)
    if lengths is not None:
        _check_lengths(lengths, o.sequence.shape[1])


def _check_shapes(o: Operands, s: Spec) -> None:
    x, weights, states, masks, _, tokens = o
    steps, batch = o.sequence.shape[:2]
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
        raise ShapeError(
            f"unrolled::layer: the state is {' and '.join(names)}, got {counted(len(states), 'tensor')}"
        )
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
    is_dense = lengths.is_cpu and lengths.is_contiguous()
    if lengths.shape != (batch,) or lengths.dtype != torch.int64 or not is_dense:
        raise ShapeError(
            f"unrolled::layer: lengths must be int64 ({batch},), contiguous and on the CPU; got "
            f"{lengths.dtype} {tuple(lengths.shape)} with strides {lengths.stride()} on {lengths.device}"
        )


def _check_tokens(tokens: Tensor, table: Tensor) -> None:
    """Raise ShapeError for row indices outside the table."""
    if (
        not tokens.is_cpu
        or tokens.dtype != torch.int64
        or not tokens.is_contiguous()
        or not table.is_contiguous()
    ):
        raise ShapeError(
            "unrolled::layer: tokens must be int64 and contiguous on the CPU, and W x + b contiguous; got "
            f"{tokens.dtype} on {tokens.device} with strides {tokens.stride()} and {table.stride()}"
        )
    if tokens.numel():
        first, last = tokens.aminmax()
        if int(first) < 0 or int(last) >= len(table):
            raise ShapeError(
                f"tokens must lie in 0..{len(table) - 1}, got {int(first)}..{int(last)}: they are row "
                "indices of a table"
            )


def set_outputs(args: Any, results: Sequence[Tensor], s: Spec) -> None:
    """Set the buffers for y and the final states in the kernel's arguments."""
    y = results[0]
    args.y, args.y_time, args.y_row = contiguous_buffer(y), y.stride(0), y.stride(1)
    args.final = [contiguous_buffer(final) for final in results[1 : 1 + len(s.step.states)]]


def set_gradients(args: Any, gradients: Sequence[Tensor], s: Spec) -> None:
    """Set the buffers for the gradients of x, the weights and the states in the kernel's arguments."""
    args.dx, *buffers = [contiguous_buffer(g) for g in gradients]
    for index, name in s.fields:
        setattr(args, "d" + name, buffers[index])
    if s.vectors:
        args.dvectors = [ABSENT if index < 0 else buffers[index] for index in s.vectors]
    args.dinitial = buffers[len(s.weights) :]


def set_saved(args: Any, saved: Sequence[Tensor], s: Spec, checkpoint: int) -> None:
    """Set the buffers of the tensors that forward writes and backward reads: y, then the others."""
    y, *others = saved
    check_dense(saved, y)
    args.y, args.y_time, args.y_row = contiguous_buffer(y), y.stride(0), y.stride(1)
    further_states = len(s.step.states) - 1
    names = ["states"] * further_states if checkpoint else [n for n, _ in _saved_sizes(s, args.H, args.R)]
    states = []
    for name, tensor in zip(names, others, strict=True):
        if name == "states":
            states.append(contiguous_buffer(tensor))
        else:
            setattr(args, name, contiguous_buffer(tensor))
    if states:
        args.states = [ABSENT, *states]
