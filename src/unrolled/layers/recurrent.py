"""A stack of recurrent layers in one or two directions: what RNN, LSTM and GRU have in common."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from unrolled.cells import LSTM, Cell, Masks, Parameters
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor
from unrolled.layers.checks import check_dropout, check_dtype, check_flags, check_sizes, check_skip
from unrolled.layers.dropout import RecurrentDrop, locked_dropout, weight_dropout
from unrolled.layers.result import Explanation, Hidden, Traced
from unrolled.recurrence import Backend, Choice, Need, check_backend, choose, unroll
from unrolled.recurrence.aten import aten_layer
from unrolled.recurrence.ragged import Lengths


class Recurrent(nn.Module):
    """Layers of one cell, stacked in depth and run in one or two directions.

    Parameter names, shapes, gate order and the random start are torch's, so that a state dict goes in and
    out unchanged. Beyond torch: ``cell``, ``drop``, ``skip``, ``residual``, ``backend``, and ``lengths=``
    of :meth:`forward`.

    Args:
        input_size: I, features of one step.
        hidden_size: H.
        num_layers: number of layers, each reading the output of the one below.
        bias: whether there are bias_ih and bias_hh.
        batch_first: whether input and output are (batch, time, features).
        dropout: rate between layers, drawn anew for every element.
        bidirectional: whether a second network reads each row backwards; outputs are joined.
        proj_size: LSTM only: size of the projected h.
        device: of the parameters.
        dtype: of the parameters.
        cell: the mathematics of one step.
        drop: rates of the recurrent regularisers.
        skip: k > 1 adds U_k h_{t-k} to every step (the state then also carries the last k outputs).
        residual: add the input of each layer above the first to its output.
        backend: ``"auto"``, or one path by name.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        cell: Cell,
        drop: RecurrentDrop | None = None,
        skip: int = 0,
        residual: bool = False,
        backend: Backend = "auto",
    ) -> None:
        super().__init__()
        check_sizes(input_size, hidden_size, num_layers, proj_size)
        check_flags(bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        check_dropout(dropout, num_layers)
        check_skip(skip)
        check_backend(backend)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.cell, self.drop = cell, drop or RecurrentDrop()
        self.skip, self.residual, self.backend = skip, residual, backend
        self.drop.check(cell)
        self._ran: Explanation | None = None
        self._names: list[list[dict[str, str]]] = []
        for layer in range(num_layers):
            size = input_size if layer == 0 else self.num_directions * self.output_size
            self._names.append([self._register(size, f"_l{layer}{d}", device, dtype) for d in self._suffixes])
        self.reset_parameters()

    def _register(
        self, input_size: int, suffix: str, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> dict[str, str]:
        """Make the parameters of one layer and direction; return short names to full names."""
        shapes = self.cell.shapes(input_size, self.hidden_size, bias=self.bias, proj_size=self.proj_size)
        if self.skip:
            shapes["weight_skip"] = shapes["weight_hh"]
        for name, shape in shapes.items():
            empty = torch.empty(shape, device=device, dtype=dtype)
            self.register_parameter(name + suffix, nn.Parameter(empty))
        return {name: name + suffix for name in shapes}

    @property
    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    @property
    def num_directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """R: the size of what one direction of one layer emits."""
        return self.cell.output_size(self.hidden_size, self.proj_size)

    @property
    def all_weights(self) -> list[list[nn.Parameter]]:
        """The parameters of each layer and direction, as in torch."""
        return [
            [self.get_parameter(name) for name in names.values()] for layer in self._names for names in layer
        ]

    def reset_parameters(self) -> None:
        """Draw all parameters anew, in torch's order."""
        for layer in self._names:
            for names in layer:
                self.cell.initialise({s: self.get_parameter(full) for s, full in names.items()})

    def flatten_parameters(self) -> None:
        """Do nothing; here for code written for torch, whose CUDA layers need it."""

    def explain(self) -> Explanation:
        """Tell which path ran each layer in the last forward pass, or would run it now if none did."""
        if self._ran is not None:
            return self._ran
        choice = self._choose(trace=False)
        return Explanation((f"l{layer}", choice) for layer in range(self.num_layers))

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Tensor | PackedSequence, Hidden]:
        """Run the whole sequence.

        Args:
            input: (T, B, I), (B, T, I) with batch_first, (T, I), or a PackedSequence.
            hx: initial state as torch's: h (L·D, B, R), for an LSTM (h, c) with c (L·D, B, H); with skip k
                optionally followed by the last k outputs (L·D, k, B, R). None means zeros.
            lengths: number of steps of each row of a padded input.

        Returns:
            The output of the last layer, (T, B, D·R) in the input's form, zero past the length of a row,
            and the final state in the form of hx.

        Raises:
            ShapeError: if a size does not fit.
            BackendError: if the backend asked for cannot run this.
        """
        traced = self._run(input, hx, lengths, trace=False)
        return traced.output, traced.state

    def trace(
        self,
        input: Tensor | PackedSequence,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> Traced:
        """Like :meth:`forward`, and return every state and gate of every step of every layer."""
        return self._run(input, hx, lengths, trace=True)

    def _run(
        self,
        input: Tensor | PackedSequence,
        hx: Hidden | None,
        lengths: Lengths | None,
        *,
        trace: bool,
    ) -> Traced:
        batch = TimeMajor.of(input, lengths, self.batch_first)
        self._check_input(batch.x)
        choice = self._choose(trace)
        x, states, past = self._start(batch, hx)
        if choice.path == "reference" and batch.lengths is None:
            x, states = self._as_under_autocast(x, states)
        finals: list[tuple[Tensor, ...]] = []
        traces: dict[str, dict[str, Tensor]] = {}
        for layer in range(self.num_layers):
            directions = range(layer * self.num_directions, (layer + 1) * self.num_directions)
            below = x
            x = self._between(x) if layer else x
            parameters = [self._parameters_of(layer, d) for d in range(self.num_directions)]
            if choice.path == "aten":
                mine = [tuple(s[d] for s in states) for d in directions]
                x, final = aten_layer(self.cell, x, mine, parameters, batch.lengths, self.training)
                finals += final
            else:
                outputs = []
                for d, p, suffix in zip(directions, parameters, self._suffixes, strict=True):
                    result = unroll(
                        self.cell,
                        x,
                        tuple(s[d] for s in states),
                        p,
                        lengths=batch.lengths,
                        reverse=bool(suffix),
                        skip=self.skip,
                        past=None if past is None else past[d],
                        masks=self._masks(x),
                        trace=trace,
                    )
                    outputs.append(result.y)
                    tail = () if result.past is None else (result.past,)
                    finals.append(result.state + tail)
                    traces[f"l{layer}{suffix}"] = dict(result.trace)
                x = torch.cat(outputs, dim=-1)
            if self.residual and layer:
                x = x + below
        self._ran = Explanation((f"l{layer}", choice) for layer in range(self.num_layers))
        stacked = [torch.stack(parts) for parts in zip(*finals, strict=True)]
        state = tuple(batch.restore_state(s) for s in stacked)
        return Traced(batch.restore(x), state if len(state) > 1 else state[0], traces)

    def _choose(self, trace: bool) -> Choice:
        return choose(self.backend, self.cell, Need(self.skip, self.drop.mask_names(self.training), trace))

    def _between(self, x: Tensor) -> Tensor:
        x = F.dropout(x, self.dropout, self.training) if self.dropout else x
        return locked_dropout(x, self.drop.locked, self.training)

    def _masks(self, x: Tensor) -> Masks:
        sizes = {
            "zoneout_h": self.output_size,
            "zoneout_c": self.hidden_size,
            "candidate": self.hidden_size,
        }
        return self.drop.draw(x.shape[0], x.shape[1], sizes, x, self.training)

    def _parameters_of(self, layer: int, direction: int) -> Parameters:
        names = self._names[layer][direction]
        p: dict[str, Tensor] = {short: getattr(self, full) for short, full in names.items()}
        p["weight_hh"] = weight_dropout(p["weight_hh"], self.drop.weight, self.training)
        return p

    def _start(self, batch: TimeMajor, hx: Hidden | None) -> tuple[Tensor, tuple[Tensor, ...], Tensor | None]:
        """Return input, initial states (L·D, B, size) each, and the past outputs if given."""
        x = batch.x
        rows = self.num_layers * self.num_directions
        sizes = self.cell.state_sizes(self.hidden_size, self.proj_size)
        names = self.cell.state_names
        if hx is None:
            return x, tuple(x.new_zeros(rows, x.shape[1], size) for size in sizes), None
        given = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        shapes: list[tuple[int, ...]] = [(rows, x.shape[1], size) for size in sizes]
        if self.skip and len(given) == len(sizes) + 1:
            names = (*names, "past")
            shapes.append((rows, self.skip, x.shape[1], self.output_size))
        if len(given) != len(shapes):
            raise ShapeError(f"hx must be {' and '.join(names)}, got {len(given)} tensors")
        states = tuple(batch.take_state(s) for s in given)
        for name, state, shape in zip(names, states, shapes, strict=True):
            if state.shape != shape:
                raise ShapeError(
                    f"initial {name} must have shape {shape}, got {tuple(state.shape)}"
                    + (" (a batch axis was added)" if batch.unbatched else "")
                )
            check_dtype(state, self.get_parameter("weight_ih_l0"), f"initial {name}")
        return x, states[: len(sizes)], states[-1] if len(states) > len(sizes) else None

    def _check_input(self, x: Tensor) -> None:
        if x.shape[-1] != self.input_size:
            raise ShapeError(f"input has {x.shape[-1]} features a step, but input_size is {self.input_size}")
        check_dtype(x, self.get_parameter("weight_ih_l0"))

    def _as_under_autocast(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Torch's fused LSTM (padded, not projected) returns all states in the autocast dtype, as ours."""
        device = x.device.type
        if not torch.is_autocast_enabled(device) or self.proj_size or not isinstance(self.cell, LSTM):
            return x, states
        dtype = torch.get_autocast_dtype(device)
        return x.to(dtype), tuple(s.to(dtype) for s in states)

    def extra_repr(self) -> str:
        """Show the sizes, and what differs from the defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}", str(self.cell)]
        defaults: Sequence[tuple[str, object]] = (
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0.0),
            ("bidirectional", False),
            ("proj_size", 0),
            ("drop", RecurrentDrop()),
            ("skip", 0),
            ("residual", False),
            ("backend", "auto"),
        )
        parts += [f"{n}={getattr(self, n)}" for n, d in defaults if getattr(self, n) != d]
        return ", ".join(parts)
