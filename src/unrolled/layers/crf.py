"""A linear-chain conditional random field: tags of a sequence are scored together (Lafferty et al. 2001)."""

import torch
from torch import Tensor, nn

from unrolled.errors import ShapeError


class LinearChainCRF(nn.Module):
    """p(y | e) = exp(s(e, y)) / Σ_y' exp(s(e, y')) over all tag sequences.

    s(e, y) = start[y_1] + Σ_t e_t[y_t] + Σ_t transition[y_t, y_(t+1)] + end[y_T]. Nothing is approximated:
    the sum is the forward algorithm, the best sequence Viterbi's.

    Args:
        tags: K, number of tags.
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
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
        """Return s(e, y) of each row, (B,), of tags y (T, B); those past a row's end may be anything.

        Raises:
            ShapeError: if a size does not fit.
        """
        self._check(emissions, lengths)
        inside = torch.arange(len(tags), device=tags.device)[:, None] < lengths
        y = tags.masked_fill(~inside, 0)
        emitted = emissions.gather(2, y[..., None]).squeeze(2)
        moved = self.transition[y[:-1], y[1:]]
        last = y[lengths - 1, torch.arange(y.shape[1], device=y.device)]
        zero = emissions.new_zeros(())
        total = torch.where(inside, emitted, zero).sum(0) + torch.where(inside[1:], moved, zero).sum(0)
        return total + self.start[y[0]] + self.end[last]

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return −ln p(y | e) of each row in nats, (B,); see :meth:`score`."""
        return self.log_partition(emissions, lengths) - self.score(emissions, tags, lengths)

    @torch.no_grad()
    def best(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the tags (T, B) of highest score of each row; zero past its end.

        Raises:
            ShapeError: if a size does not fit.
        """
        self._check(emissions, lengths)
        steps, rows = emissions.shape[:2]
        score = self.start + emissions[0]
        back = torch.zeros(steps, rows, self.tags, dtype=torch.long, device=emissions.device)
        for t in range(1, steps):
            value, back[t] = (score[:, :, None] + self.transition).max(1)
            score = torch.where((t < lengths)[:, None], value + emissions[t], score)
        tags = torch.zeros(steps, rows, dtype=torch.long, device=emissions.device)
        tag = (score + self.end).argmax(1)
        for t in range(steps - 1, -1, -1):
            inside = t < lengths
            tags[t] = torch.where(inside, tag, 0)
            tag = torch.where(inside, back[t].gather(1, tag[:, None]).squeeze(1), tag)
        return tags

    def _check(self, emissions: Tensor, lengths: Tensor) -> None:
        if emissions.ndim != 3 or emissions.shape[2] != self.tags or lengths.shape != emissions.shape[1:2]:
            shapes = f"{tuple(emissions.shape)} and {tuple(lengths.shape)}"
            raise ShapeError(f"emissions (T, B, {self.tags}) and lengths (B,) are needed, got {shapes}")
        if len(lengths) and not 1 <= int(lengths.min()) <= int(lengths.max()) <= len(emissions):
            raise ShapeError(f"lengths must lie in 1..{len(emissions)}, got {lengths.tolist()}")
