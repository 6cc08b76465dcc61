"""The encoder-decoder in the native runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids, Numbers
from unrolled.data.padding import pad_arrays
from unrolled.decoding.config import SearchConfig
from unrolled.decoding.hypothesis import Hypothesis
from unrolled.decoding.next_tokens import best_next_tokens
from unrolled.decoding.row_search import Excluded, Limits, search_rows
from unrolled.engine import Engine, Precision, Stream
from unrolled.models.native.attention import Memory, NativeAttention
from unrolled.models.steps.encoder_decoder import (
    CONTEXT,
    DECODER,
    ENCODER,
    FEATURES,
    FED,
    LOGITS,
    QUERY,
    READOUT,
    EncoderDecoderSpec,
    bridge_step,
    decoder_step,
    encoder_step,
    readout_step,
)
from unrolled.models.steps.sequence import SequenceStack
from unrolled.models.steps.stack import TOKEN
from unrolled.programs.program import Program

Array = NDArray[np.float32]
States = Mapping[str, Array]
"""States (B, size) by name."""


@dataclass(frozen=True, eq=False)
class NativeEncoded:
    """Encoded sources: the inputs of a decoder."""

    states: dict[str, Array]
    """Initial states of the decoder, (B, size) by name."""
    memory: Memory | None
    """Memory for attention; None without attention."""

    def split(self) -> "list[NativeEncoded]":
        """Return each source alone, without padding."""
        count = len(next(iter(self.states.values())))
        return [
            NativeEncoded(
                {name: value[i : i + 1] for name, value in self.states.items()},
                None if self.memory is None else self.memory.source(i),
            )
            for i in range(count)
        ]


class NativeEncoderDecoder:
    """An encoder-decoder whose steps run natively; attention is computed in numpy.

    Args:
        spec: sizes and configuration.
        weights: weights by the names of the module's state dict.
        precision: precision of the products in the layers, the readout and the output.
    """

    def __init__(
        self, spec: EncoderDecoderSpec, weights: Mapping[str, Array], precision: Precision = "float32"
    ) -> None:
        self.spec, self._weights, self._precision = spec, weights, precision
        self._encoder = SequenceStack(spec.encoder, weights, ENCODER, precision, spec.add_source_token)
        self._bridge = self.make_engine(bridge_step(spec))
        self.decoder = self.make_engine(decoder_step(spec))
        self.readout = self.make_engine(readout_step(spec)) if spec.attends_last else None
        kind = spec.network.attention
        self.attention = NativeAttention(kind, weights, "decoder.attention.") if spec.attends else None

    @cached_property
    def reader(self) -> Engine:
        """Engine of an encoder that reads forwards, one token at a time; its streams can exchange rows."""
        return self.make_engine(encoder_step(self.spec))

    def make_engine(self, program: Program) -> Engine:
        """Return the engine of a program with the weights of this model."""
        weights = {name: self._weights[name] for name in program.parameters}
        return Engine(program, weights, self._precision)

    def search(self, sources: Sequence[Ids], limits: Limits, config: SearchConfig) -> list[list[Hypothesis]]:
        """Return the best hypotheses for each source of token ids; see :func:`search_rows`."""
        return search_rows(DecoderRows(self, self.encode(sources, limits.end)), limits, config)

    def encode(self, sources: Sequence[Ids], end: int) -> NativeEncoded:
        """Encode sources of token ids; each is read with the token ``end`` after it."""
        tokens, lengths = pad_arrays([np.append(ids, end) for ids in sources], end)
        y, states = self._encoder.read({}, {TOKEN: tokens}, lengths)
        memory = None
        if self.attention is not None and self.spec.network.attention != "fixed":
            memory = self.attention.make_memory(y, lengths)
        return self.begin(states, memory)

    def begin(self, states: States, memory: Memory | None = None) -> NativeEncoded:
        """Return the inputs of the decoder, given the final states of the encoder.

        Args:
            states: states of the encoder by name, such as ``"h_l0"`` and ``"h_l0_reverse"``.
            memory: memory of attention; ``"fixed"`` attention takes it from the states.
        """
        program = self._bridge.program
        rows = len(next(iter(states.values())))
        initial = self._bridge.stream(rows).step({name: states[name] for name in program.inputs}, {})
        if self.attention is not None and memory is None:
            names = self.spec.encoder_state("h", self.spec.encoder.num_layers - 1)
            summary = np.concatenate([states[name] for name in names], -1)
            memory = self.attention.make_memory(summary[None], np.ones(rows, np.int64))
        return NativeEncoded(dict(initial), memory)

    def attention_weights(self, source: Ids, tokens: Sequence[int], end: int) -> Array:
        """Return the attention weights (T, S) at the steps that output ``tokens``; ``end`` ends a source."""
        rows = DecoderRows(self, self.encode([source], end))
        weights = []
        for token in (end, *tokens[:-1]):
            rows.read(np.array([token]))
            assert rows.weights is not None
            weights.append(rows.weights[0])
        return np.stack(weights)


class DecoderRows:
    """Hypotheses that the decoder extends token by token; see :class:`unrolled.decoding.row_search.Rows`.

    Args:
        model: the model.
        encoded: the sources; each has one row at first.
    """

    weights: Array | None = None
    """Attention weights (N, S) of the last step; None without attention."""

    def __init__(self, model: NativeEncoderDecoder, encoded: NativeEncoded) -> None:
        self._model, self._memory = model, encoded.memory
        batch = len(next(iter(encoded.states.values())))
        self._layers = model.decoder.stream(batch)
        self._layers.restore(self._layers.state() | encoded.states)
        self._readout = None if model.readout is None else model.readout.stream(batch)
        top = model.spec.decoder.num_layers - 1
        self._query = encoded.states[f"{DECODER}h_l{top}"]
        self._fed = np.zeros((batch, model.spec.network.readout_size), np.float32)

    def step(self, tokens: Ids, count: int, excluded: Excluded) -> tuple[Numbers, Ids]:
        """See :meth:`Rows.step`."""
        return best_next_tokens(self.read(tokens), count, excluded)

    def read(self, tokens: Ids) -> Array:
        """Read one token in each row; return the logits (N, V) of the next one."""
        if self._readout is not None:
            return self._attend_last(self._readout, tokens)
        inputs = {}
        if self._model.spec.attends_first:
            inputs[CONTEXT] = self._attend(self._query)
        outputs = self._layers.step(inputs, {TOKEN: tokens})
        self._query = outputs[QUERY]
        return outputs[LOGITS]

    def _attend_last(self, readout: Stream, tokens: Ids) -> Array:
        inputs = {FED: self._fed} if self._model.spec.network.input_feeding else {}
        s = self._layers.step(inputs, {TOKEN: tokens})[FEATURES]
        outputs = readout.step({CONTEXT: self._attend(s), FEATURES: s}, {})
        self._fed = outputs[READOUT]
        return outputs[LOGITS]

    def _attend(self, query: Array) -> Array:
        """Return the context vectors (N, M) of queries (N, H)."""
        assert self._model.attention is not None
        assert self._memory is not None
        context, self.weights = self._model.attention.attend(query, self._memory)
        return context

    def select(self, rows: Sequence[int], sources: Sequence[int] | None) -> None:
        """See :meth:`Rows.select`."""
        index = list(rows)
        self._layers.keep(index)
        self._query, self._fed = self._query[index], self._fed[index]
        if self._readout is not None:
            set_rows(self._readout, len(index))
        if self._memory is not None and sources is not None:
            self._memory = self._memory.select(sources)


def set_rows(stream: Stream, count: int) -> None:
    """Change the number of rows of a stream without states."""
    if count > stream.batch:
        stream.add(count - stream.batch)
    elif count < stream.batch:
        stream.keep(list(range(count)))
