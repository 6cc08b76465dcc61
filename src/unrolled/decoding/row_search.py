"""Greedy and beam search for a batch of sources, on any implementation of the model.

The bookkeeping is here: which hypotheses live, which are finished, and which rows continue. The model is
behind :class:`Rows`, with torch (:mod:`unrolled.decoding.batch`) or without.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.config import require
from unrolled.decoding.config import SearchConfig
from unrolled.decoding.hypothesis import Hypothesis, cannot_improve
from unrolled.decoding.largest import largest
from unrolled.decoding.repeats import tokens_that_repeat

Live = tuple[float, int, int]
"""A live hypothesis: log p, its row before this step, and its next token."""


class Excluded(NamedTuple):
    """Tokens that may not come next."""

    everywhere: tuple[int, ...]
    """Excluded in all rows."""
    single: list[tuple[int, int]]
    """(row, token): excluded in one row."""


class Rows(Protocol):
    """A model with a batch of hypotheses, N = k·B rows: the k hypotheses of a source are adjacent."""

    def step(self, tokens: Ids, count: int, excluded: Excluded) -> tuple[Numbers, Ids]:
        """Read the tokens (N,); return log p (N, n) of the n ≤ count best next tokens and the tokens (N, n).

        The best comes first.
        """

    def select(self, rows: Sequence[int], sources: Sequence[int] | None) -> None:
        """Continue with copies of these rows, and with these sources; None keeps all sources."""


class Limits(NamedTuple):
    """What begins and ends the hypotheses."""

    first: int
    """First input token of every row."""
    end: int
    """End-of-sequence token, which is part of a hypothesis."""
    lengths: Sequence[int]
    """Largest number of output tokens for each source."""
    banned: tuple[int, ...] = ()
    """Tokens that are never generated."""


def search_rows(rows: Rows, limits: Limits, config: SearchConfig) -> list[list[Hypothesis]]:
    """Return the best hypotheses for each source, best first, at most ``config.beams`` of them.

    Candidates with the same probability are taken in the order of their tokens.

    Raises:
        ConfigError: if a source has a length below 1.
    """
    require(all(n >= 1 for n in limits.lengths), "a search needs a length of at least 1 for every source")
    if config.beams == 1:
        return [[h] for h in _search_greedily(rows, limits, config)]
    return _Beams(limits, config).run(rows)


def _search_greedily(rows: Rows, limits: Limits, config: SearchConfig) -> list[Hypothesis]:
    """Take the most probable token at every step."""
    count = len(limits.lengths)
    sequences: list[list[int]] = [[] for _ in range(count)]
    scores = [0.0] * count
    active = list(range(count))
    tokens = np.full(count, limits.first)
    while active:
        excluded = _exclude(limits.banned, [sequences[i] for i in active], config.block_repeats)
        best, chosen = rows.step(tokens, 1, excluded)
        tokens, unfinished = chosen[:, 0], []
        for place, (i, value, token) in enumerate(
            zip(active, best[:, 0].tolist(), tokens.tolist(), strict=True)
        ):
            sequences[i].append(token)
            scores[i] += value
            if token != limits.end and len(sequences[i]) < limits.lengths[i]:
                unfinished.append(place)
        if len(unfinished) < len(active):
            active, tokens = [active[place] for place in unfinished], tokens[unfinished]
            if active:
                rows.select(unfinished, unfinished)
    alpha = config.normalisation
    return [Hypothesis(s, p, p / len(s) ** alpha) for s, p in zip(sequences, scores, strict=True)]


class _Beams:
    """State of one beam search: the hypotheses of all sources."""

    def __init__(self, limits: Limits, config: SearchConfig) -> None:
        self.limits, self.config = limits, config
        count = len(limits.lengths)
        self.done: list[list[Hypothesis]] = [[] for _ in range(count)]
        self.active = list(range(count))
        self.width = 1
        self.sequences: list[list[int]] = [[] for _ in range(count)]
        self.scores = np.zeros((count, 1))

    def run(self, rows: Rows) -> list[list[Hypothesis]]:
        """Run the search until all sources are finished."""
        tokens = np.full(len(self.active), self.limits.first)
        position = 0
        while self.active:
            position += 1
            excluded = _exclude(self.limits.banned, self.sequences, self.config.block_repeats)
            values, chosen = rows.step(tokens, 2 * self.config.beams, excluded)
            live = self._select(values, chosen, position)
            unfinished = [place for place, hypotheses in enumerate(live) if hypotheses]
            if not unfinished:
                break
            tokens, previous = self._advance([live[place] for place in unfinished], unfinished)
            rows.select(previous, unfinished if len(unfinished) < len(live) else None)
        return self.done

    def _select(self, values: Numbers, chosen: Ids, position: int) -> list[list[Live]]:
        """Store the hypotheses that end at this position; return the live ones for each active source.

        The list of a finished source is empty.

        Args:
            values: log p (N, n) of the best next tokens of each row.
            chosen: these tokens, (N, n).
            position: number of tokens of the hypotheses after this step.
        """
        sources, per_row = len(self.active), values.shape[1]
        total = (self.scores[:, :, None] + values.reshape(sources, self.width, per_row)).reshape(sources, -1)
        # Twice the beams: at most half of these candidates can end, so enough live ones remain.
        best, indices = largest(total, min(2 * self.config.beams, total.shape[1]))
        tokens = np.take_along_axis(chosen.reshape(sources, -1), indices, axis=1)
        previous = indices // per_row  # index of the extended hypothesis among those of its source
        lists = zip(best.tolist(), previous.tolist(), tokens.tolist(), strict=True)
        return [
            self._select_for_source(place, position, list(zip(*candidates, strict=True)))
            for place, candidates in enumerate(lists)
        ]

    def _select_for_source(
        self, place: int, position: int, candidates: list[tuple[float, int, int]]
    ) -> list[Live]:
        """Store the candidates of one source, (log p, hypothesis, token), that end; return the live ones."""
        source = self.active[place]
        length, alpha = self.limits.lengths[source], self.config.normalisation
        live: list[Live] = []
        for value, previous, token in candidates:
            if value == -math.inf:
                continue
            row = place * self.width + previous
            if token == self.limits.end or position == length:
                tokens = [*self.sequences[row], token]
                self.done[source].append(Hypothesis(tokens, value, value / len(tokens) ** alpha))
            elif len(live) < self.config.beams:
                live.append((value, row, token))
        done = sorted(self.done[source], key=lambda h: -h.score)[: self.config.beams]
        self.done[source] = done
        if live and len(done) == self.config.beams and cannot_improve(live[0][0], length, alpha, done):
            return []
        return live

    def _advance(self, live: list[list[Live]], unfinished: list[int]) -> tuple[Ids, list[int]]:
        """Continue with the live hypotheses; return the next input tokens and the previous row of each."""
        width = max(len(hypotheses) for hypotheses in live)
        # Sources with fewer hypotheses are padded with rows of probability 0, which are never selected.
        padded = [
            hypotheses + [(-math.inf, *hypotheses[0][1:])] * (width - len(hypotheses)) for hypotheses in live
        ]
        flat = [hypothesis for hypotheses in padded for hypothesis in hypotheses]
        self.sequences = [[*self.sequences[row], token] for _, row, token in flat]
        self.scores = np.array([[value for value, _, _ in hypotheses] for hypotheses in padded])
        self.active, self.width = [self.active[place] for place in unfinished], width
        return np.array([token for _, _, token in flat]), [row for _, row, _ in flat]


def _exclude(banned: tuple[int, ...], sequences: Sequence[Sequence[int]], repeats: int) -> Excluded:
    """Return the tokens that may not come next; no sequence may repeat an n-gram of size ``repeats``."""
    if not repeats:
        return Excluded(banned, [])
    pairs = [(row, token) for row, s in enumerate(sequences) for token in tokens_that_repeat(s, repeats)]
    return Excluded(banned, pairs)
