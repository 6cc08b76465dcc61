"""Greedy and beam search for many sources at once; those that are done leave the batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unrolled.config import require, require_at_most
from unrolled.decoding.beam import MOST_BEAMS, MOST_NORMALISATION, Hypothesis, State, hopeless
from unrolled.decoding.repeats import repeating
from unrolled.decoding.top import top

Context = Any
"""What a step reads of each source: has ``select(rows)``, or is None."""
Advance = Callable[[Tensor, State, Context], tuple[Tensor, State]]
"""Tokens (N,), a state and a context to logits (N, V) and the next state; N = k·B rows, the k hypotheses of
a source side by side; states are (…, N, size)."""


@dataclass(frozen=True)
class SearchConfig:
    """How the best output is looked for."""

    beams: int = 5
    """Hypotheses kept at every step; 1 takes the most probable token of each (greedy)."""

    normalisation: float = 1.0
    """α of score = log p / length^α, by which hypotheses are ranked: 0 favours short ones."""

    block_repeats: int = 0
    """No sequence of so many tokens comes twice in an output; 0 lets all pass."""

    def __post_init__(self) -> None:
        require(self.beams >= 1, f"beams={self.beams}: must be at least 1")
        require_at_most(self, {"beams": MOST_BEAMS})
        require(
            0 <= self.normalisation <= MOST_NORMALISATION,
            f"normalisation={self.normalisation}: must be a number from 0 to {MOST_NORMALISATION:g}",
        )
        require(self.block_repeats >= 0, f"block_repeats={self.block_repeats}: must not be negative")


@dataclass(frozen=True, eq=False)
class Start:
    """Where a search begins."""

    first: int
    """Token that every row reads first."""
    state: State
    """(…, B, size)"""
    context: Context
    lengths: Sequence[int]
    """Tokens at most, for each source."""

    def __post_init__(self) -> None:
        require(all(n >= 1 for n in self.lengths), "a search needs a length of at least 1 for every source")

    @property
    def device(self) -> torch.device:
        """The device of the model, on which tokens and scores are kept."""
        return self.state[0].device


@torch.no_grad()
def search(
    step: Advance, start: Start, config: SearchConfig, *, end: int, banned: tuple[int, ...] = ()
) -> list[list[Hypothesis]]:
    """Return the best outputs found for each source, best first, at most ``beams`` of them.

    Args:
        step: advances the model by one token.
        start: where it begins.
        config: how to search.
        end: token that ends a hypothesis (it is part of it).
        banned: tokens never taken.
    """
    if config.beams == 1:
        return [[h] for h in _greedy(step, start, config, end, banned)]
    return _Beams(start, config, end).run(step, banned)


def _greedy(
    step: Advance, start: Start, config: SearchConfig, end: int, banned: tuple[int, ...]
) -> list[Hypothesis]:
    """Take the most probable token at every step."""
    count = len(start.lengths)
    sequences: list[list[int]] = [[] for _ in range(count)]
    scores = [0.0] * count
    active = list(range(count))
    state, context = start.state, start.context
    tokens = torch.full((count,), start.first, device=start.device)
    while active:
        logits, state = step(tokens, state, context)
        best, chosen = _best_next(logits, 1, banned, [sequences[i] for i in active], config.block_repeats)
        kept = []
        for place, (i, value, token) in enumerate(
            zip(active, best[:, 0].tolist(), chosen[:, 0].tolist(), strict=True)
        ):
            sequences[i].append(token)
            scores[i] += value
            if token != end and len(sequences[i]) < start.lengths[i]:
                kept.append(place)
        tokens = chosen[:, 0]
        if len(kept) < len(active):
            rows = torch.tensor(kept, dtype=torch.long, device=start.device)
            active = [active[place] for place in kept]
            tokens, state = tokens[rows], tuple(s.index_select(-2, rows) for s in state)
            context = context if context is None or not kept else context.select(rows)
    alpha = config.normalisation
    return [Hypothesis(s, p, p / len(s) ** alpha) for s, p in zip(sequences, scores, strict=True)]


class _Beams:
    """The hypotheses of all sources of one search."""

    def __init__(self, start: Start, config: SearchConfig, end: int) -> None:
        self.start, self.config, self.end = start, config, end
        count = len(start.lengths)
        self.done: list[list[Hypothesis]] = [[] for _ in range(count)]
        self.active = list(range(count))
        self.width = 1
        self.sequences: list[list[int]] = [[] for _ in range(count)]
        self.scores = torch.zeros(count, 1, dtype=torch.float64, device=start.device)

    def run(self, step: Advance, banned: tuple[int, ...]) -> list[list[Hypothesis]]:
        """Search to the end."""
        state, context = self.start.state, self.start.context
        tokens = torch.full((len(self.active),), self.start.first, device=self.start.device)
        position = 0
        while self.active:
            position += 1
            logits, state = step(tokens, state, context)
            live = self._sort_out(logits, position, banned)
            kept = [place for place, found in enumerate(live) if found]
            if not kept:
                break
            tokens, rows = self._go_on([live[place] for place in kept], kept)
            state = tuple(s.index_select(-2, rows) for s in state)
            if context is not None and len(kept) < len(live):
                context = context.select(torch.tensor(kept, device=self.start.device))
        return self.done

    def _sort_out(
        self, logits: Tensor, position: int, banned: tuple[int, ...]
    ) -> list[list[tuple[float, int, int]]]:
        """Keep what ends here; return (log p, row, token) of what goes on, for each active source.

        Of a source that is done nothing goes on.
        """
        beams, repeats = self.config.beams, self.config.block_repeats
        values, chosen = _best_next(logits, 2 * beams, banned, self.sequences, repeats)
        each = values.shape[1]
        total = (self.scores[:, :, None] + values.view(-1, self.width, each)).flatten(1)
        # Twice the beams: at most half of these can be endings, so enough live ones remain.
        best, where = total.topk(min(2 * beams, total.shape[1]))
        tokens = chosen.view(len(total), -1).gather(1, where)
        rows = where // each
        lists = zip(best.tolist(), rows.tolist(), tokens.tolist(), strict=True)
        return [
            self._sort_out_one(place, position, list(zip(*found, strict=True)))
            for place, found in enumerate(lists)
        ]

    def _sort_out_one(
        self, place: int, position: int, found: list[tuple[float, int, int]]
    ) -> list[tuple[float, int, int]]:
        source = self.active[place]
        length, alpha = self.start.lengths[source], self.config.normalisation
        live: list[tuple[float, int, int]] = []
        for value, row, token in found:
            if value == -torch.inf:
                continue
            at = place * self.width + row
            if token == self.end or position == length:
                tokens = [*self.sequences[at], token]
                self.done[source].append(Hypothesis(tokens, value, value / len(tokens) ** alpha))
            elif len(live) < self.config.beams:
                live.append((value, at, token))
        done = sorted(self.done[source], key=lambda h: -h.score)[: self.config.beams]
        self.done[source] = done
        if live and len(done) == self.config.beams and hopeless(live[0][0], length, alpha, done):
            return []
        return live

    def _go_on(self, live: list[list[tuple[float, int, int]]], kept: list[int]) -> tuple[Tensor, Tensor]:
        """Take over what goes on; return the tokens to read next and the row that each goes on from."""
        width = max(len(found) for found in live)
        nothing = -float("inf")
        # Rows that fill up a source with fewer hypotheses have no probability, and are never taken.
        full = [found + [(nothing, *found[0][1:])] * (width - len(found)) for found in live]
        flat = [hypothesis for found in full for hypothesis in found]
        self.sequences = [[*self.sequences[at], token] for _, at, token in flat]
        device = self.start.device
        scores = [[value for value, _, _ in found] for found in full]
        self.scores = torch.tensor(scores, dtype=torch.float64, device=device)
        self.active, self.width = [self.active[place] for place in kept], width
        tokens = torch.tensor([token for _, _, token in flat], device=device)
        return tokens, torch.tensor([at for _, at, _ in flat], device=device)


def _best_next(
    logits: Tensor, count: int, banned: tuple[int, ...], sequences: list[list[int]], repeats: int
) -> tuple[Tensor, Tensor]:
    """Return log p (N, n), float64, and tokens (N, n) of the n ≤ count best that may follow."""
    normaliser = logits.logsumexp(-1, keepdim=True)
    if banned:
        logits = logits.index_fill(-1, torch.tensor(banned, device=logits.device), -torch.inf)
    if repeats:
        pairs = [(row, token) for row, s in enumerate(sequences) for token in repeating(s, repeats)]
        if pairs:
            rows, tokens = torch.tensor(pairs, device=logits.device).unbind(1)
            logits = logits.index_put((rows, tokens), logits.new_tensor(-torch.inf))
    values, chosen = top(logits, min(count, logits.shape[-1]))
    return values.double() - normaliser.double(), chosen
