"""Conversion of every kind of input that torch's layers accept to the one layout that the loop uses."""

from typing import NamedTuple

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from unrolled.backends import Lookup
from unrolled.backends.ragged import Lengths, check_lengths
from unrolled.errors import ShapeError


class TimeMajor(NamedTuple):
    """Input (T, B, I) with row lengths, and how to convert results back to the caller's layout."""

    x: Tensor | Lookup
    lengths: Tensor | None
    batch_first: bool
    unbatched: bool = False
    packed: PackedSequence | None = None

    @staticmethod
    def from_input(
        input: Tensor | PackedSequence | Lookup, lengths: Lengths | None, batch_first: bool
    ) -> "TimeMajor":
        """Convert an input: a 2-d (unbatched) or 3-d tensor, a PackedSequence, or a Lookup.

        Raises:
            ShapeError: for another number of dimensions, or if lengths= does not apply to this input.
        """
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ShapeError("a PackedSequence carries its own lengths: leave lengths= out")
            x, packed_lengths = pad_packed_sequence(input)
            return TimeMajor(x, packed_lengths, batch_first, packed=input)
        if isinstance(input, Lookup):
            return TimeMajor.from_padded(input, lengths, batch_first)
        if input.dim() == 2:
            if lengths is not None:
                raise ShapeError("lengths= needs batched input (3-d), got 2-d")
            return TimeMajor(input.unsqueeze(1), None, batch_first, unbatched=True)
        if input.dim() != 3:
            raise ShapeError(
                f"expected input (time, batch, features), (time, features) or a PackedSequence, got "
                f"{input.dim()} dimensions of shape {tuple(input.shape)}"
            )
        return TimeMajor.from_padded(input, lengths, batch_first)

    @staticmethod
    def from_padded(input: Tensor | Lookup, lengths: Lengths | None, batch_first: bool) -> "TimeMajor":
        """Convert an input that has a batch axis and a time axis."""
        x = input.transpose(0, 1) if batch_first else input
        row_lengths = None if lengths is None else check_lengths(lengths, x.shape[0], x.shape[1])
        return TimeMajor(x, row_lengths, batch_first)

    def restore(self, y: Tensor) -> Tensor | PackedSequence:
        """Convert an output (T, B, ·) to the layout of the input."""
        if self.packed is not None:
            order = self.packed.sorted_indices
            lengths = self.lengths
            assert lengths is not None
            if order is not None:
                y, lengths = y.index_select(1, order), lengths.index_select(0, order.cpu())
            return self.packed._replace(data=pack_padded_sequence(y, lengths).data)
        if self.unbatched:
            return y.squeeze(1)
        return y.transpose(0, 1) if self.batch_first else y

    def restore_state(self, state: Tensor) -> Tensor:
        """Remove the batch axis of a state (…, B, size) if the input had none."""
        return state.squeeze(-2) if self.unbatched else state

    def add_batch_axis(self, state: Tensor) -> Tensor:
        """Add a batch axis to the caller's state if the input had none."""
        return state.unsqueeze(-2) if self.unbatched else state
