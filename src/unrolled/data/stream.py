"""Corpus as one stream of tokens, cut into rows and chunks for truncated backpropagation."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError
from unrolled.wording import counted

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Chunk:
    """Batch of B rows and T steps: predict ``targets`` (T, B) from ``inputs`` (T, B).

    ``reset_mask`` (T, B) is True at the first token of a document, before which the state is reset; None
    if no document begins in the chunk. ``lengths`` (B,) is set if some rows are shorter than T; targets
    after the end of a row are ``IGNORE``. ``places`` (T, B) is the position of each target in reading
    order; None in the chunks of :meth:`TokenStream.chunks`.
    """

    inputs: "Tensor"
    targets: "Tensor"
    reset_mask: "Tensor | None" = None
    lengths: "Tensor | None" = None
    places: "Tensor | None" = None

    def first_rows(self, rows: int) -> "Chunk":
        """Return the first ``rows`` rows, without the time steps that are padding in all of them."""
        lengths = None if self.lengths is None else self.lengths[:rows]
        steps = len(self.inputs) if lengths is None else int(lengths.max())
        reset_mask = None if self.reset_mask is None else self.reset_mask[:steps, :rows]
        return Chunk(self.inputs[:steps, :rows], self.targets[:steps, :rows], reset_mask, lengths)


IGNORE = -100
"""Target of padding steps, ignored by the loss."""


@dataclass(frozen=True)
class TokenStream:
    """Token ids of a corpus in reading order.

    ``ids`` begins with an ``<eos>``, from which the first token is predicted: N + 1 ids give N predictions.
    ``starts`` are the positions in ``ids`` at which a document begins, 0 included.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def predictions(self) -> int:
        """Number of tokens to predict."""
        return len(self.ids) - 1

    def split(self, fraction: float) -> tuple["TokenStream", "TokenStream"]:
        """Split by position: the last ``fraction`` of the predictions becomes the second stream.

        The second stream begins with the last token of the first, from which its first token is predicted.
        """
        cut = int(self.predictions * (1 - fraction))
        first = TokenStream(self.ids[: cut + 1], self.starts[self.starts < cut])
        later_starts = self.starts[self.starts > cut] - cut
        second = TokenStream(self.ids[cut:], np.concatenate([np.zeros(1, np.int64), later_starts]))
        return first, second

    def chunks(self, batch: int, steps: int) -> Iterator[Chunk]:
        """Yield chunks of ``batch`` rows and ``steps`` steps, in reading order.

        Each row is a contiguous piece of the stream; up to batch − 1 tokens at the end are left out.

        Raises:
            DataError: if there is less than one prediction per row.
        """
        import torch

        length = self._row_length(batch)
        used = length * batch
        inputs = torch.from_numpy(self.ids[:used]).view(batch, length).t()
        targets = torch.from_numpy(self.ids[1 : used + 1]).view(batch, length).t()
        is_start = np.zeros(used, dtype=bool)
        is_start[self.starts[self.starts < used]] = True
        reset_mask = torch.from_numpy(is_start).view(batch, length).t()
        for begin in range(0, length, steps):
            part = slice(begin, begin + steps)
            resets = reset_mask[part]
            yield Chunk(inputs[part], targets[part], resets if bool(resets.any()) else None)

    def documents(self, rows: int, steps: int) -> Iterator[Iterator[Chunk]]:
        """Yield groups of up to ``rows`` documents, each group as an iterator of its chunks.

        Documents do not share state, so that reading them in parallel gives the same result as reading them
        one after another. A group is sorted by length, longest first. A chunk contains only the documents
        that have not ended, so its rows are the first rows of the chunk before.
        """
        edges = np.append(self.starts, self.predictions)
        spans = [(int(b), int(e)) for b, e in itertools.pairwise(edges) if e > b]
        spans.sort(key=lambda span: span[0] - span[1])
        for first in range(0, len(spans), rows):
            yield self._parallel_chunks(spans[first : first + rows], steps)

    def _parallel_chunks(self, spans: list[tuple[int, int]], steps: int) -> Iterator[Chunk]:
        import torch

        longest = spans[0][1] - spans[0][0]
        for offset in range(0, longest, steps):
            active = [(b + offset, e) for b, e in spans if b + offset < e]
            lengths = torch.tensor([min(e - b, steps) for b, e in active])
            inputs = torch.zeros(int(lengths.max()), len(active), dtype=torch.int64)
            targets = torch.full_like(inputs, IGNORE)
            places = torch.zeros_like(inputs)
            for column, ((b, _), n) in enumerate(zip(active, lengths.tolist(), strict=True)):
                places[:n, column] = torch.arange(b, b + n)
                inputs[:n, column] = torch.from_numpy(self.ids[b : b + n])
                targets[:n, column] = torch.from_numpy(self.ids[b + 1 : b + n + 1])
            ragged = None if lengths.min() == len(inputs) else lengths
            yield Chunk(inputs, targets, lengths=ragged, places=places)

    def chunk_count(self, batch: int, steps: int) -> int:
        """Return the number of chunks that :meth:`chunks` yields; raise as it does."""
        return -(-self._row_length(batch) // steps)

    def _row_length(self, batch: int) -> int:
        """Return the number of predictions per row; raise DataError if there is less than one."""
        if self.predictions < batch:
            raise DataError(
                f"the text has {counted(self.predictions, 'token')} to predict, too few for {batch} rows: "
                "give more text or a smaller batch"
            )
        return self.predictions // batch


def join_documents(encoded: Sequence[NDArray[np.int64]], eos: int, *, ends_lines: bool) -> TokenStream:
    """Join documents into one stream that begins with ``<eos>``.

    Args:
        encoded: token ids of each document.
        eos: id of ``<eos>``.
        ends_lines: True if every line already ends with ``<eos>``; then ``<eos>`` is added only to documents
            whose last line lacks it. Otherwise one ``<eos>`` is inserted between documents.
    """
    parts: list[NDArray[np.int64]] = [np.array([eos], dtype=np.int64)]
    starts: list[int] = []
    position = 0
    separator = np.array([eos], dtype=np.int64)
    for number, ids in enumerate(encoded):
        starts.append(position)
        closing = ends_lines and (len(ids) == 0 or ids[-1] != eos)
        separating = not ends_lines and number < len(encoded) - 1
        piece = np.concatenate([ids, separator]) if closing or separating else ids
        parts.append(piece)
        position += len(piece)
    return TokenStream(np.concatenate(parts), np.array(starts, dtype=np.int64))
