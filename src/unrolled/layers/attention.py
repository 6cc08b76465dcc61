"""Attention: a mean of the encoder's outputs, weighted by how well each of them matches the decoder's state.

With h_j the memory of source step j and s the query, a_j = softmax_j(score(s, h_j)) and c = Σ_j a_j h_j. The
kinds of attention differ in the score function. All queries of a batch are computed together, whether they
are time steps or hypotheses of a beam.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from unrolled.config import require
from unrolled.errors import ShapeError


@dataclass(frozen=True, eq=False)
class AttentionMemory:
    """Keys and values of a batch of sources, computed once per batch."""

    keys: Tensor
    """Keys that queries are compared with, (B, S, K)."""
    values: Tensor
    """Values to average, (B, S, M)."""
    padding: Tensor
    """Padding mask (B, 1, S), true past the length of a row."""

    def select(self, rows: Tensor) -> "AttentionMemory":
        """Return the memory of the given rows of the batch."""
        return AttentionMemory(self.keys[rows], self.values[rows], self.padding[rows])


class Attention(nn.Module, ABC):
    """Base class of attention; subclasses define the score function.

    Args:
        query_size: H, size of the decoder's state s.
        memory_size: M, size of each h_j.
    """

    kind: ClassVar[str]

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.query_size, self.memory_size = query_size, memory_size

    @abstractmethod
    def make_keys(self, values: Tensor) -> Tensor:
        """Return the keys (B, S, K) of the memory (B, S, M): the part of the score that needs no query."""

    @abstractmethod
    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """Return the scores (B, N, S) of queries (B, N, H) and keys (B, S, K)."""

    def make_memory(self, memory: Tensor, lengths: Tensor) -> AttentionMemory:
        """Compute the keys and values that :meth:`forward` uses.

        Args:
            memory: output of a recurrent layer, (S, B, M).
            lengths: number of source steps of each row, (B,), at least 1.

        Raises:
            ShapeError: if the last axis does not have size M.
        """
        if memory.dim() != 3 or memory.shape[-1] != self.memory_size:
            raise ShapeError(f"memory must be (S, B, {self.memory_size}), got {tuple(memory.shape)}")
        values = memory.transpose(0, 1)
        steps = torch.arange(memory.shape[0], device=memory.device)
        padding = steps >= lengths.to(memory.device)[:, None]
        return AttentionMemory(self.make_keys(values), values, padding[:, None])

    def forward(self, query: Tensor, memory: AttentionMemory) -> tuple[Tensor, Tensor]:
        """Return the context vectors c (B, N, M) and the weights a (B, N, S), zero past the length of a row.

        Args:
            query: s, (B, N, H): N queries for each source.
            memory: result of :meth:`make_memory`.

        Raises:
            ShapeError: if the last axis does not have size H.
        """
        if query.dim() != 3 or query.shape[-1] != self.query_size:
            raise ShapeError(f"queries must be (B, N, {self.query_size}), got {tuple(query.shape)}")
        scores = self.scores(query, memory.keys).masked_fill(memory.padding, -torch.inf)
        weights = scores.softmax(-1)
        return weights @ memory.values, weights

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.query_size}, {self.memory_size}"


class DotAttention(Attention):
    """Dot-product attention: score(s, h) = s · h (Luong et al. 2015, equation 8).

    Raises:
        ConfigError: if query and memory differ in size.
    """

    kind: ClassVar[str] = "dot"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        require(
            query_size == memory_size,
            f"attention='dot' compares the decoder's {query_size} features with the encoder's {memory_size}: "
            "make them equal (a bidirectional encoder has twice encoder_hidden), or use 'general'",
        )

    def make_keys(self, values: Tensor) -> Tensor:
        """See :meth:`Attention.make_keys`: the memory itself."""
        return values

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """See :meth:`Attention.scores`."""
        return query @ keys.transpose(1, 2)


class GeneralAttention(Attention):
    """General (bilinear) attention: score(s, h) = sᵀ W h (Luong et al. 2015, equation 8).

    W is initialised with ones on its diagonal. If query and memory have the same size, training therefore
    starts from dot-product attention, and learns the alignment sooner than from small random weights.
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
    """Additive attention: score(s, h) = vᵀ tanh(W s + U h), H hidden units (Bahdanau et al. 2015, A.1.2)."""

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
        """See :meth:`Attention.scores`; allocates a tensor (B, N, S, H)."""
        joint = torch.tanh(self.query(query)[:, :, None] + keys[:, None])
        scores: Tensor = self.score(joint).squeeze(-1)
        return scores


class FixedSummary(Attention):
    """Attention to a memory of one step: every query gets the same vector (Cho et al. 2014)."""

    kind: ClassVar[str] = "fixed"

    def make_keys(self, values: Tensor) -> Tensor:
        """See :meth:`Attention.make_keys`: empty keys."""
        return values[..., :0]

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """See :meth:`Attention.scores`: zeros, so that the only step gets all the weight."""
        return query.new_zeros(*query.shape[:2], keys.shape[1])


KINDS: dict[str, type[Attention]] = {
    kind.kind: kind for kind in (DotAttention, GeneralAttention, AdditiveAttention, FixedSummary)
}
