"""Attention: a weighted mean of what an encoder remembers, the weights from where a decoder stands.

With h_j the memory of source step j and s the query, a_j = softmax_j(score(s, h_j)) and c = Σ_j a_j h_j. The
kinds differ in the score. All queries of a batch are answered at once, whether they are steps of time or
hypotheses of a beam.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from unrolled.config import require
from unrolled.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Memory:
    """What there is to attend to, made once for each batch of sources."""

    keys: Tensor
    """(B, S, K), what queries are compared with."""
    values: Tensor
    """(B, S, M), what is read."""
    absent: Tensor
    """(B, 1, S), true past the length of a row."""

    def select(self, rows: Tensor) -> "Memory":
        """Return the memory of some rows of the batch."""
        return Memory(self.keys[rows], self.values[rows], self.absent[rows])


class Attention(nn.Module, ABC):
    """What every kind of attention does beside its score.

    Args:
        query_size: H of the decoder's state s.
        memory_size: M of each h_j.
    """

    kind: ClassVar[str]

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.query_size, self.memory_size = query_size, memory_size

    @abstractmethod
    def make_keys(self, values: Tensor) -> Tensor:
        """Return (B, S, K) of the memory (B, S, M): the part of the score that no query changes."""

    @abstractmethod
    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """Return (B, N, S) of queries (B, N, H) and keys (B, S, K)."""

    def remember(self, memory: Tensor, lengths: Tensor) -> Memory:
        """Return what :meth:`forward` reads.

        Args:
            memory: (S, B, M), as a recurrent layer gives it.
            lengths: (B,), number of source steps of each row, at least 1.

        Raises:
            ShapeError: if the size does not fit.
        """
        if memory.dim() != 3 or memory.shape[-1] != self.memory_size:
            raise ShapeError(f"memory must be (S, B, {self.memory_size}), got {tuple(memory.shape)}")
        values = memory.transpose(0, 1)
        steps = torch.arange(len(memory), device=memory.device)
        absent = steps >= lengths.to(memory.device)[:, None]
        return Memory(self.make_keys(values), values, absent[:, None])

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Return c (B, N, M) and the weights a (B, N, S), which are zero past the length of a row.

        Args:
            query: s, (B, N, H): N queries about each source.
            memory: of :meth:`remember`.

        Raises:
            ShapeError: if the size does not fit.
        """
        if query.dim() != 3 or query.shape[-1] != self.query_size:
            raise ShapeError(f"queries must be (B, N, {self.query_size}), got {tuple(query.shape)}")
        scores = self.scores(query, memory.keys).masked_fill(memory.absent, -torch.inf)
        weights = scores.softmax(-1)
        return weights @ memory.values, weights

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.query_size}, {self.memory_size}"


class DotAttention(Attention):
    """score(s, h) = s · h (Luong et al. 2015, equation 8); query and memory have one size.

    Raises:
        ConfigError: if they have not.
    """

    kind: ClassVar[str] = "dot"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        require(
            query_size == memory_size,
            f"attention='dot' compares the decoder's {query_size} features with the encoder's {memory_size}: "
            "make them equal (a bidirectional encoder has twice encoder_hidden), or take 'general'",
        )

    def make_keys(self, values: Tensor) -> Tensor:
        """See :meth:`Attention.make_keys`: the memory itself."""
        return values

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """See :meth:`Attention.scores`."""
        return query @ keys.transpose(1, 2)


class GeneralAttention(Attention):
    """score(s, h) = sᵀ W h (Luong et al. 2015, equation 8).

    W starts with ones on its diagonal: between vectors of one size training begins with the dot product,
    from which sources and targets are aligned sooner than from small random weights.
    """

    kind: ClassVar[str] = "general"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.weight = nn.Linear(memory_size, query_size, bias=False)
        nn.init.eye_(self.weight.weight)

    def make_keys(self, values: Tensor) -> Tensor:
        """See :meth:`Attention.make_keys`: W h, (B, S, H)."""
        keys: Tensor = self.weight(values)
        return keys

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """See :meth:`Attention.scores`."""
        return query @ keys.transpose(1, 2)


class AdditiveAttention(Attention):
    """score(s, h) = vᵀ tanh(W s + U h) (Bahdanau et al. 2015, A.1.2), with H units in between."""

    kind: ClassVar[str] = "additive"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.query = nn.Linear(query_size, query_size, bias=False)
        self.key = nn.Linear(memory_size, query_size)
        self.score = nn.Linear(query_size, 1, bias=False)

    def make_keys(self, values: Tensor) -> Tensor:
        """See :meth:`Attention.make_keys`: U h, (B, S, H)."""
        keys: Tensor = self.key(values)
        return keys

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """See :meth:`Attention.scores`; holds (B, N, S, H) numbers."""
        joint = torch.tanh(self.query(query)[:, :, None] + keys[:, None])
        scores: Tensor = self.score(joint).squeeze(-1)
        return scores


class FixedSummary(Attention):
    """No choice: every query reads the same vector (Cho et al. 2014), the memory of a single step."""

    kind: ClassVar[str] = "fixed"

    def make_keys(self, values: Tensor) -> Tensor:
        """See :meth:`Attention.make_keys`: none."""
        return values[..., :0]

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """See :meth:`Attention.scores`: zeros, for one step to which all weight goes."""
        return query.new_zeros(*query.shape[:2], keys.shape[1])


KINDS: dict[str, type[Attention]] = {
    kind.kind: kind for kind in (DotAttention, GeneralAttention, AdditiveAttention, FixedSummary)
}
