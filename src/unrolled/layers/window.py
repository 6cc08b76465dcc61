"""Window networks (feed-forward and time-delay), with the same interface as recurrent layers."""

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.backends import Aten, Choice, Precision, check_precision
from unrolled.backends.ragged import Lengths, check_lengths, live_steps, reverse_time
from unrolled.cells.nonlinearities import NONLINEARITIES, Nonlinearity
from unrolled.errors import ConfigError, ShapeError
from unrolled.layers.batch import TimeMajor
from unrolled.layers.checks import check_dropout, check_dtype, check_flags, check_sizes
from unrolled.layers.dropout import dropout, locked_dropout
from unrolled.layers.recurrent_drop import check_rate
from unrolled.layers.reset import check_reset_mask
from unrolled.layers.result import Explanation
from unrolled.renamed import renamed_argument


class Window(nn.Module):
    """Stack of layers that read the last n steps of the layer below, in one or two directions.

    h^l_t = σ(Σ_k W^l_k h^{l−1}_{t−k} + b^l), k = 0 … n_l − 1, with h^0 = x and zeros before the first step.
    Windows (n, 1, …, 1) give the feed-forward network of Bengio et al. (2003, without its direct
    connections); (n, n, …, n) the time-delay network of Waibel et al. (1989), whose context grows with every
    layer.

    The state of the network is the last n_l − 1 inputs of each layer. With it, a long sequence can be read in
    pieces, as with recurrent layers. Each layer is one product over all steps.

    Parameters are weight_l0 (H, n·I), whose blocks of I columns multiply x_t, x_{t−1}, …, and bias_l0 (H,),
    then those of the layers above. With two directions, each is followed by its ``_reverse`` counterpart.

    Args:
        input_size: I, features of one step.
        hidden_size: H, units of each layer and direction.
        windows: n of each layer, including the current step.
        nonlinearity: σ.
        dropout: dropout rate between layers, drawn independently for every element.
        locked: dropout rate between layers, with one mask for all steps.
        residual: add the input of each layer above the first to its output.
        bidirectional: run a second network backwards over each row, so that its windows cover later steps,
            and concatenate the outputs.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        windows: Sequence[int],
        nonlinearity: Nonlinearity = "tanh",
        *,
        dropout: float = 0.0,
        locked: float = 0.0,
        residual: bool = False,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        check_sizes(input_size, hidden_size, len(windows), 0)
        check_flags(residual=residual, bidirectional=bidirectional)
        check_dropout(dropout, len(windows))
        check_rate("locked", locked)
        if not all(isinstance(n, int) and n >= 1 for n in windows):
            raise ConfigError(f"windows={tuple(windows)}: each must be a positive number of steps")
        if nonlinearity not in NONLINEARITIES:
            raise ConfigError(f"nonlinearity={nonlinearity!r} is not one of {', '.join(NONLINEARITIES)}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, len(windows)
        self.windows, self.nonlinearity = tuple(windows), nonlinearity
        self.dropout, self.locked, self.residual = float(dropout), locked, residual
        self.bidirectional = bidirectional
        self._precision: Precision = "full"
        for layer, n in enumerate(self.windows):
            for suffix in self._suffixes:
                weight = torch.empty(hidden_size, n * self._size_below(layer))
                self.register_parameter(f"weight_l{layer}{suffix}", nn.Parameter(weight))
                self.register_parameter(f"bias_l{layer}{suffix}", nn.Parameter(torch.empty(hidden_size)))
        self.reset_parameters()

    @property
    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    @property
    def num_directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Output size of one direction of one layer."""
        return self.hidden_size

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the parameters."""
        weight: Tensor = self.weight_l0  # type: ignore[assignment]
        return weight.dtype

    @property
    def precision(self) -> Precision:
        """Precision of the products: always full, also with ``"auto"``."""
        return self._precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        check_precision(value)
        if value == "bfloat16":
            raise ConfigError(
                "precision='bfloat16' needs recurrent layers: window networks (cell='feed-forward' and "
                "cell='tdnn') compute in float32; use precision='full'"
            )
        self._precision = value

    def reset_parameters(self) -> None:
        """Initialise all parameters again, uniform within ±1/√(n·I) as in ``nn.Linear``."""
        for layer, n in enumerate(self.windows):
            bound = 1.0 / math.sqrt(n * self._size_below(layer))
            for suffix in self._suffixes:
                for kind in ("weight", "bias"):
                    nn.init.uniform_(self.get_parameter(f"{kind}_l{layer}{suffix}"), -bound, bound)

    def explain(self) -> Explanation:
        """Return the backend of each layer, which is always torch's own matrix product."""
        steps = ("step" if n == 1 else f"window of {n} steps" for n in self.windows)
        reasons = (f"each {s} depends only on its input: one matrix product in torch, no loop" for s in steps)
        return Explanation((f"l{layer}", Choice(Aten(), reason)) for layer, reason in enumerate(reasons))

    def forward(
        self,
        input: Tensor,
        state: Tensor | tuple[Tensor, ...] | None = None,
        *,
        lengths: Lengths | None = None,
        reset_mask: Tensor | None = None,
        fresh: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the layers over a whole sequence.

        Args:
            input: (T, B, I).
            state: state returned by the last call; None means zeros.
            lengths: number of steps of each row.
            reset_mask: mask (T, B), true where a row is reset: from then on, earlier inputs count as zeros.
                One direction only, and not together with lengths.
            fresh: old name of reset_mask.

        Returns:
            The output of the last layer, (T, B, D·H), zero past the length of a row; and the state, the last
            n − 1 inputs (n − 1, B, size) of each layer and direction with n > 1.

        Raises:
            ShapeError: if a size does not fit.
        """
        reset_mask = renamed_argument(reset_mask, fresh, "fresh", "reset_mask")
        self._check_input(input)
        steps, rows, _ = input.shape
        row_lengths = None if lengths is None else check_lengths(lengths, steps, rows)
        batch = TimeMajor(input, row_lengths, batch_first=False)
        reset_mask = check_reset_mask(batch, reset_mask, False, self.bidirectional)
        documents = reset_mask.cumsum(0) if reset_mask is not None and bool(reset_mask.any()) else None
        ended = None if row_lengths is None else ~live_steps(row_lengths, steps, input.device)[..., None]
        previous = self._initial_states(state, input)
        x = input if ended is None else input.masked_fill(ended, 0.0)
        finals: list[Tensor] = []
        for layer, n in enumerate(self.windows):
            below = x
            x = self._apply_dropout(x) if layer else x
            outputs = []
            for suffix in self._suffixes:
                read = reverse_time(x, row_lengths) if suffix else x
                if n > 1:
                    padded = torch.cat([next(previous), read])
                    read = _stack_windows(padded, n, documents)
                    finals.append(_last_inputs(padded, n - 1, row_lengths, documents))
                y = NONLINEARITIES[self.nonlinearity](F.linear(read, *self._parameters_of(layer, suffix)))
                outputs.append(reverse_time(y, row_lengths) if suffix else y)
            x = torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
            x = x if ended is None else x.masked_fill(ended, 0.0)
            x = x + below if self.residual and layer else x
        return x, tuple(finals)

    def _size_below(self, layer: int) -> int:
        return self.num_directions * self.hidden_size if layer else self.input_size

    def _parameters_of(self, layer: int, suffix: str) -> tuple[Tensor, Tensor]:
        return getattr(self, f"weight_l{layer}{suffix}"), getattr(self, f"bias_l{layer}{suffix}")

    def _apply_dropout(self, x: Tensor) -> Tensor:
        """Apply the dropout between layers."""
        return locked_dropout(dropout(x, self.dropout, self.training), self.locked, self.training)

    def _check_input(self, x: Tensor) -> None:
        if x.dim() != 3 or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"input must be (time, batch, {self.input_size}), got {tuple(x.shape)}: input_size is "
                f"{self.input_size}"
            )
        if not x.shape[0]:  # len(x) would fix the number of steps of an exported layer
            raise ShapeError(f"input of shape {tuple(x.shape)} has no time steps: give at least one")
        check_dtype(x, self._parameters_of(0, "")[0])

    def _initial_states(self, state: Tensor | tuple[Tensor, ...] | None, x: Tensor) -> Iterator[Tensor]:
        """Return the earlier inputs of each layer and direction with n > 1; None means zeros."""
        shapes = [
            (n - 1, x.shape[1], self._size_below(layer))
            for layer, n in enumerate(self.windows)
            for _ in self._suffixes
            if n > 1
        ]
        if state is None:
            return (x.new_zeros(shape) for shape in shapes)
        tensors = (state,) if isinstance(state, Tensor) else tuple(state)
        if [tuple(s.shape) for s in tensors] != shapes:
            raise ShapeError(
                f"the state of windows {self.windows} must have shapes {shapes}, got "
                f"{[tuple(s.shape) for s in tensors]}"
            )
        for s in tensors:
            check_dtype(s, self._parameters_of(0, "")[0], "the state")
        return iter(tensors)

    def extra_repr(self) -> str:
        """Show the sizes, and the arguments that differ from their defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}, windows={self.windows}"]
        defaults = {
            "nonlinearity": "tanh",
            "dropout": 0.0,
            "locked": 0.0,
            "residual": False,
            "bidirectional": False,
        }
        parts += [f"{name}={getattr(self, name)}" for name, d in defaults.items() if getattr(self, name) != d]
        return ", ".join(parts)


def _stack_windows(padded: Tensor, n: int, documents: Tensor | None) -> Tensor:
    """Return [x_t; x_{t−1}; …; x_{t−n+1}] (T, B, n·I) of padded (n − 1 + T, B, I).

    ``documents`` (T, B) numbers the document of each step; 0 is the document of the previous call. Inputs
    from another document than that of step t are set to zero.
    """
    steps = padded.shape[0] - n + 1
    parts = [padded[n - 1 - k : n - 1 - k + steps] for k in range(n)]
    if documents is not None:
        padded_documents = _pad_front(documents, n - 1)
        for k in range(1, n):
            is_other = padded_documents[n - 1 - k : n - 1 - k + steps] != documents
            parts[k] = parts[k].masked_fill(is_other[..., None], 0.0)
    return torch.cat(parts, -1)


def _last_inputs(padded: Tensor, count: int, lengths: Tensor | None, documents: Tensor | None) -> Tensor:
    """Return the last inputs (count, B, I) before the end of each row, with zeros for earlier documents."""
    if lengths is not None:
        rows = torch.arange(padded.shape[1], device=padded.device)
        steps = torch.arange(count, device=padded.device)[:, None] + lengths.to(padded.device)
        return padded[steps, rows]
    last = padded[padded.shape[0] - count :]
    if documents is not None:
        is_other = _pad_front(documents, count)[padded.shape[0] - count :] != documents[-1]
        return last.masked_fill(is_other[..., None], 0.0)
    return last.clone()  # a view would keep the whole sequence in memory


def _pad_front(documents: Tensor, steps: int) -> Tensor:
    return torch.cat([documents.new_zeros(steps, documents.shape[1]), documents])
