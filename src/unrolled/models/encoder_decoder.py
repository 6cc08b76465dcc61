"""The encoder-decoder: one sequence in, another out, of another length and order."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.config import require
from unrolled.layers import SoftmaxOutput, Stack
from unrolled.layers.attention import Memory
from unrolled.models.bridge import join_directions, make_bridge
from unrolled.models.config import CellConfig, DropoutConfig, TokenNetworkConfig
from unrolled.models.decoder import Decoded, Decoder
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.reader import State, TokenReader


@dataclass(frozen=True, eq=False)
class Encoded:
    """What a decoder begins with."""

    state: State
    """Before its first step."""
    memory: Memory | None
    """What it can ask; None without attention."""


class EncoderDecoder(nn.Module):
    """A stack of layers reads the source, another with parameters of its own writes the target.

    The decoder begins with a learned map of the encoder's last states: s_0 = tanh(W [forward; backward] + b)
    in each layer, and the same without tanh for the c of an LSTM.

    Args:
        vocabularies: number of source tokens and of target tokens.
        cell: the mathematics of one step, on both sides.
        network: size and connections.
        dropout: rates; dropout_output is on what the output layer reads, the others act on both sides.
    """

    def __init__(
        self,
        vocabularies: tuple[int, int],
        cell: CellConfig,
        network: EncoderDecoderConfig,
        dropout: DropoutConfig,
    ) -> None:
        super().__init__()
        network.check_cell(cell)
        source, target = vocabularies
        self.encoder = TokenReader(
            source,
            cell,
            _encoder_network(network),
            replace(dropout, dropout_output=0.0),
            bidirectional=network.bidirectional,
        )
        self.decoder = Decoder(target, cell, network, dropout, self.encoder.features)
        self.bridge = make_bridge(self.encoder.recurrent, self.decoder.recurrent)
        self.output = SoftmaxOutput(network.readout_size, target, tied=network.tie_weights)
        self.summarises = network.attention == "fixed"
        if network.tie_weights:
            nn.init.uniform_(self.decoder.input.weight, -0.1, 0.1)
        if network.share_embeddings:
            require(
                source == target, f"share_embeddings needs one vocabulary, these have {source} and {target}"
            )
            # Not registered a second time: a state dict then holds the table once.
            del self.encoder.input
            self.encoder.__dict__["input"] = self.decoder.input

    @property
    def precision(self) -> Precision:
        """Of the products in the recurrent layers and the output layer's loss; see :class:`Recurrent`."""
        return self.encoder.precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        self.encoder.precision = value
        self.decoder.recurrent.precision = value

    def encode(self, source: Tensor, lengths: Tensor) -> Encoded:
        """Read sources (S, B), of ``lengths`` (B,) steps each."""
        h, final = self.encoder.read(source, lengths=lengths)
        directions = self.encoder.recurrent.num_directions
        joined = [join_directions(s, directions) for s in final[: len(self.bridge)]]
        state = tuple(map_(s) for map_, s in zip(self.bridge, joined, strict=True))
        if self.decoder.attention is None:
            memory = None
        elif self.summarises:
            memory = self.decoder.attention.remember(joined[0][-1:], torch.ones_like(lengths))
        else:
            memory = self.decoder.attention.remember(h, lengths)
        return Encoded(self.decoder.first_state(state), memory)

    def forward(
        self, source: Tensor, source_lengths: Tensor, inputs: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return logits (T, B, V) of the token after each of ``inputs``, and attention (T, B, S).

        Args:
            source: (S, B).
            source_lengths: (B,).
            inputs: (T, B): ``<eos>`` and then the target.
            lengths: (B,), steps of each target.
        """
        decoded = self._read(source, source_lengths, inputs, lengths)
        return self.output(decoded.h, self._table), decoded.weights

    def loss(
        self,
        source: Tensor,
        source_lengths: Tensor,
        inputs: Tensor,
        lengths: Tensor,
        targets: Tensor,
        **options: Any,
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted sum of the losses, and −ln p of each target (T, B), without any logits held.

        Args:
            source: (S, B).
            source_lengths: (B,).
            inputs: (T, B): ``<eos>`` and then the target.
            lengths: (B,), steps of each target.
            targets: (T, B): the target and then ``<eos>``.
            options: row_weights, ignore and label_smoothing of :meth:`SoftmaxOutput.loss`.
        """
        h = self._read(source, source_lengths, inputs, lengths).h
        return self.output.loss(h, targets, self._table, precision=self.precision, **options)

    def step(self, tokens: Tensor, state: State, memory: Memory | None) -> tuple[Tensor, State]:
        """Return logits (N, V) of the token after ``tokens`` (N,), and the next state."""
        decoded = self.decoder(tokens[None], state, memory)
        return self.output(decoded.h[0], self._table), decoded.state

    def parts(self) -> list[str | Stack]:
        """Return what stands on what; see :func:`unrolled.models.summary.summarise`."""
        decoder, encoder = self.decoder, self.encoder
        asked = decoder.attention
        context = "" if asked is None else f" and {asked.kind} attention over the encoder"
        return [
            f"output   y_t = softmax(V h̃_t + c)   {self.output.features} → {self.output.vocabulary}",
            f"readout  h̃_t = tanh(W [c_t; s_t] + b) of the decoder{context}",
            decoder.recurrent,
            f"input    x_t = Embedding(token_t)   {decoder.input.kinds} → {decoder.input.embedding_dim}",
            "bridge   s_0 = tanh(W [last states of the encoder] + b)",
            encoder.recurrent,
            encoder.input_line,
        ]

    def _read(
        self, source: Tensor, source_lengths: Tensor, inputs: Tensor, lengths: Tensor | None
    ) -> Decoded:
        encoded = self.encode(source, source_lengths)
        decoded: Decoded = self.decoder(inputs, encoded.state, encoded.memory, lengths=lengths)
        return decoded

    @property
    def _table(self) -> Tensor | None:
        return self.decoder.input.weight if self.output.tied else None


def _encoder_network(network: EncoderDecoderConfig) -> TokenNetworkConfig:
    return TokenNetworkConfig(
        layers=network.layers,
        hidden=network.encoder_size,
        projection=network.projection,
        residual=network.residual,
        skip=network.skip,
        embedding=network.embedding,
        embedding_std=network.embedding_std,
    )
