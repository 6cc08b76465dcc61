"""A stack of recurrent layers in one or two directions: what RNN, LSTM and GRU have in common."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from unrolled.backends import (
    BackendName,
    CheckpointEvery,
    Choice,
    Lookup,
    Precision,
    Table,
    TensorTable,
    check_backend,
    check_precision,
    choose,
)
from unrolled.backends.lookup import like_of
from unrolled.backends.ragged import Lengths
from unrolled.cells import Cell, Masks
from unrolled.layers.carry import CarryShape, join
from unrolled.layers.checks import (
    check_checkpoint,
    check_dropout,
    check_flags,
    check_sizes,
    check_skip,
    refuse_projection,
    take_cell,
)
from unrolled.layers.describe import describe
from unrolled.layers.dropout import RecurrentDrop, weight_dropout
from unrolled.layers.forward_pass import need_of, reads_table, run_pass
from unrolled.layers.fx import is_traced, leaf_call
from unrolled.layers.parameters import Names, current_parameter, current_parameters, register_parameters
from unrolled.layers.result import Explanation, Hidden, Traced
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
        cell: the mathematics of one step; None takes that of the class with its defaults.
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

    cell_type: ClassVar[type[Cell] | None] = None
    """Kind of cell that the class takes; None takes any and has no default."""
    has_projection: ClassVar[bool] = True
    """Whether the class takes ``proj_size``, as torch's LSTM alone does."""

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
        cell: Cell | None = None,
        drop: RecurrentDrop | None = None,
        skip: int = 0,
        residual: bool = False,
        backend: BackendName = "auto",
        precision: Precision = "full",
        checkpoint_every: CheckpointEvery = None,
    ) -> None:
        super().__init__()
        if not self.has_projection:
            refuse_projection(proj_size, type(self).__name__)
        check_sizes(input_size, hidden_size, num_layers, proj_size)
        check_flags(bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        # The warning points at the line that makes the layer.
        check_dropout(dropout, num_layers, stacklevel=3 if type(self).__init__ is Recurrent.__init__ else 4)
        check_skip(skip)
        check_backend(backend)
        check_precision(precision)
        check_checkpoint(checkpoint_every)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.cell, self.drop = take_cell(self, cell), drop or RecurrentDrop()
        self.skip, self.residual, self.backend = skip, residual, backend
        self.precision, self.checkpoint_every = precision, checkpoint_every
        self.drop.check(self.cell)
        self._ran: Choice | None = None
        self._carry_shape = CarryShape(
            num_layers * self.num_directions,
            self.cell.state_names,
            self.cell.state_sizes(hidden_size, proj_size),
            skip,
        )
        self._names = [self._register(layer, device, dtype) for layer in range(num_layers)]
        self.reset_parameters()

    def _register(
        self, layer: int, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> list[Names]:
        """Make the parameters of one layer; return the names of each direction."""
        size = self.num_directions * self.output_size if layer else self.input_size
        shapes = self.cell.shapes(size, self.hidden_size, bias=self.bias, proj_size=self.proj_size)
        if self.skip:
            shapes["weight_skip"] = (self.cell.gates * self.hidden_size, self.output_size)
        return [
            register_parameters(self, shapes, f"_l{layer}{suffix}", device, dtype)
            for suffix in self._suffixes
        ]

    @property
    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def _layer_names(self, layer: int) -> list[str]:
        """Return what traces call the directions of a layer."""
        return [f"l{layer}{suffix}" for suffix in self._suffixes]

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
        choice = self._ran or self._choose()
        return Explanation((f"l{layer}", choice) for layer in range(self.num_layers))

    def _choose(self, *, one_step: bool = False) -> Choice:
        """Choose for an input of the weights' dtype and device."""
        return choose(self.backend, self.cell, need_of(self, self._weight, one_step=one_step))

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
        batch, result, _ = run_pass(self, input, hx, lengths, fresh)
        return batch.restore(result.y), join(result.carries, batch)

    def look_up(
        self,
        tokens: Tensor,
        table: Tensor | Table,
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
            table: (V, I), an embedding's weight for example; gradients reach it. A :class:`Table` is made or
                read only where it is needed.
            hx: as in :meth:`forward`, and so are lengths, fresh, results and errors.
            lengths: see there.
            fresh: see there.
        """
        source = TensorTable(table) if isinstance(table, Tensor) else table
        result: tuple[Tensor | PackedSequence, Hidden] = self(
            Lookup(source, tokens), hx, lengths=lengths, fresh=fresh
        )
        return result

    def looks_up(self, kinds: int, tokens: Tensor) -> bool:
        """Whether :meth:`look_up` would read W x + b of these tokens from a table of so many kinds."""
        one_step = tokens.shape[1 if self.batch_first else 0] == 1
        return reads_table(self, self._choose(one_step=one_step), kinds, tokens)

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
        batch, result, probes = run_pass(self, input, hx, lengths, fresh, trace=True, probe=probe)
        return Traced(
            batch.restore(result.y),
            join(result.carries, batch),
            {name: there.trace for name, there in result.seen.items()},
            {name: there.entered for name, there in result.seen.items()},
            probes,
        )

    def _masks(self, x: Tensor | Lookup) -> Masks:
        """Draw the masks of one layer and direction."""
        if not self.drop.mask_names(self.training):
            return {}
        sizes = {
            "zoneout_h": self.output_size,
            "zoneout_c": self.hidden_size,
            "candidate": self.hidden_size,
        }
        return self.drop.draw(x.shape[0], x.shape[1], sizes, like_of(x), self.training)

    def _parameters_of(self, layer: int, direction: int) -> dict[str, Tensor]:
        """Return the weights of this pass by short name; those of U may be dropped."""
        p = current_parameters(self, self._names[layer][direction])
        if self.cell.recurrent:
            p["weight_hh"] = weight_dropout(p["weight_hh"], self.drop.weight, self.training)
        return p

    @property
    def _weight(self) -> Tensor:
        """Some weight, for dtype and device; a parametrised module holds tensors that are no parameters."""
        return current_parameter(self, "weight_ih_l0")

    def extra_repr(self) -> str:
        """Show the sizes, the cell, and the arguments that differ from their defaults."""
        return describe(self)
