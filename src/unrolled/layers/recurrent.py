"""A stack of recurrent layers in one or two directions: what RNN, LSTM and GRU have in common."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from unrolled.backends import (
    Backend,
    CheckpointEvery,
    Choice,
    Need,
    Precision,
    check_backend,
    check_precision,
    choose,
    compiled_layer,
    transforms,
    unroll,
)
from unrolled.backends.aten import aten_layer
from unrolled.backends.autocast import autocast_enabled
from unrolled.backends.ragged import Lengths
from unrolled.cells import LSTM, Cell, Masks, Parameters
from unrolled.errors import ShapeError
from unrolled.layers.batch import TimeMajor
from unrolled.layers.carry import Carry, CarryShape, join, reset
from unrolled.layers.checks import (
    check_checkpoint,
    check_dropout,
    check_dtype,
    check_flags,
    check_sizes,
    check_skip,
)
from unrolled.layers.dropout import RecurrentDrop, dropout, locked_dropout, weight_dropout
from unrolled.layers.fresh import pieces, resets_of
from unrolled.layers.fx import is_traced, leaf_call
from unrolled.layers.lookup import Lookup, repays
from unrolled.layers.result import Explanation, Hidden, Seen, Traced
from unrolled.layers.torch_names import TorchNames


class Recurrent(TorchNames, nn.Module):
    """Layers of one cell, stacked in depth and run in one or two directions.

    Parameter names, shapes, gate order and the random start are torch's, so that a state dict goes in and
    out unchanged. Beyond torch: ``cell``, ``drop``, ``skip``, ``residual``, ``backend``, ``precision``,
    ``checkpoint_every``, and ``lengths=`` of :meth:`forward`.

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
        precision: ``"full"``; ``"bfloat16"`` rounds the operands of products and keeps sums, states and
            outputs in float32, on processors with AVX512_BF16; ``"auto"`` does so where it can.
        checkpoint_every: keep only the state of every so many steps for the backward pass, which computes
            the others again: memory of long sequences for a third more arithmetic (Chen et al. 2016,
            arXiv:1604.06174). ``"auto"`` is about √T; None keeps everything.
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
        precision: Precision = "full",
        checkpoint_every: CheckpointEvery = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size, hidden_size, num_layers, proj_size)
        check_flags(bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        check_dropout(dropout, num_layers)
        check_skip(skip)
        check_backend(backend)
        check_precision(precision)
        check_checkpoint(checkpoint_every)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.cell, self.drop = cell, drop or RecurrentDrop()
        self.skip, self.residual, self.backend = skip, residual, backend
        self.precision, self.checkpoint_every = precision, checkpoint_every
        self.drop.check(cell)
        self._ran: Choice | None = None
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
            shapes["weight_skip"] = (self.cell.gates * self.hidden_size, self.output_size)
        for name, shape in shapes.items():
            empty = torch.empty(shape, device=device, dtype=dtype)
            self.register_parameter(name + suffix, nn.Parameter(empty))
        return {name: name + suffix for name in shapes}

    @property
    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def _layer_names(self, layer: int) -> list[str]:
        """Return what traces call the directions of a layer."""
        return [f"l{layer}{suffix}" for suffix in self._suffixes]

    def _probes(self, x: Tensor) -> dict[str, dict[str, Tensor]]:
        """Return zeros for every state of every layer and direction at every step, ready for a gradient."""
        sizes = self.cell.state_sizes(self.hidden_size, self.proj_size)
        return {
            name: {
                state: x.new_zeros(*x.shape[:2], size, requires_grad=True)
                for state, size in zip(self.cell.state_names, sizes, strict=True)
            }
            for layer in range(self.num_layers)
            for name in self._layer_names(layer)
        }

    @property
    def num_directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """R: the size of what one direction of one layer emits."""
        return self.cell.output_size(self.hidden_size, self.proj_size)

    @property
    def dtype(self) -> torch.dtype:
        """Of the parameters."""
        return self._weight.dtype

    def reset_parameters(self) -> None:
        """Draw all parameters anew, in torch's order."""
        for layer in self._names:
            for names in layer:
                self.cell.initialise({s: self.get_parameter(full) for s, full in names.items()})

    def explain(self) -> Explanation:
        """Tell which path ran each layer in the last forward pass, or would run it now if none did."""
        choice = self._ran
        if choice is None:
            choice = self._choose(self._weight)
        return Explanation((f"l{layer}", choice) for layer in range(self.num_layers))

    def forward(
        self,
        input: Tensor | PackedSequence | Lookup,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
        fresh: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Hidden]:
        """Run the whole sequence.

        Args:
            input: (T, B, I), (B, T, I) with batch_first, (T, I), a PackedSequence, or what :meth:`look_up`
                makes of its arguments.
            hx: initial state as torch's: h (L·D, B, R), for an LSTM (h, c) with c (L·D, B, H); with skip k
                optionally followed by the last k outputs (L·D, k, B, R). None means zeros.
            lengths: number of steps of each row of a padded input.
            fresh: true where the state of a row is reset to zeros before a step, (T, B) or as the input's
                first two axes; one direction only, and not together with lengths.

        Returns:
            The output of the last layer, (T, B, D·R) in the input's form, zero past the length of a row,
            and the final state in the form of hx.

        Raises:
            ShapeError: if a size does not fit.
            BackendError: if the backend asked for cannot run this.
        """
        if is_traced(input, hx, lengths, fresh):
            return leaf_call(self, input, hx, lengths=lengths, fresh=fresh)
        traced = self._run(input, hx, lengths, fresh, trace=False)
        return traced.output, traced.state

    def look_up(
        self,
        tokens: Tensor,
        table: Tensor,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
        fresh: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Hidden]:
        """Run over the sequence of rows ``table[tokens]``, as :meth:`forward` would.

        Where the table is small beside the sequence and the compiled loop runs, the first layer's W x + b is
        computed once for each row of the table and read from there: no product with the input at any step,
        and none for its gradients. The result differs by rounding alone.

        Args:
            tokens: (T, B), or (B, T) with batch_first; numbers of rows.
            table: (V, I), an embedding's weight for example; gradients reach it.
            hx: as in :meth:`forward`, and so are lengths, fresh, results and errors.
            lengths: see there.
            fresh: see there.
        """
        result: tuple[Tensor | PackedSequence, Hidden] = self(
            Lookup(table, tokens), hx, lengths=lengths, fresh=fresh
        )
        return result

    def looks_up(self, kinds: int, tokens: Tensor) -> bool:
        """Whether :meth:`look_up` would read W x + b of these tokens from a table of so many kinds."""
        row = self.cell.gates * self.hidden_size * self._weight.element_size()
        one_step = tokens.shape[1 if self.batch_first else 0] == 1
        choice = self._choose(self._weight, one_step=one_step)
        return choice.path == "compiled" and repays(kinds, tokens.numel(), row)

    def trace(
        self,
        input: Tensor | PackedSequence | Lookup,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
        fresh: Tensor | None = None,
        probe: bool = False,
    ) -> Traced:
        """Like :meth:`forward`, and return every state and gate of every step of every layer.

        With ``probe`` zeros that require a gradient are added to each state after each step: after
        ``loss.backward()``, ``traced.probes["l0"]["h"].grad`` is ∂E/∂h_k of every step k, (T, B, R), through
        all later steps and all layers above.
        """
        return self._run(input, hx, lengths, fresh, trace=True, probe=probe)

    def _run(
        self,
        input: Tensor | PackedSequence | Lookup,
        hx: Hidden | None,
        lengths: Lengths | None,
        fresh: Tensor | None,
        *,
        trace: bool,
        probe: bool = False,
    ) -> Traced:
        tokens = None
        if isinstance(input, Lookup):
            if not trace and self.looks_up(len(input.table), input.tokens):
                tokens, input = input.time_major(self.batch_first), input.outline
            else:
                input = input.resolve()
        batch = TimeMajor.of(input, lengths, self.batch_first)
        self._check_input(batch.x)
        resets = resets_of(batch, fresh, self.batch_first, self.bidirectional)
        ragged = batch.lengths is not None
        choice = self._choose(batch.x, trace=trace, one_step=len(batch.x) == 1, ragged=ragged)
        carries = self._carry_shape.start(hx, batch, self._weight)
        x, dtype = batch.x, self._fused_dtype(batch, choice)
        if dtype is not None:
            x, carries = x.to(dtype), [tuple(s.to(dtype) for s in c) for c in carries]
        finals: list[Carry] = []
        traced, probes = {}, self._probes(x) if probe else {}
        for layer in range(self.num_layers):
            below = x
            x = self._between(x) if layer else x
            mine = carries[layer * self.num_directions : (layer + 1) * self.num_directions]
            parameters = [self._parameters_of(layer, d) for d in range(self.num_directions)]
            outputs: list[Tensor] = []
            seen: list[list[Seen]] = []
            for begin, part in pieces(x, resets):
                if begin in resets:
                    mine = reset(mine, resets[begin])
                looked = tokens.piece(begin, begin + len(part)) if tokens and not layer else None
                probed = [
                    {name: t[begin : begin + len(part)] for name, t in probes.get(name, {}).items()}
                    for name in self._layer_names(layer)
                ]
                y, mine, values = self._layer(
                    part, mine, parameters, batch.lengths, choice, trace, looked, probed
                )
                outputs.append(y)
                seen.append(values)
            finals += mine
            for name, pieces_seen in zip(self._layer_names(layer), zip(*seen, strict=True), strict=False):
                there = Seen.join(list(pieces_seen))
                traced[name] = Seen(there.trace, {"x": x} | there.entered)
            x = torch.cat(outputs) if resets else outputs[0]
            if self.residual and layer:
                x = x + below
        self.__dict__["_ran"] = choice  # nn.Module would look for parameters first
        return Traced(
            batch.restore(x),
            join(finals, batch),
            {name: there.trace for name, there in traced.items()},
            {name: there.entered for name, there in traced.items()},
            probes,
        )

    def _layer(
        self,
        x: Tensor,
        carries: list[Carry],
        parameters: list[Parameters],
        lengths: Tensor | None,
        choice: Choice,
        trace: bool,
        looked: Lookup | None,
        probes: list[dict[str, Tensor]],
    ) -> tuple[Tensor, list[Carry], list[Seen]]:
        """Run one layer over all steps: output (T, B, D·R), states and what was seen of each direction."""
        if choice.path == "aten":
            return *aten_layer(self.cell, x, carries, parameters, lengths, self.training), []
        if choice.path == "compiled":
            return self._compiled(x, carries, parameters, lengths, choice, looked)
        states = len(self.cell.state_names)
        results = [
            unroll(
                self.cell,
                x,
                carry[:states],
                p,
                lengths=lengths,
                reverse=bool(suffix),
                skip=self.skip,
                past=carry[states] if len(carry) > states else None,
                masks=self._masks(x),
                trace=trace,
                probes=probed,
            )
            for carry, p, suffix, probed in zip(carries, parameters, self._suffixes, probes, strict=True)
        ]
        finals = [r.state if r.past is None else (*r.state, r.past) for r in results]
        seen = [Seen(dict(r.trace), dict(r.entered)) for r in results] if trace else []
        return torch.cat([r.y for r in results], dim=-1), finals, seen

    def _compiled(
        self,
        x: Tensor,
        carries: list[Carry],
        parameters: list[Parameters],
        lengths: Tensor | None,
        choice: Choice,
        looked: Lookup | None,
    ) -> tuple[Tensor, list[Carry], list[Seen]]:
        """Like :meth:`_layer`; with ``looked`` the numbers of x are those rows, and x is its outline."""
        outputs, finals = [], []
        for carry, p, suffix in zip(carries, parameters, self._suffixes, strict=True):
            y, state = compiled_layer(
                self.cell,
                x if looked is None else looked.table,
                carry,
                p,
                lengths=lengths,
                reverse=bool(suffix),
                masks=self._masks(x),
                tokens=None if looked is None else looked.tokens.long(),
                checkpoint_every=self.checkpoint_every,
                bfloat16=choice.bfloat16,
            )
            outputs.append(y)
            finals.append(state)
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1), finals, []

    def _choose(
        self, like: Tensor, *, trace: bool = False, one_step: bool = False, ragged: bool = False
    ) -> Choice:
        device = like.device.type
        need = Need(
            skip=self.skip,
            masks=self.drop.mask_names(self.training),
            trace=trace,
            one_step=one_step,
            device=device,
            dtype=like.dtype,
            autocast=autocast_enabled(device),
            precision=self.precision,
            checkpoint=self.checkpoint_every is not None and torch.is_grad_enabled(),
            ragged=ragged,
            transforms=transforms.running(),
        )
        return choose(self.backend, self.cell, need)

    def _between(self, x: Tensor) -> Tensor:
        x = dropout(x, self.dropout, self.training)
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
        if self.cell.recurrent:
            p["weight_hh"] = weight_dropout(p["weight_hh"], self.drop.weight, self.training)
        return p

    @property
    def _weight(self) -> Tensor:
        """Some weight, for dtype and device; a parametrised module holds tensors that are no parameters."""
        weight: Tensor = self.weight_ih_l0  # type: ignore[assignment]
        return weight

    @property
    def _carry_shape(self) -> CarryShape:
        sizes = self.cell.state_sizes(self.hidden_size, self.proj_size)
        rows = self.num_layers * self.num_directions
        return CarryShape(rows, self.cell.state_names, sizes, self.skip)

    def _check_input(self, x: Tensor) -> None:
        if not len(x):
            raise ShapeError(f"input of shape {tuple(x.shape)} has no time steps: give at least one")
        if x.shape[-1] != self.input_size:
            raise ShapeError(f"input has {x.shape[-1]} features a step, but input_size is {self.input_size}")
        check_dtype(x, self._weight)

    def _fused_dtype(self, batch: TimeMajor, choice: Choice) -> torch.dtype | None:
        """Return the dtype in which torch's fused LSTM would run under autocast, so that ours does too.

        That kernel takes neither ragged rows nor projections; for those torch's dtypes come about as ours.
        """
        device = batch.x.device.type
        fused = isinstance(self.cell, LSTM) and not self.proj_size and batch.lengths is None
        if choice.path == "reference" and fused and autocast_enabled(device):
            return torch.get_autocast_dtype(device)
        return None

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
            ("precision", "full"),
            ("checkpoint_every", None),
        )
        parts += [f"{n}={getattr(self, n)}" for n, d in defaults if getattr(self, n) != d]
        return ", ".join(parts)
