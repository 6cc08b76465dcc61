"""A corpus as one stream of tokens, cut into rows and chunks for truncated backpropagation."""

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
    ``lengths`` (B,) is given where rows end before T; targets past the end are ``IGNORE``.
    """

    inputs: Tensor
    targets: Tensor
    fresh: Tensor | None = None
    lengths: Tensor | None = None


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
        held_out = int(self.predictions * fraction)
        cut = self.predictions - held_out
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
        length = self.predictions // batch
        if length < 1:
            raise DataError(
                f"the text has {self.predictions} tokens to predict, too few for {batch} rows: "
                "give more text or a smaller batch"
            )
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

    def chunk_count(self, batch: int, steps: int) -> int:
        """Return how many chunks :meth:`chunks` yields."""
        return -(-(self.predictions // batch) // steps)


def join_documents(
    encoded: Sequence[NDArray[np.int64]], eos: int, *, ends_lines: bool
) -> TokenStream:
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
