"""Beam search: the most probable sequences, approximately."""

from collections.abc import Callable

import torch
from torch import Tensor

from unrolled.decoding.config import MOST_BEAMS, MOST_NORMALISATION
from unrolled.decoding.hypothesis import Hypothesis, cannot_improve
from unrolled.errors import ConfigError

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], tuple[Tensor, State]]
"""Function of tokens (B,) and a state that returns logits (B, V) and the next state. States: (…, B, size)."""


@torch.no_grad()
def beam_search(
    step: Step,
    logits: Tensor,
    state: State,
    *,
    length: int,
    beams: int,
    end: int | None = None,
    normalisation: float = 0.0,
    banned: tuple[int, ...] = (),
) -> list[Hypothesis]:
    """Return the best hypotheses, best first, at most ``beams`` of them.

    Args:
        step: function that advances the model by one token.
        logits: (1, V), the distribution of the first token.
        state: the state after the prompt, for one row.
        length: largest number of tokens.
        beams: number of hypotheses kept at every step.
        end: end-of-sequence token, which is part of the hypothesis; None runs all hypotheses to ``length``.
        normalisation: α in score = log p / length^α; 0 is none, 1 the mean log probability.
        banned: tokens that are never generated.
    """
    if length < 1 or beams < 1:
        raise ConfigError(f"beam search needs length ≥ 1 and beams ≥ 1, got {length} and {beams}")
    if beams > MOST_BEAMS:
        raise ConfigError(f"beams={beams}: must be at most {MOST_BEAMS}")
    if not 0 <= normalisation <= MOST_NORMALISATION:
        raise ConfigError(f"normalisation={normalisation}: must be a number from 0 to {MOST_NORMALISATION:g}")
    device = logits.device
    scores = torch.zeros(1, dtype=torch.float64, device=device)
    sequences: list[list[int]] = [[]]
    done: list[Hypothesis] = []
    for position in range(1, length + 1):
        log_p = logits.double().log_softmax(-1)
        for token in banned:
            log_p[:, token] = -torch.inf
        total = (scores[:, None] + log_p).flatten()
        vocabulary = log_p.shape[1]
        # Twice the beams: at most half of these candidates can end, so enough live ones remain.
        best, indices = total.topk(min(2 * beams, total.numel()))
        live: list[tuple[float, int, int]] = []
        for value, index in zip(best.tolist(), indices.tolist(), strict=True):
            if value == -torch.inf:
                continue
            row, token = divmod(index, vocabulary)
            if token == end or position == length:
                tokens = [*sequences[row], token]
                done.append(Hypothesis(tokens, value, value / len(tokens) ** normalisation))
            elif len(live) < beams:
                live.append((value, row, token))
        done = sorted(done, key=lambda h: -h.score)[:beams]
        if not live or (len(done) == beams and cannot_improve(live[0][0], length, normalisation, done)):
            break
        rows = torch.tensor([row for _, row, _ in live], device=device)
        tokens_now = torch.tensor([token for _, _, token in live], device=device)
        sequences = [[*sequences[row], token] for _, row, token in live]
        scores = torch.tensor([value for value, _, _ in live], dtype=torch.float64, device=device)
        logits, state = step(tokens_now, tuple(s.index_select(-2, rows) for s in state))
    return done
