"""Greedy and beam search with torch for a batch of sources; finished sources leave the batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unrolled.arrays import Ids, Numbers
from unrolled.decoding.beam import State
from unrolled.decoding.config import SearchConfig
from unrolled.decoding.hypothesis import Hypothesis
from unrolled.decoding.row_search import Excluded, Limits, search_rows
from unrolled.decoding.top import top_k

Context = Any
"""Input of every step that depends on the source, with a method ``select(rows)``; or None."""
Advance = Callable[[Tensor, State, Context], tuple[Tensor, State]]
"""Function of tokens (N,), a state and a context that returns logits (N, V) and the next state. N = k·B rows:
the k hypotheses of a source are adjacent. States are (…, N, size)."""


@dataclass(frozen=True, eq=False)
class Start:
    """Initial inputs of a search."""

    first: int
    """First input token of every row."""
    state: State
    """(…, B, size)"""
    context: Context
    lengths: Sequence[int]
    """Largest number of output tokens for each source."""


@torch.no_grad()
def search(
    step: Advance, start: Start, config: SearchConfig, *, end: int, banned: tuple[int, ...] = ()
) -> list[list[Hypothesis]]:
    """Return the best hypotheses for each source, best first, at most ``beams`` of them.

    Args:
        step: function that advances the model by one token.
        start: initial inputs.
        config: options of the search.
        end: end-of-sequence token, which is part of the hypothesis.
        banned: tokens that are never generated.

    Raises:
        ConfigError: if a source has a length below 1.
    """
    limits = Limits(start.first, end, start.lengths, banned)
    return search_rows(_TorchRows(step, start.state, start.context), limits, config)


class _TorchRows:
    """The rows of a search in a torch model; see :class:`unrolled.decoding.row_search.Rows`."""

    def __init__(self, step: Advance, state: State, context: Context) -> None:
        self._step, self._state, self._context = step, state, context
        self._device = state[0].device

    def step(self, tokens: Ids, count: int, excluded: Excluded) -> tuple[Numbers, Ids]:
        """Read one token in each row; see :meth:`Rows.step`."""
        read = torch.from_numpy(tokens).to(self._device)
        logits, self._state = self._step(read, self._state, self._context)
        normaliser = logits.logsumexp(-1, keepdim=True)
        if excluded.everywhere:
            everywhere = torch.tensor(excluded.everywhere, device=logits.device)
            logits = logits.index_fill(-1, everywhere, -torch.inf)
        if excluded.single:
            places = torch.tensor(excluded.single, device=logits.device).unbind(1)
            logits = logits.index_put(places, logits.new_tensor(-torch.inf))
        values, chosen = top_k(logits, min(count, logits.shape[-1]))
        return (values.double() - normaliser.double()).cpu().numpy(), chosen.cpu().numpy()

    def select(self, rows: Sequence[int], sources: Sequence[int] | None) -> None:
        """Continue with these rows and sources; see :meth:`Rows.select`."""
        index = torch.tensor(rows, device=self._device)
        self._state = tuple(s.index_select(-2, index) for s in self._state)
        if self._context is not None and sources is not None:
            self._context = self._context.select(torch.tensor(sources, device=self._device))
