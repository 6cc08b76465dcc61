"""Linear-chain conditional random field: scores all tags of a sequence jointly (Lafferty et al. 2001)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from unrolled.errors import ConfigError, ShapeError


class Moves(NamedTuple):
    """Scores of the first tag (K,), of transitions from tag to tag (K, K), and of the last tag (K,)."""

    start: Tensor
    transition: Tensor
    end: Tensor


@torch.no_grad()
def viterbi(emissions: Tensor, lengths: Tensor, moves: Moves) -> Tensor:
    """Return the tags (T, B) with the highest sum of scores (Viterbi 1967); zero past the end of a row.

    Args:
        emissions: scores of each step's tags, (T, B, K), T at least 1.
        lengths: number of steps of each row, (B,), each at least 1.
        moves: scores of the K tags.
    """
    steps, rows, size = emissions.shape
    score = moves.start + emissions[0]
    backpointers = torch.zeros(steps, rows, size, dtype=torch.long, device=emissions.device)
    for t in range(1, steps):
        value, backpointers[t] = (score[:, :, None] + moves.transition).max(1)
        score = torch.where((t < lengths)[:, None], value + emissions[t], score)
    tags = torch.zeros(steps, rows, dtype=torch.long, device=emissions.device)
    tag = (score + moves.end).argmax(1)
    for t in range(steps - 1, -1, -1):
        inside = t < lengths
        tags[t] = torch.where(inside, tag, 0)
        tag = torch.where(inside, backpointers[t].gather(1, tag[:, None]).squeeze(1), tag)
    return tags


class LinearChainCRF(nn.Module):
    """Linear-chain CRF: p(y | e) = exp(s(e, y)) / Σ_y' exp(s(e, y')) over all tag sequences.

    s(e, y) = start[y_1] + Σ_t e_t[y_t] + Σ_t transition[y_t, y_(t+1)] + end[y_T]. Both algorithms are exact:
    the forward algorithm computes the sum, the Viterbi algorithm finds the best sequence.

    Args:
        tags: K, number of tags, at least 1.

    Raises:
        ConfigError: if ``tags`` is not a positive integer.
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        if not isinstance(tags, int) or isinstance(tags, bool) or tags < 1:
            raise ConfigError(f"LinearChainCRF: tags={tags!r} must be a positive integer")
        self.tags = tags
        self.transition = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return ln Σ_y exp(s(e, y)) of each row, (B,).

        Args:
            emissions: e, (T, B, K).
            lengths: number of steps of each row, (B,), each at least 1.

        Raises:
            ShapeError: if a size does not fit.
        """
        self._check(emissions, lengths)
        forward = self.start + emissions[0]
        for t in range(1, len(emissions)):
            step = (forward[:, :, None] + self.transition).logsumexp(1) + emissions[t]
            forward = torch.where((t < lengths)[:, None], step, forward)
        return (forward + self.end).logsumexp(1)

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return s(e, y) of each row, (B,), for tags y (T, B); tags past the end of a row are ignored.

        Raises:
            ShapeError: if a size does not fit, or a tag within a row is not in 0..K − 1.
        """
        self._check(emissions, lengths)
        inside = torch.arange(len(emissions), device=emissions.device)[:, None] < lengths
        self._check_tags(emissions, tags, inside)
        y = tags.masked_fill(~inside, 0)
        emitted = emissions.gather(2, y[..., None]).squeeze(2)
        transitions = self.transition[y[:-1], y[1:]]
        last = y[lengths.long() - 1, torch.arange(y.shape[1], device=y.device)]
        zero = emissions.new_zeros(())
        total = torch.where(inside, emitted, zero).sum(0) + torch.where(inside[1:], transitions, zero).sum(0)
        return total + self.start[y[0]] + self.end[last]

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return −ln p(y | e) of each row in nats, (B,); see :meth:`score`."""
        return self.log_partition(emissions, lengths) - self.score(emissions, tags, lengths)

    @torch.no_grad()
    def best(self, emissions: Tensor, lengths: Tensor, rules: Moves | None = None) -> Tensor:
        """Return the tags (T, B) with the highest score of each row; zero past the end of a row.

        Args:
            emissions: e, (T, B, K).
            lengths: number of steps of each row, (B,).
            rules: scores to add to start, transition and end; see
                :func:`unrolled.decoding.viterbi.make_forbidding_scores`.

        Raises:
            ShapeError: if a size does not fit.
        """
        self._check(emissions, lengths)
        moves = Moves(self.start, self.transition, self.end)
        if rules is not None:
            moves = Moves(*(score + rule for score, rule in zip(moves, rules, strict=True)))
        return viterbi(emissions, lengths, moves)

    def _check(self, emissions: Tensor, lengths: Tensor) -> None:
        if emissions.ndim != 3 or emissions.shape[2] != self.tags or lengths.shape != emissions.shape[1:2]:
            shapes = f"{tuple(emissions.shape)} and {tuple(lengths.shape)}"
            raise ShapeError(f"emissions (T, B, {self.tags}) and lengths (B,) are needed, got {shapes}")
        if not len(emissions):
            raise ShapeError("emissions have no time steps: give at least one")
        if not emissions.is_floating_point() or not _is_integer(lengths):
            raise ShapeError(
                f"emissions must be of a floating type and lengths integers, got {emissions.dtype} and "
                f"{lengths.dtype}"
            )
        if len(lengths) and not 1 <= int(lengths.min()) <= int(lengths.max()) <= len(emissions):
            raise ShapeError(f"lengths must lie in 1..{len(emissions)}, got {lengths.tolist()}")

    def _check_tags(self, emissions: Tensor, tags: Tensor, inside: Tensor) -> None:
        if tags.shape != emissions.shape[:2] or tags.dtype != torch.int64:
            raise ShapeError(
                f"tags must be int64 {tuple(emissions.shape[:2])}, got {tags.dtype} {tuple(tags.shape)}"
            )
        invalid = tags[inside & ((tags < 0) | (tags >= self.tags))]
        if len(invalid):
            raise ShapeError(f"tags must lie in 0..{self.tags - 1}, got {int(invalid[0])}")


def _is_integer(t: Tensor) -> bool:
    return not (t.is_floating_point() or t.is_complex() or t.dtype == torch.bool)
