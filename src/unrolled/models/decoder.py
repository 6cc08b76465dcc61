"""The decoder: recurrent layers over the target, with attention over the source at every step."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unrolled.cells import State
from unrolled.layers.attention import KINDS, AttentionMemory
from unrolled.models.config import CellConfig, DropoutConfig
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.inputs import Embedding
from unrolled.models.token_encoder import make_dropout, make_stack


@dataclass(frozen=True, eq=False)
class Decoded:
    """Output of a decoder for several steps."""

    h: Tensor
    """Input of the output layer, (T, N, readout)."""
    weights: Tensor | None
    """Attention weights (T, N, S); None without attention."""
    state: State
    """State of the recurrent layers after the last step; with input feeding, then the last readout (N, F)."""


class Decoder(nn.Module):
    """Embeddings, recurrent layers, attention, and a readout h̃_t = tanh(W [c_t; s_t] + b).

    s_t is the output of the layers and c_t the context vector of the attention (Luong et al. 2015, equation
    5). The N rows may be k hypotheses for each of B sources, next to each other; the memory then has B rows.

    Args:
        vocabulary: number of target tokens.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
        memory_size: number of features of each source step.
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
        self.stepwise, self.input_feeding = network.stepwise, network.input_feeding
        self.attends_first = network.attention in ("fixed", "additive")
        self.readout_size = network.readout_size
        self.input = Embedding(vocabulary, network.embedding)
        nn.init.normal_(self.input.weight, 0.0, network.embedding_std)
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        attends = network.attention != "none"
        size = network.embedding + self.attends_first * memory_size + self.input_feeding * self.readout_size
        self.recurrent = make_stack(size, cell, network, dropout)
        features = self.recurrent.output_size
        self.attention = KINDS[network.attention](features, memory_size) if attends else None
        self.combine = nn.Linear(features + attends * memory_size, self.readout_size)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)

    def initial_state(self, state: State) -> State:
        """Return the initial state of the decoder, given that of the recurrent layers, (L, N, …) each."""
        if not self.input_feeding:
            return state
        return (*state, state[0].new_zeros(state[0].shape[1], self.readout_size))

    def forward(
        self, tokens: Tensor, state: State, memory: AttentionMemory | None, *, lengths: Tensor | None = None
    ) -> Decoded:
        """Run the decoder over several steps of the target.

        If a step only needs the recurrent state of the previous one, all steps run through the layers in one
        call, and the attention of all steps is one batched product.

        Args:
            tokens: (T, N).
            state: result of :meth:`initial_state`, or the state returned by the last call.
            memory: memory of B sources, with N = k·B; None without attention.
            lengths: number of steps of each row, (N,). Ignored if steps run one by one: then the outputs
                within each row are the same, but the returned state is that after step T.
        """
        x = self.input_dropout(self.input(tokens))
        if not self.stepwise:
            decoded = self._advance(x, state, memory, lengths)
        else:
            decoded = self._run_stepwise(x, state, memory)
        return Decoded(self.output_dropout(decoded.h), decoded.weights, decoded.state)

    def _run_stepwise(self, x: Tensor, state: State, memory: AttentionMemory | None) -> Decoded:
        """Run the steps one by one."""
        steps: list[Decoded] = []
        for x_t in x.split(1):
            steps.append(self._advance(x_t, state, memory, None))
            state = steps[-1].state
        weights = [step.weights for step in steps if step.weights is not None]
        return Decoded(torch.cat([s.h for s in steps]), torch.cat(weights) if weights else None, state)

    def _advance(
        self, x: Tensor, state: State, memory: AttentionMemory | None, lengths: Tensor | None
    ) -> Decoded:
        """Run the layers and attention over input vectors x (T, N, E); with :attr:`stepwise` T is 1."""
        inputs, attended = [x], None
        if self.attends_first:
            last = state[0][-1:].expand(x.shape[0], -1, -1)
            attended = self._attend(last, memory)
            inputs.append(attended[0])
        if self.input_feeding:
            *recurrent, last_readout = state
            inputs.append(last_readout[None])
        else:
            recurrent = list(state)
        joined = torch.cat(inputs, dim=-1) if len(inputs) > 1 else x
        s, final = self.recurrent(joined, tuple(recurrent), lengths=lengths)
        state = final if isinstance(final, tuple) else (final,)
        if attended is None and self.attention is not None:
            attended = self._attend(s, memory)
        h = torch.tanh(self.combine(s if attended is None else torch.cat([attended[0], s], dim=-1)))
        weights = None if attended is None else attended[1]
        return Decoded(h, weights, (*state, h[-1]) if self.input_feeding else state)

    def _attend(self, query: Tensor, memory: AttentionMemory | None) -> tuple[Tensor, Tensor]:
        """Return the context vectors c (T, N, M) and the weights (T, N, S) of queries (T, N, H)."""
        assert self.attention is not None
        assert memory is not None
        steps, rows, size = query.shape
        sources = memory.values.shape[0]
        grouped = query.reshape(steps, sources, rows // sources, size).transpose(0, 1).flatten(1, 2)
        context, weights = self.attention(grouped, memory)

        def ungroup(t: Tensor) -> Tensor:
            return t.view(sources, steps, rows // sources, -1).transpose(0, 1).flatten(1, 2)

        return ungroup(context), ungroup(weights)
