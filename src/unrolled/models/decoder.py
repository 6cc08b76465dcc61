"""The decoder: recurrent layers over the target, which ask about the source at every step."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unrolled.layers.attention import KINDS, Memory
from unrolled.models.config import CellConfig, DropoutConfig
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.inputs import Embedding
from unrolled.models.reader import State, make_dropout, make_recurrent


@dataclass(frozen=True, eq=False)
class Decoded:
    """What a decoder makes of some steps."""

    h: Tensor
    """(T, N, readout): what the output layer reads."""
    weights: Tensor | None
    """(T, N, S), of attention; None without it."""
    state: State
    """After the last step: that of the recurrent layers, and with input feeding the last readout (N, F)."""


class Decoder(nn.Module):
    """Vectors of tokens, recurrent layers, attention, and h̃_t = tanh(W [c_t; s_t] + b).

    s_t is the state of the layers and c_t what attention answers (Luong et al. 2015, equation 5). N rows may
    be k hypotheses for each of B sources, side by side; the memory is then that of the B sources.

    Args:
        vocabulary: number of target tokens.
        cell: the mathematics of one step.
        network: size and connections.
        dropout: rates.
        memory_size: features of each step of the source.
    """

    def __init__(
        self,
        vocabulary: int,
        cell: CellConfig,
        network: EncoderDecoderConfig,
        dropout: DropoutConfig,
        memory_size: int,
    ) -> None:
        super().__init__()
        network.check_dropout(dropout)
        self.stepwise, self.feeding = network.stepwise, network.input_feeding
        self.asks_first = network.attention in ("fixed", "additive")
        self.readout_size = network.readout_size
        self.input = Embedding(vocabulary, network.embedding)
        nn.init.normal_(self.input.weight, 0.0, network.embedding_std)
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        asks = network.attention != "none"
        size = network.embedding + self.asks_first * memory_size + self.feeding * self.readout_size
        self.recurrent = make_recurrent(size, cell, network, dropout)
        features = self.recurrent.output_size
        self.attention = KINDS[network.attention](features, memory_size) if asks else None
        self.combine = nn.Linear(features + asks * memory_size, self.readout_size)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)

    def first_state(self, state: State) -> State:
        """Return the state before the first step, from that of the recurrent layers, (L, N, …) each."""
        if not self.feeding:
            return state
        return (*state, state[0].new_zeros(state[0].shape[1], self.readout_size))

    def forward(
        self, tokens: Tensor, state: State, memory: Memory | None, *, lengths: Tensor | None = None
    ) -> Decoded:
        """Read some steps of the target.

        Where a step needs nothing but the recurrent state of the one before, all steps go through the
        layers in one call, and all questions to the memory are one batched product.

        Args:
            tokens: (T, N).
            state: :meth:`first_state`, or what the last call returned.
            memory: of the sources, B of them where N = k·B; None without attention.
            lengths: (N,), number of steps of each row; where steps run one by one it has no effect but on
                what lies past it.
        """
        x = self.input_dropout(self.input(tokens))
        if not self.stepwise:
            done = self._advance(x, state, memory, lengths)
        else:
            done = self._one_by_one(x, state, memory)
        return Decoded(self.output_dropout(done.h), done.weights, done.state)

    def _one_by_one(self, x: Tensor, state: State, memory: Memory | None) -> Decoded:
        steps: list[Decoded] = []
        for x_t in x.split(1):
            steps.append(self._advance(x_t, state, memory, None))
            state = steps[-1].state
        weights = [step.weights for step in steps if step.weights is not None]
        return Decoded(torch.cat([s.h for s in steps]), torch.cat(weights) if weights else None, state)

    def _advance(self, x: Tensor, state: State, memory: Memory | None, lengths: Tensor | None) -> Decoded:
        """Read vectors x (T, N, E); with :attr:`stepwise` T is 1."""
        parts, answer = [x], None
        if self.asks_first:
            last = state[0][-1:].expand(len(x), -1, -1)
            answer = self._ask(last, memory)
            parts.append(answer[0])
        if self.feeding:
            *recurrent, fed = state
            parts.append(fed[None])
        else:
            recurrent = list(state)
        joined = torch.cat(parts, dim=-1) if len(parts) > 1 else x
        s, final = self.recurrent(joined, tuple(recurrent), lengths=lengths)
        state = final if isinstance(final, tuple) else (final,)
        if answer is None and self.attention is not None:
            answer = self._ask(s, memory)
        h = torch.tanh(self.combine(s if answer is None else torch.cat([answer[0], s], dim=-1)))
        weights = None if answer is None else answer[1]
        return Decoded(h, weights, (*state, h[-1]) if self.feeding else state)

    def _ask(self, query: Tensor, memory: Memory | None) -> tuple[Tensor, Tensor]:
        """Return c (T, N, M) and weights (T, N, S) for queries (T, N, H)."""
        assert self.attention is not None
        assert memory is not None
        steps, rows, size = query.shape
        sources = len(memory.values)
        grouped = query.reshape(steps, sources, rows // sources, size).transpose(0, 1).flatten(1, 2)
        context, weights = self.attention(grouped, memory)

        def ungroup(t: Tensor) -> Tensor:
            return t.view(sources, steps, rows // sources, -1).transpose(0, 1).flatten(1, 2)

        return ungroup(context), ungroup(weights)
