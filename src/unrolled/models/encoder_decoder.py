"""The encoder-decoder, which maps a source sequence to a target sequence."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.cells import State
from unrolled.config import require
from unrolled.layers import SoftmaxOutput, Stack
from unrolled.layers.attention import AttentionMemory
from unrolled.models.bridge import join_directions, make_bridge
from unrolled.models.config import CellConfig, DropoutConfig
from unrolled.models.decoder import Decoded, Decoder
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.token_encoder import TokenEncoder


@dataclass(frozen=True, eq=False)
class Encoded:
    """Encoded sources: the inputs of a decoder."""

    state: State
    """Initial state of the decoder."""
    memory: AttentionMemory | None
    """Memory for attention; None without attention."""


class EncoderDecoder(nn.Module):
    """One stack of layers encodes the source, another stack generates the target.

    The initial state of the decoder is a learned map of the encoder's final states:
    s_0 = tanh(W [forward; backward] + b) in each layer, and the same without tanh for the c of an LSTM.

    Args:
        vocabulary_sizes: number of source tokens and of target tokens.
        cell: configuration of the cell of both stacks.
        network: sizes and connections.
        dropout: dropout rates; dropout_output acts on the input of the output layer, the others in both
            stacks.
    """

    def __init__(
        self,
        vocabulary_sizes: tuple[int, int],
        cell: CellConfig,
        network: EncoderDecoderConfig,
        dropout: DropoutConfig,
    ) -> None:
        super().__init__()
        network.check_cell(cell)
        source_size, target_size = vocabulary_sizes
        self.encoder = TokenEncoder(
            source_size,
            cell,
            network.encoder,
            replace(dropout, dropout_output=0.0),
            bidirectional=network.bidirectional,
        )
        self.decoder = Decoder(target_size, cell, network, dropout, self.encoder.features)
        self.bridge = make_bridge(self.encoder.recurrent, self.decoder.recurrent)
        self.output = SoftmaxOutput(network.readout_size, target_size, tied=network.tie_weights)
        self.uses_last_state_only = network.attention == "fixed"
        if network.tie_weights:
            nn.init.uniform_(self.decoder.input.weight, -0.1, 0.1)
        if network.share_embeddings:
            require(
                source_size == target_size,
                f"share_embeddings needs one joint vocabulary, but source and target have {source_size} and "
                f"{target_size} tokens",
            )
            # Not registered as a module a second time, so that a state dict contains the table once.
            del self.encoder.input
            self.encoder.__dict__["input"] = self.decoder.input

    @property
    def precision(self) -> Precision:
        """Precision of matrix products in the stacks and the loss; see :class:`unrolled.layers.Recurrent`."""
        return self.encoder.precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        self.encoder.precision = value
        self.decoder.recurrent.precision = value

    def encode(self, source: Tensor, lengths: Tensor) -> Encoded:
        """Encode sources (S, B) with ``lengths`` (B,) steps."""
        h, final = self.encoder.read(source, lengths=lengths)
        directions = self.encoder.recurrent.num_directions
        joined = [join_directions(s, directions) for s in final[: len(self.bridge)]]
        state = tuple(bridge(s) for bridge, s in zip(self.bridge, joined, strict=True))
        if self.decoder.attention is None:
            memory = None
        elif self.uses_last_state_only:
            memory = self.decoder.attention.make_memory(joined[0][-1:], torch.ones_like(lengths))
        else:
            memory = self.decoder.attention.make_memory(h, lengths)
        return Encoded(self.decoder.initial_state(state), memory)

    def forward(
        self, source: Tensor, source_lengths: Tensor, inputs: Tensor, target_lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the logits (T, B, V) of the token after each of ``inputs``, and the attention (T, B, S).

        Args:
            source: source tokens (S, B).
            source_lengths: number of steps of each source, (B,).
            inputs: ``<eos>`` followed by the target, (T, B).
            target_lengths: number of steps of each target, (B,).
        """
        decoded = self._decode(source, source_lengths, inputs, target_lengths)
        return self.output(decoded.h, self._tied_weight), decoded.weights

    def loss(
        self,
        source: Tensor,
        source_lengths: Tensor,
        inputs: Tensor,
        target_lengths: Tensor,
        targets: Tensor,
        **options: Any,
    ) -> tuple[Tensor, Tensor]:
        """Return the sum of the losses, and −ln p of each target (T, B), without storing the logits.

        The sum is weighted by row_weights and includes label smoothing; −ln p does not.

        Args:
            source: source tokens (S, B).
            source_lengths: number of steps of each source, (B,).
            inputs: ``<eos>`` followed by the target, (T, B).
            target_lengths: number of steps of each target, (B,).
            targets: the target followed by ``<eos>``, (T, B).
            options: row_weights, ignore and label_smoothing of :meth:`SoftmaxOutput.loss`.
        """
        h = self._decode(source, source_lengths, inputs, target_lengths).h
        return self.output.loss(h, targets, self._tied_weight, precision=self.precision, **options)

    def step(self, tokens: Tensor, state: State, memory: AttentionMemory | None) -> tuple[Tensor, State]:
        """Return the logits (N, V) of the token after ``tokens`` (N,), and the next state."""
        decoded = self.decoder(tokens[None], state, memory)
        return self.output(decoded.h[0], self._tied_weight), decoded.state

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        decoder, encoder = self.decoder, self.encoder
        attention = decoder.attention
        context = "" if attention is None else f" and {attention.kind} attention over the encoder"
        return [
            f"output   y_t = softmax(V h̃_t + c)   {self.output.features} → {self.output.vocabulary}",
            f"readout  h̃_t = tanh(W [c_t; s_t] + b) of the decoder{context}",
            decoder.recurrent,
            f"input    x_t = Embedding(token_t)   {decoder.input.num_tokens} → {decoder.input.embedding_dim}",
            "bridge   s_0 = tanh(W [last states of the encoder] + b)",
            encoder.recurrent,
            encoder.input_summary,
        ]

    def _decode(
        self, source: Tensor, source_lengths: Tensor, inputs: Tensor, target_lengths: Tensor | None
    ) -> Decoded:
        encoded = self.encode(source, source_lengths)
        decoded: Decoded = self.decoder(inputs, encoded.state, encoded.memory, lengths=target_lengths)
        return decoded

    @property
    def _tied_weight(self) -> Tensor | None:
        return self.decoder.input.weight if self.output.tied else None
