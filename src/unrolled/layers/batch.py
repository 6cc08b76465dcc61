"""One form for every kind of input: torch's layers take five, the loop takes one."""

from typing import NamedTuple

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from unrolled.backends import Lookup
from unrolled.backends.ragged import Lengths, check_lengths
from unrolled.errors import ShapeError


class TimeMajor(NamedTuple):
    """Input as (T, B, I) with the lengths of its rows, and the way back to the caller's form."""

    x: Tensor | Lookup
    lengths: Tensor | None
    batch_first: bool
    unbatched: bool = False
    packed: PackedSequence | None = None

    @staticmethod
    def of(
        input: Tensor | PackedSequence | Lookup, lengths: Lengths | None, batch_first: bool
    ) -> "TimeMajor":
        """Bring a 2-d (unbatched), 3-d, packed or looked-up input into one form.

        Raises:
            ShapeError: for another number of dimensions, or lengths where they do not belong.
        """
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ShapeError("a PackedSequence carries its own lengths: leave lengths= out")
            x, own = pad_packed_sequence(input)
            return TimeMajor(x, own, batch_first, packed=input)
        if isinstance(input, Lookup):
            return TimeMajor.padded(input, lengths, batch_first)
        if input.dim() == 2:
            if lengths is not None:
                raise ShapeError("lengths= needs batched input (3-d), got 2-d")
            return TimeMajor(input.unsqueeze(1), None, batch_first, unbatched=True)
        if input.dim() != 3:
            raise ShapeError(
                f"expected input (time, batch, features), (time, features) or a PackedSequence, got "
                f"{input.dim()} dimensions of shape {tuple(input.shape)}"
            )
        return TimeMajor.padded(input, lengths, batch_first)

    @staticmethod
    def padded(input: Tensor | Lookup, lengths: Lengths | None, batch_first: bool) -> "TimeMajor":
        """Bring an input with batch and time axes into the form."""
        x = input.transpose(0, 1) if batch_first else input
        checked = None if lengths is None else check_lengths(lengths, x.shape[0], x.shape[1])
        return TimeMajor(x, checked, batch_first)

    def restore(self, y: Tensor) -> Tensor | PackedSequence:
        """Return an output (T, B, ·) in the form in which the input came."""
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
        """Return a state (…, B, size), without its batch axis if the input had none."""
        return state.squeeze(-2) if self.unbatched else state

    def take_state(self, state: Tensor) -> Tensor:
        """Return a caller's state with a batch axis."""
        return state.unsqueeze(-2) if self.unbatched else state
