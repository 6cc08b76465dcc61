"""The encoder-decoder, as two graphs: the encoder, and one step of the decoder."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.attention import AttentionKind, add_attention, add_keys
from unrolled.exporters.onnx.graph import Graph, State, Target, Value
from unrolled.exporters.onnx.heads import add_linear, add_softmax_output
from unrolled.exporters.onnx.stack import add_stack, declare_next_states, declare_states, stack_states
from unrolled.exporters.onnx.tokens import TokenInput, declare_lengths
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.layers import RecurrentSpec

FED_BACK = "readout"
"""State of the decoder with the last readout, for input feeding."""


@dataclass(frozen=True)
class EncoderDecoder:
    """A model of target sequences given source sequences."""

    task: ClassVar[str] = "translate"
    source: TokenInput
    target: TokenInput
    encoder: RecurrentSpec
    decoder: RecurrentSpec
    attention: Literal["none", "fixed"] | AttentionKind
    readout: int
    """Size of the input of the output layer."""
    input_feeding: bool = False
    """The readout of a step is an input of the next one."""
    tied: bool = False
    """The embedding table of the target is also the output matrix."""

    @property
    def memory_size(self) -> int:
        """Number of features of each source step."""
        return (1 + self.encoder.bidirectional) * self.encoder.output_size

    @property
    def states(self) -> list[State]:
        """States of the decoder."""
        fed_back = [State(FED_BACK, self.readout)] if self.input_feeding else []
        return stack_states(self.decoder) + fed_back

    @property
    def memory(self) -> dict[str, tuple[Any, ...]]:
        """Shapes of the values that every step of the decoder reads, by name."""
        size = self.memory_size
        if self.attention == "none":
            return {}
        if self.attention == "fixed":
            return {"context": ("batch", size)}
        shapes = {"values": ("batch", "source_time", size)}
        if self.attention != "dot":
            shapes["keys"] = ("batch", "source_time", self.decoder.output_size)
        return shapes

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {
            "source_vocabulary": self.source.vocabulary,
            "target_vocabulary": self.target.vocabulary,
            "attention": self.attention,
            "memory": list(self.memory),
        }

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        return {
            "encoder": self._encode(Graph(target), weights),
            "decoder": self._step(Graph(target), weights),
        }

    def _encode(self, graph: Graph, weights: Weights) -> Graph:
        """Add the encoder: source tokens in, the initial states of the decoder and its memory out."""
        source = self.source.declare(graph, "source", ("source_time", "batch"), "source token ids")
        lengths = declare_lengths(graph, steps="source_time")
        x = self.source.add(graph, weights, source)
        h, finals = add_stack(graph, self.encoder, weights.below("encoder.recurrent."), x, lengths=lengths)
        last = self._join_directions(graph, finals)
        first = self._bridge(graph, weights, last)
        memory = self._remember(graph, weights, h, last)
        for state in self.states:
            value = first.get(state.name) or steps.fill(graph, state.initial, source, state.size)
            about = "initial state of the decoder"
            graph.output(Value(state.name, ("batch", state.size), about=about), value)
        for name, shape in self.memory.items():
            graph.output(Value(name, shape, about="memory of the decoder"), memory[name])
        return graph

    def _join_directions(self, graph: Graph, finals: dict[str, str]) -> dict[str, str]:
        """Return the final states of the encoder with both directions concatenated."""
        joined = {}
        for layer in range(self.encoder.num_layers):
            for kind in self.encoder.cell.state_names:
                name = f"{kind}_l{layer}"
                if self.encoder.bidirectional:
                    joined[name] = graph.add("Concat", finals[name], finals[f"{name}_reverse"], axis=-1)
                else:
                    joined[name] = finals[name]
        return joined

    def _bridge(self, graph: Graph, weights: Weights, last: dict[str, str]) -> dict[str, str]:
        """Return the initial states of the decoder: linear maps of the final states of the encoder."""
        states = {}
        for number, kind in enumerate(self.decoder.cell.state_names):
            part = weights.below(f"bridge.{number}.maps.")
            for layer in range(self.decoder.num_layers):
                name = f"{kind}_l{layer}"
                mapped = add_linear(graph, part, last[name], str(layer))
                states[name] = graph.add("Tanh", mapped) if number == 0 else mapped
        return states

    def _remember(self, graph: Graph, weights: Weights, h: str, last: dict[str, str]) -> dict[str, str]:
        if self.attention == "none":
            return {}
        if self.attention == "fixed":
            kind = self.encoder.cell.state_names[0]
            return {"context": last[f"{kind}_l{self.encoder.num_layers - 1}"]}
        values = graph.add("Transpose", h, perm=[1, 0, 2])
        part = weights.below("decoder.attention.")
        return {"values": values, "keys": add_keys(graph, self.attention, part, values)}

    def _step(self, graph: Graph, weights: Weights) -> Graph:
        """Add one step of the decoder: tokens, states and memory in, logits and the next states out.

        The rows may be k hypotheses for each source, next to each other; the memory has one row a source.
        """
        part, spec = weights.below("decoder."), self.decoder
        tokens = self.target.declare(graph, "tokens", ("rows",), "token ids of one step")
        first = declare_states(graph, self.states, "rows")
        memory = {
            name: graph.input(Value(name, shape, about="memory, output of the encoder"))
            for name, shape in self.memory.items()
        }
        attends = self.attention not in ("none", "fixed")
        lengths = declare_lengths(graph, steps="source_time") if attends else ""
        x = self.target.add(graph, weights, tokens)
        top = f"{spec.cell.state_names[0]}_l{spec.num_layers - 1}"
        attended: tuple[str, str] | None = None
        if self.attention == "fixed":
            attended = self._repeat(graph, memory["context"], tokens), ""
        elif self.attention == "additive":
            attended = self._attend(graph, part, first[top], memory, lengths)
        inputs = [x, *([attended[0]] if attended else []), *([first[FED_BACK]] if self.input_feeding else [])]
        x = graph.add("Concat", *inputs, axis=-1) if len(inputs) > 1 else x
        sequence = graph.add("Unsqueeze", x, graph.constant([0]))
        s, finals = add_stack(graph, spec, part.below("recurrent."), sequence, first)
        s = graph.add("Squeeze", s, graph.constant([0]))
        if attends and attended is None:
            attended = self._attend(graph, part, s, memory, lengths)
        joined = graph.add("Concat", attended[0], s, axis=-1) if attended else s
        readout = graph.add("Tanh", add_linear(graph, part, joined, "combine"))
        logits = add_softmax_output(graph, weights, readout, self.target.table if self.tied else "")
        about = "logits of the next token"
        graph.output(Value("logits", ("rows", self.target.vocabulary), about=about), logits)
        if attended and attended[1]:
            about = "attention weights over the source"
            graph.output(Value("attention", ("rows", "source_time"), about=about), attended[1])
        declare_next_states(graph, self.states, {**finals, FED_BACK: readout}, "rows")
        return graph

    def _attend(
        self, graph: Graph, weights: Weights, query: str, memory: dict[str, str], lengths: str
    ) -> tuple[str, str]:
        assert self.attention != "none"
        assert self.attention != "fixed"
        keys, values = memory.get("keys", memory["values"]), memory["values"]
        part = weights.below("attention.")
        return add_attention(graph, self.attention, part, query, keys, values, lengths)

    def _repeat(self, graph: Graph, context: str, tokens: str) -> str:
        """Return the context (B, M) of each of the k·B rows."""
        rows = graph.add("Div", steps.sizes(graph, tokens, 0, 1), steps.sizes(graph, context, 0, 1))
        grouped = graph.add("Unsqueeze", context, graph.constant([1]))
        repeats = graph.add("Concat", graph.constant([1]), rows, graph.constant([1]), axis=0)
        repeated = graph.add("Tile", grouped, repeats)
        return graph.add("Reshape", repeated, graph.constant([-1, self.memory_size]))
