"""A stack of recurrent layers in one or two directions: the base class of RNN, LSTM and GRU."""

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
    Requirements,
    Table,
    TensorTable,
    check_backend,
    check_precision,
    choose,
)
from unrolled.backends.lookup import tensor_like
from unrolled.backends.ragged import Lengths
from unrolled.cells import Cell, Masks
from unrolled.layers.carry import CarryShape, join_carries
from unrolled.layers.checks import (
    check_checkpoint,
    check_dropout,
    check_flags,
    check_sizes,
    check_skip,
    refuse_projection,
    resolve_cell,
)
from unrolled.layers.describe import describe
from unrolled.layers.dropout import weight_dropout
from unrolled.layers.forward_pass import get_requirements, run_pass, uses_table
from unrolled.layers.fx import is_traced, leaf_call
from unrolled.layers.parameters import Names, current_parameter, current_parameters, register_parameters
from unrolled.layers.recurrent_drop import RecurrentDrop
from unrolled.layers.result import Explanation, Hidden, Traced
from unrolled.layers.torch_names import TorchNames
from unrolled.renamed import renamed_argument


class Recurrent(TorchNames, nn.Module):
    """Stack of recurrent layers with the same equations, run in one or two directions.

    Parameter names, shapes, gate order and random initialisation are torch's, so that state dicts can be
    exchanged unchanged. Beyond torch: ``cell``, ``drop``, ``skip``, ``residual``, ``backend``, ``precision``,
    ``checkpoint_every``, and ``lengths=`` of :meth:`forward`.

    Args:
        input_size: I, features of one step.
        hidden_size: H.
        num_layers: number of layers, each reading the output of the one below.
        bias: use bias_ih and bias_hh.
        batch_first: input and output are (batch, time, features).
        dropout: dropout rate between layers, drawn independently for every element.
        bidirectional: run a second network backwards over each row and concatenate the outputs.
        proj_size: size of the projected h (LSTM only).
        device: device of the parameters.
        dtype: dtype of the parameters.
        cell: equations of one step; None means the default cell of the class.
        drop: rates of the recurrent regularisers.
        skip: k > 1 adds U_k h_{t-k} to every step (the state then also carries the last k outputs).
        residual: add the input of each layer above the first to its output.
        backend: ``"auto"``, or the name of a backend.
        precision: ``"full"``; ``"bfloat16"`` rounds the operands of products and keeps sums, states and
            outputs in float32, on processors with AVX512_BF16; ``"auto"`` uses bfloat16 if available.
        checkpoint_every: keep only the state of every n-th step for the backward pass, which recomputes the
            others. This saves memory on long sequences for a third more arithmetic (Chen et al. 2016,
            arXiv:1604.06174). ``"auto"`` is about √T; None keeps all states.
    """

    cell_type: ClassVar[type[Cell] | None] = None
    """Type of cell that the class accepts; None accepts any cell and has no default."""
    has_projection: ClassVar[bool] = True
    """True if the class supports ``proj_size``; among torch's layers only LSTM does."""

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
        # The warning points to the line that constructs the layer.
        check_dropout(dropout, num_layers, stacklevel=3 if type(self).__init__ is Recurrent.__init__ else 4)
        check_skip(skip)
        check_backend(backend)
        check_precision(precision)
        check_checkpoint(checkpoint_every)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.cell, self.drop = resolve_cell(self, cell), drop or RecurrentDrop()
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
        """Create the parameters of one layer; return the parameter names of each direction."""
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
        """Return the names of the directions of a layer in traces."""
        return [f"l{layer}{suffix}" for suffix in self._suffixes]

    @property
    def num_directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """R: output size of one direction of one layer."""
        return self.cell.output_size(self.hidden_size, self.proj_size)

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the parameters."""
        return self._weight.dtype

    def reset_parameters(self) -> None:
        """Initialise all parameters again, in torch's order."""
        for layer in self._names:
            for names in layer:
                self.cell.initialise({s: self.get_parameter(full) for s, full in names.items()})

    def explain(self) -> Explanation:
        """Return the backend of each layer in the last forward pass, or in the next one if there was none."""
        choice = self._ran or self._choose()
        return Explanation((f"l{layer}", choice) for layer in range(self.num_layers))

    def _choose(self, *, one_step: bool = False) -> Choice:
        """Choose a backend for an input with the weights' dtype and device."""
        return self._choose_backend(get_requirements(self, self._weight, one_step=one_step))

    def _choose_backend(self, requirements: Requirements) -> Choice:
        """Choose the backend of a pass. An export replaces this function."""
        return choose(self.backend, self.cell, requirements)

    def forward(
        self,
        input: Tensor | PackedSequence | Lookup,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
        reset_mask: Tensor | None = None,
        fresh: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Hidden]:
        """Run the layers over a whole sequence.

        Args:
            input: (T, B, I), (B, T, I) with batch_first, (T, I), a PackedSequence, or a Lookup (see
                :meth:`look_up`).
            hx: initial state as in torch: h (L·D, B, R), for an LSTM (h, c) with c (L·D, B, H); with skip k
                optionally followed by the last k outputs (L·D, k, B, R). None means zeros.
            lengths: number of steps of each row of a padded input.
            reset_mask: mask (T, B), or (B, T) with batch_first, true where the state of a row is reset to
                zeros before a step; one direction only, and not together with lengths.
            fresh: old name of reset_mask.

        Returns:
            The output of the last layer, (T, B, D·R) in the input's layout, zero past the length of a row,
            and the final state in the layout of hx.

        Raises:
            ShapeError: if a size does not fit.
            BackendError: if the requested backend cannot run this pass.
        """
        if is_traced(input, hx, lengths, reset_mask, fresh):
            return leaf_call(self, input, hx, lengths=lengths, reset_mask=reset_mask, fresh=fresh)
        reset_mask = renamed_argument(reset_mask, fresh, "fresh", "reset_mask")
        batch, result, _ = run_pass(self, input, hx, lengths, reset_mask)
        return batch.restore(result.y), join_carries(result.carries, batch)

    def look_up(
        self,
        tokens: Tensor,
        table: Tensor | Table,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
        reset_mask: Tensor | None = None,
        fresh: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Hidden]:
        """Run :meth:`forward` over the sequence ``table[tokens]``.

        If the table is small compared with the sequence and the compiled loop runs, the first layer's W x + b
        is computed once for each row of the table and then read from there. This avoids the products with the
        input at every step, and those of its gradients. The result differs only by rounding.

        Args:
            tokens: row indices of the table, (T, B), or (B, T) with batch_first.
            table: (V, I), for example the weight of an embedding, which gets gradients. A :class:`Table` is
                computed or read only when needed.
            hx: as in :meth:`forward`; the same holds for lengths, reset_mask, the result and errors.
            lengths: see :meth:`forward`.
            reset_mask: see :meth:`forward`.
            fresh: old name of reset_mask.
        """
        reset_mask = renamed_argument(reset_mask, fresh, "fresh", "reset_mask")
        source = TensorTable(table) if isinstance(table, Tensor) else table
        result: tuple[Tensor | PackedSequence, Hidden] = self(
            Lookup(source, tokens), hx, lengths=lengths, reset_mask=reset_mask
        )
        return result

    def uses_table(self, table_rows: int, tokens: Tensor) -> bool:
        """Return whether :meth:`look_up` would compute W x + b once for each of ``table_rows`` rows."""
        one_step = tokens.shape[1 if self.batch_first else 0] == 1
        return uses_table(self, self._choose(one_step=one_step), table_rows, tokens)

    def trace(
        self,
        input: Tensor | PackedSequence | Lookup,
        hx: Hidden | None = None,
        *,
        lengths: Lengths | None = None,
        reset_mask: Tensor | None = None,
        probe: bool = False,
        fresh: Tensor | None = None,
    ) -> Traced:
        """Run :meth:`forward` and record every state and gate of every step of every layer.

        With ``probe``, zeros that require a gradient are added to each state after each step. After
        ``loss.backward()``, ``traced.probes["l0"]["h"].grad`` is ∂E/∂h_k of every step k, (T, B, R), through
        all later steps and all layers above.
        """
        reset_mask = renamed_argument(reset_mask, fresh, "fresh", "reset_mask")
        batch, result, probes = run_pass(self, input, hx, lengths, reset_mask, trace=True, probe=probe)
        return Traced(
            batch.restore(result.y),
            join_carries(result.carries, batch),
            {name: direction.trace for name, direction in result.traces.items()},
            {name: direction.entered for name, direction in result.traces.items()},
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
        return self.drop.draw(x.shape[0], x.shape[1], sizes, tensor_like(x), self.training)

    def _parameters_of(self, layer: int, direction: int) -> dict[str, Tensor]:
        """Return the weights for this pass by short name, with weight dropout applied to U."""
        p = current_parameters(self, self._names[layer][direction])
        if self.cell.recurrent:
            p["weight_hh"] = weight_dropout(p["weight_hh"], self.drop.weight, self.training)
        return p

    @property
    def _weight(self) -> Tensor:
        """A weight, to read dtype and device from; in a parametrised module it may not be a parameter."""
        return current_parameter(self, "weight_ih_l0")

    def extra_repr(self) -> str:
        """Show the sizes, the cell, and the arguments that differ from their defaults."""
        return describe(self)
