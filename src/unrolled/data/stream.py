"""A corpus as one stream of tokens, cut into rows and chunks for truncated backpropagation."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.errors import DataError


@dataclass(frozen=True)
class Chunk:
    """T steps of B rows: predict ``targets`` (T, B) from ``inputs`` (T, B).

    ``fresh`` (T, B) is true where a document begins, before whose input the state is reset; None if nowhere.
    ``lengths`` (B,) is given where rows end before T; targets past the end are ``IGNORE``. ``places`` (T, B)
    is where each target stands in reading order, of chunks that are made to be scored.
    """

    inputs: Tensor
    targets: Tensor
    fresh: Tensor | None = None
    lengths: Tensor | None = None
    places: Tensor | None = None

    def first_rows(self, rows: int) -> "Chunk":
        """Return the first rows, without steps past the end of the longest of them."""
        lengths = None if self.lengths is None else self.lengths[:rows]
        steps = len(self.inputs) if lengths is None else int(lengths.max())
        fresh = None if self.fresh is None else self.fresh[:steps, :rows]
        return Chunk(self.inputs[:steps, :rows], self.targets[:steps, :rows], fresh, lengths)


IGNORE = -100


@dataclass(frozen=True)
class TokenStream:
    """Token numbers in reading order.

    ``ids`` begins with the ``<eos>`` from which the first token is predicted, so that N + 1 ids are N
    predictions. ``starts`` are the positions of ids that open a document (0 among them).
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def predictions(self) -> int:
        """Number of tokens to predict."""
        return len(self.ids) - 1

    def split(self, fraction: float) -> tuple["TokenStream", "TokenStream"]:
        """Cut by position: the last ``fraction`` of the predictions becomes the second stream.

        The second stream begins with the last token of the first, from which its first is predicted.
        """
        cut = int(self.predictions * (1 - fraction))
        first = TokenStream(self.ids[: cut + 1], self.starts[self.starts < cut])
        later = self.starts[self.starts > cut] - cut
        second = TokenStream(self.ids[cut:], np.concatenate([np.zeros(1, np.int64), later]))
        return first, second

    def chunks(self, batch: int, steps: int) -> Iterator[Chunk]:
        """Yield the stream as ``batch`` rows side by side, ``steps`` at a time, in reading order.

        Each row is one contiguous piece; up to batch − 1 tokens at the end of the stream are left out.

        Raises:
            DataError: if there is less than one prediction a row.
        """
        length = self._row_length(batch)
        used = length * batch
        inputs = torch.from_numpy(self.ids[:used]).view(batch, length).t()
        targets = torch.from_numpy(self.ids[1 : used + 1]).view(batch, length).t()
        opens = np.zeros(used, dtype=bool)
        opens[self.starts[self.starts < used]] = True
        fresh = torch.from_numpy(opens).view(batch, length).t()
        for begin in range(0, length, steps):
            part = slice(begin, begin + steps)
            here = fresh[part]
            yield Chunk(inputs[part], targets[part], here if bool(here.any()) else None)

    def documents(self, rows: int, steps: int) -> Iterator[Iterator[Chunk]]:
        """Yield groups of up to ``rows`` documents, each group as its chunks in reading order.

        Documents do not see each other's state, so that reading them side by side gives the numbers of
        reading them one after another. A group is sorted by length, longest first: a chunk holds only the
        rows that go on, so that its rows are the first rows of the chunk before.
        """
        edges = np.append(self.starts, self.predictions)
        spans = [(int(b), int(e)) for b, e in itertools.pairwise(edges) if e > b]
        spans.sort(key=lambda span: span[0] - span[1])
        for first in range(0, len(spans), rows):
            yield self._side_by_side(spans[first : first + rows], steps)

    def _side_by_side(self, spans: list[tuple[int, int]], steps: int) -> Iterator[Chunk]:
        longest = spans[0][1] - spans[0][0]
        for offset in range(0, longest, steps):
            going = [(b + offset, e) for b, e in spans if b + offset < e]
            lengths = torch.tensor([min(e - b, steps) for b, e in going])
            inputs = torch.zeros(int(lengths.max()), len(going), dtype=torch.int64)
            targets = torch.full_like(inputs, IGNORE)
            places = torch.zeros_like(inputs)
            for column, ((b, _), n) in enumerate(zip(going, lengths.tolist(), strict=True)):
                places[:n, column] = torch.arange(b, b + n)
                inputs[:n, column] = torch.from_numpy(self.ids[b : b + n])
                targets[:n, column] = torch.from_numpy(self.ids[b + 1 : b + n + 1])
            ragged = None if lengths.min() == len(inputs) else lengths
            yield Chunk(inputs, targets, lengths=ragged, places=places)

    def chunk_count(self, batch: int, steps: int) -> int:
        """Return how many chunks :meth:`chunks` yields; raises as it does."""
        return -(-self._row_length(batch) // steps)

    def _row_length(self, batch: int) -> int:
        """Return how many predictions a row has; raise DataError if there is less than one."""
        if self.predictions < batch:
            raise DataError(
                f"the text has {self.predictions} tokens to predict, too few for {batch} rows: "
                "give more text or a smaller batch"
            )
        return self.predictions // batch


def join_documents(encoded: Sequence[NDArray[np.int64]], eos: int, *, ends_lines: bool) -> TokenStream:
    """Join documents into one stream, opened by ``<eos>``.

    Args:
        encoded: token numbers of each document.
        eos: number of ``<eos>``.
        ends_lines: whether every line ends with ``<eos>`` already; each document then must end with one
            (added if its last line is open) and the next document is predicted from it. Otherwise one
            ``<eos>`` stands between documents.
    """
    parts: list[NDArray[np.int64]] = [np.array([eos], dtype=np.int64)]
    starts: list[int] = []
    position = 0
    mark = np.array([eos], dtype=np.int64)
    for number, ids in enumerate(encoded):
        starts.append(position)
        closing = ends_lines and (len(ids) == 0 or ids[-1] != eos)
        separating = not ends_lines and number < len(encoded) - 1
        piece = np.concatenate([ids, mark]) if closing or separating else ids
        parts.append(piece)
        position += len(piece)
    return TokenStream(np.concatenate(parts), np.array(starts, dtype=np.int64))
