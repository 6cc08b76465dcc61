"""Greedy and beam search for a batch of sources; finished sources leave the batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unrolled.config import require, require_at_most
from unrolled.decoding.beam import MOST_BEAMS, MOST_NORMALISATION, Hypothesis, State, cannot_improve
from unrolled.decoding.repeats import tokens_that_repeat
from unrolled.decoding.top import top_k

Live = tuple[float, int, int]
"""A live hypothesis: log p, its row before this step, and its next token."""
Context = Any
"""Input of every step that depends on the source, with a method ``select(rows)``; or None."""
Advance = Callable[[Tensor, State, Context], tuple[Tensor, State]]
"""Function of tokens (N,), a state and a context that returns logits (N, V) and the next state. N = k·B rows:
the k hypotheses of a source are adjacent. States are (…, N, size)."""


@dataclass(frozen=True)
class SearchConfig:
    """Options of the search for the best output."""

    beams: int = 5
    """Number of hypotheses kept at every step; 1 is greedy search."""

    normalisation: float = 1.0
    """α in score = log p / length^α, which ranks the hypotheses; 0 favours short ones."""

    block_repeats: int = 0
    """Length n of the n-grams that may occur only once in an output; 0 allows all repetitions."""

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
    """Initial inputs of a search."""

    first: int
    """First input token of every row."""
    state: State
    """(…, B, size)"""
    context: Context
    lengths: Sequence[int]
    """Largest number of output tokens for each source."""

    def __post_init__(self) -> None:
        require(all(n >= 1 for n in self.lengths), "a search needs a length of at least 1 for every source")

    @property
    def device(self) -> torch.device:
        """The device of the model, which also holds tokens and scores."""
        return self.state[0].device


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
    """
    if config.beams == 1:
        return [[h] for h in _greedy(step, start, config, end, banned)]
    return _Beams(start, config, end).run(step, banned)


def _greedy(
    step: Advance, start: Start, config: SearchConfig, end: int, banned: tuple[int, ...]
) -> list[Hypothesis]:
    """Greedy search: take the most probable token at every step."""
    count = len(start.lengths)
    sequences: list[list[int]] = [[] for _ in range(count)]
    scores = [0.0] * count
    active = list(range(count))
    state, context = start.state, start.context
    tokens = torch.full((count,), start.first, device=start.device)
    while active:
        logits, state = step(tokens, state, context)
        best, chosen = _best_next(logits, 1, banned, [sequences[i] for i in active], config.block_repeats)
        unfinished = []
        for place, (i, value, token) in enumerate(
            zip(active, best[:, 0].tolist(), chosen[:, 0].tolist(), strict=True)
        ):
            sequences[i].append(token)
            scores[i] += value
            if token != end and len(sequences[i]) < start.lengths[i]:
                unfinished.append(place)
        tokens = chosen[:, 0]
        if len(unfinished) < len(active):
            rows = torch.tensor(unfinished, dtype=torch.long, device=start.device)
            active = [active[place] for place in unfinished]
            tokens, state = tokens[rows], tuple(s.index_select(-2, rows) for s in state)
            context = context if context is None or not unfinished else context.select(rows)
    alpha = config.normalisation
    return [Hypothesis(s, p, p / len(s) ** alpha) for s, p in zip(sequences, scores, strict=True)]


class _Beams:
    """State of one beam search: the hypotheses of all sources."""

    def __init__(self, start: Start, config: SearchConfig, end: int) -> None:
        self.start, self.config, self.end = start, config, end
        count = len(start.lengths)
        self.done: list[list[Hypothesis]] = [[] for _ in range(count)]
        self.active = list(range(count))
        self.width = 1
        self.sequences: list[list[int]] = [[] for _ in range(count)]
        self.scores = torch.zeros(count, 1, dtype=torch.float64, device=start.device)

    def run(self, step: Advance, banned: tuple[int, ...]) -> list[list[Hypothesis]]:
        """Run the search until all sources are finished."""
        state, context = self.start.state, self.start.context
        tokens = torch.full((len(self.active),), self.start.first, device=self.start.device)
        position = 0
        while self.active:
            position += 1
            logits, state = step(tokens, state, context)
            live = self._select(logits, position, banned)
            unfinished = [place for place, hypotheses in enumerate(live) if hypotheses]
            if not unfinished:
                break
            tokens, rows = self._advance([live[place] for place in unfinished], unfinished)
            state = tuple(s.index_select(-2, rows) for s in state)
            if context is not None and len(unfinished) < len(live):
                context = context.select(torch.tensor(unfinished, device=self.start.device))
        return self.done

    def _select(self, logits: Tensor, position: int, banned: tuple[int, ...]) -> list[list[Live]]:
        """Store the hypotheses that end at this position; return the live ones for each active source.

        The list of a finished source is empty.
        """
        beams, repeats = self.config.beams, self.config.block_repeats
        values, chosen = _best_next(logits, 2 * beams, banned, self.sequences, repeats)
        per_row = values.shape[1]
        total = (self.scores[:, :, None] + values.view(-1, self.width, per_row)).flatten(1)
        # Twice the beams: at most half of these candidates can end, so enough live ones remain.
        best, indices = total.topk(min(2 * beams, total.shape[1]))
        tokens = chosen.view(len(total), -1).gather(1, indices)
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
        length, alpha = self.start.lengths[source], self.config.normalisation
        live: list[Live] = []
        for value, previous, token in candidates:
            if value == -torch.inf:
                continue
            row = place * self.width + previous
            if token == self.end or position == length:
                tokens = [*self.sequences[row], token]
                self.done[source].append(Hypothesis(tokens, value, value / len(tokens) ** alpha))
            elif len(live) < self.config.beams:
                live.append((value, row, token))
        done = sorted(self.done[source], key=lambda h: -h.score)[: self.config.beams]
        self.done[source] = done
        if live and len(done) == self.config.beams and cannot_improve(live[0][0], length, alpha, done):
            return []
        return live

    def _advance(self, live: list[list[Live]], unfinished: list[int]) -> tuple[Tensor, Tensor]:
        """Continue with the live hypotheses; return the next input tokens and the previous row of each."""
        width = max(len(hypotheses) for hypotheses in live)
        impossible = -float("inf")
        # Sources with fewer hypotheses are padded with rows of probability 0, which are never selected.
        padded = [
            hypotheses + [(impossible, *hypotheses[0][1:])] * (width - len(hypotheses)) for hypotheses in live
        ]
        flat = [hypothesis for hypotheses in padded for hypothesis in hypotheses]
        self.sequences = [[*self.sequences[row], token] for _, row, token in flat]
        device = self.start.device
        scores = [[value for value, _, _ in hypotheses] for hypotheses in padded]
        self.scores = torch.tensor(scores, dtype=torch.float64, device=device)
        self.active, self.width = [self.active[place] for place in unfinished], width
        tokens = torch.tensor([token for _, _, token in flat], device=device)
        return tokens, torch.tensor([row for _, row, _ in flat], device=device)


def _best_next(
    logits: Tensor, count: int, banned: tuple[int, ...], sequences: list[list[int]], repeats: int
) -> tuple[Tensor, Tensor]:
    """Return log p (N, n), float64, and tokens (N, n) of the n ≤ count best allowed next tokens."""
    normaliser = logits.logsumexp(-1, keepdim=True)
    if banned:
        logits = logits.index_fill(-1, torch.tensor(banned, device=logits.device), -torch.inf)
    if repeats:
        pairs = [(row, token) for row, s in enumerate(sequences) for token in tokens_that_repeat(s, repeats)]
        if pairs:
            rows, tokens = torch.tensor(pairs, device=logits.device).unbind(1)
            logits = logits.index_put((rows, tokens), logits.new_tensor(-torch.inf))
    values, chosen = top_k(logits, min(count, logits.shape[-1]))
    return values.double() - normaliser.double(), chosen
