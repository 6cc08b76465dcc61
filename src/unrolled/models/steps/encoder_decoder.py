"""The step programs of an encoder-decoder: encoder, bridge, decoder, and the readout after attention."""

from dataclasses import dataclass
from typing import Any

from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.steps.sequence import stack_shapes
from unrolled.models.steps.stack import TOKEN, add_linear, stack_spec
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, add_stack
from unrolled.programs.program import Program, Shape
from unrolled.programs.symbols import Symbol, concat

ENCODER, DECODER = "encoder.recurrent.", "decoder.recurrent."
"""What the names of the weights of the two stacks begin with."""
CONTEXT, FED, FEATURES = "context", "fed", "s"
"""Names of inputs: the context vector c_t, the last readout h̃_{t−1}, and the output s_t of the layers."""
LOGITS, QUERY, READOUT = "logits", "query", "readout"
"""Names of outputs: logits, h_t of the decoder's last layer, and the readout h̃_t."""


@dataclass(frozen=True, kw_only=True)
class EncoderDecoderSpec:
    """Sizes and configuration of an encoder-decoder; see :class:`unrolled.models.EncoderDecoder`."""

    source_size: int
    """Number of source tokens."""
    target_size: int
    """Number of target tokens."""
    cell: CellConfig
    network: EncoderDecoderConfig
    dropout: DropoutConfig
    """Dropout rates; zoneout acts in evaluation too."""

    @property
    def encoder(self) -> RecurrentSpec:
        """The stack of the encoder."""
        network = self.network
        return self._stack(network.embedding, network.encoder, bidirectional=network.bidirectional)

    @property
    def decoder(self) -> RecurrentSpec:
        """The stack of the decoder."""
        network = self.network
        fed = network.input_feeding * network.readout_size
        return self._stack(network.embedding + self.attends_first * self.memory_size + fed, network)

    def _stack(self, inputs: int, network: StackConfig, *, bidirectional: bool = False) -> RecurrentSpec:
        stack = stack_spec(inputs, self.cell, network, self.dropout, bidirectional=bidirectional)
        assert isinstance(stack, RecurrentSpec)  # EncoderDecoderConfig.check_cell
        return stack

    @property
    def memory_size(self) -> int:
        """M, size of the output of the encoder."""
        return (1 + self.network.bidirectional) * self.encoder.output_size

    @property
    def attends(self) -> bool:
        """True if the decoder reads the source at every step."""
        return self.network.attention != "none"

    @property
    def attends_first(self) -> bool:
        """True if the context vector is an input of the decoder's layers."""
        return self.network.attention in ("fixed", "additive")

    @property
    def attends_last(self) -> bool:
        """True if the output of the decoder's layers is the query of the attention."""
        return self.attends and not self.attends_first

    @property
    def source_table(self) -> str:
        """Name of the embeddings of source tokens."""
        return "decoder.input.weight" if self.network.share_embeddings else "encoder.input.weight"

    def add_source_token(self, builder: Builder) -> Symbol:
        """Add the embedding of a source token, the input of the encoder."""
        return builder.embedding(TOKEN, self.source_table, (self.source_size, self.network.embedding))

    def encoder_state(self, name: str, layer: int) -> list[str]:
        """Return the names of a final state of the encoder, one for each direction."""
        return [f"{name}_l{layer}{suffix}" for suffix in ("", "_reverse")[: 1 + self.network.bidirectional]]

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every weight by its name in the module's state dict."""
        shapes = stack_shapes(self.encoder, ENCODER, self.add_source_token)
        readout = [readout_step(self)] if self.attends_last else []
        for program in (bridge_step(self), decoder_step(self), *readout):
            shapes |= program.parameters
        return shapes | attention_shapes(
            self.network.attention, self.decoder.output_size, self.memory_size, "decoder.attention."
        )


def attention_shapes(kind: str, query_size: int, memory_size: int, prefix: str) -> dict[str, Shape]:
    """Return the shapes of the weights of an attention module; see :mod:`unrolled.layers.attention`."""
    match kind:
        case "general":
            return {f"{prefix}weight.weight": (query_size, memory_size)}
        case "additive":
            return {
                f"{prefix}query.weight": (query_size, query_size),
                f"{prefix}key.weight": (query_size, memory_size),
                f"{prefix}key.bias": (query_size,),
                f"{prefix}score.weight": (1, query_size),
            }
    return {}


def encoder_step(spec: EncoderDecoderSpec) -> Program:
    """Return the program of an encoder that reads forwards: token → features (M,) of this step."""
    builder = Builder()
    x = spec.add_source_token(builder)
    return builder.finish(**{FEATURES: add_stack(builder, x, spec.encoder, ENCODER)})


def bridge_step(spec: EncoderDecoderSpec) -> Program:
    """Return the program: final states of the encoder → initial states of the decoder.

    Inputs are named as in :meth:`EncoderDecoderSpec.encoder_state`, outputs as the states of
    :func:`decoder_step`.
    """
    builder, states, encoder, decoder = Builder(), {}, spec.encoder, spec.decoder
    sizes = encoder.cell.state_sizes(encoder.hidden_size, encoder.proj_size)
    targets = decoder.cell.state_sizes(decoder.hidden_size, decoder.proj_size)
    for number, name in enumerate(encoder.cell.state_names):
        for layer in range(encoder.num_layers):
            joined = concat([builder.input(n, sizes[number]) for n in spec.encoder_state(name, layer)])
            mapped = add_linear(builder, joined, f"bridge.{number}.maps.{layer}", targets[number])
            states[f"{DECODER}{name}_l{layer}"] = mapped if number else mapped.tanh()
    return builder.finish(**states)


def decoder_step(spec: EncoderDecoderSpec) -> Program:
    """Return the program of one step of the decoder.

    Without attention, or if the context vector is an input of the layers: token [, context (M,)] → logits
    (V,), query (H,) for the next context vector; with input feeding, the last readout is a state. Else: token
    [, last readout "fed"] → s_t (H,), from which :func:`readout_step` goes on.
    """
    builder, network = Builder(), spec.network
    inputs = [builder.embedding(TOKEN, "decoder.input.weight", (spec.target_size, network.embedding))]
    context = builder.input(CONTEXT, spec.memory_size) if spec.attends_first else None
    inputs += [] if context is None else [context]
    if network.input_feeding:
        take = builder.input if spec.attends_last else builder.state
        inputs.append(take(FED, network.readout_size))
    query, s = _add_layers(builder, concat(inputs), spec.decoder)
    if spec.attends_last:
        return builder.finish(**{FEATURES: s})
    readout = _add_readout(builder, s, context, spec)
    if network.input_feeding:
        builder.set_state(FED, readout)
    return builder.finish(**{LOGITS: _add_output(builder, readout, spec), QUERY: query})


def readout_step(spec: EncoderDecoderSpec) -> Program:
    """Return the program: context (M,), s_t (H,) → logits (V,), readout h̃_t for input feeding."""
    builder = Builder()
    context = builder.input(CONTEXT, spec.memory_size)
    s = builder.input(FEATURES, spec.decoder.output_size)
    readout = _add_readout(builder, s, context, spec)
    return builder.finish(**{LOGITS: _add_output(builder, readout, spec), READOUT: readout})


def _add_layers(builder: Builder, x: Symbol, stack: RecurrentSpec) -> tuple[Symbol, Symbol]:
    """Add the layers of the decoder; return h_t of the last layer, and the output of the stack."""
    h = x
    for layer in range(stack.num_layers):
        h = stack.add_layer(builder, x, layer, DECODER, "")
        x = h + x if stack.residual and layer else h
    return h, x


def _add_readout(builder: Builder, s: Symbol, context: Symbol | None, spec: EncoderDecoderSpec) -> Symbol:
    """Add h̃_t = tanh(W [c_t; s_t] + b)."""
    joined = s if context is None else concat([context, s])
    return add_linear(builder, joined, "decoder.combine", spec.network.readout_size).tanh()


def _add_output(builder: Builder, readout: Symbol, spec: EncoderDecoderSpec) -> Symbol:
    if not spec.network.tie_weights:
        return add_linear(builder, readout, "output", spec.target_size)
    table: Any = builder.parameter("decoder.input.weight", (spec.target_size, readout.length))
    bias: Any = builder.parameter("output.bias", (spec.target_size,))
    return readout.linear(table, bias)
