"""The tagger of words."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from unrolled.exporters.onnx import steps
from unrolled.exporters.onnx.graph import Graph, Target, Value
from unrolled.exporters.onnx.heads import add_linear
from unrolled.exporters.onnx.pooling import add_pooling
from unrolled.exporters.onnx.stack import add_stack
from unrolled.exporters.onnx.tokens import TokenInput, declare_lengths
from unrolled.exporters.onnx.viterbi import Scores, add_viterbi
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.layers import RecurrentSpec, StackSpec


@dataclass(frozen=True)
class Characters:
    """The encoder of the characters of a word."""

    input: TokenInput
    stack: RecurrentSpec
    """Bidirectional; its last states are the vector of a word."""


@dataclass(frozen=True)
class Tagger:
    """A model of the tags of a sentence: words and their spellings in, scores and the best tags out."""

    task: ClassVar[str] = "tag"
    input: TokenInput
    stack: StackSpec
    tags: int
    characters: Characters | None = None
    """None: the model reads words only."""
    crf: bool = False
    """The tags of a sentence are scored jointly."""
    rules: Scores | None = None
    """Scores added in the search for the best tags; None allows every sequence."""

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {"tags": self.tags, "crf": self.crf}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        graph = Graph(target)
        words = self.input.declare(graph, "words", ("time", "batch"), "word ids")
        lengths = declare_lengths(graph)
        x = self.input.add(graph, weights, words)
        if self.characters is not None:
            x = graph.add("Concat", x, self._spell(graph, self.characters, weights), axis=-1)
        h, _ = add_stack(graph, self.stack, weights.below("recurrent."), x, lengths=lengths)
        emissions = add_linear(graph, weights, h, "output")
        about = "score of each tag for each word"
        graph.output(Value("emissions", ("time", "batch", self.tags), about=about), emissions)
        tags = self._choose(graph, weights, emissions, lengths)
        about = "best tag of each word, 0 past the end of a sentence"
        graph.output(Value("tags", ("time", "batch"), np.int64, about), tags)
        return {"model": graph}

    def _spell(self, graph: Graph, characters: Characters, weights: Weights) -> str:
        """Return the vectors (T, B, size) of the spellings of words."""
        axes = ("characters", "spellings")
        ids = characters.input.declare(graph, "spellings", axes, "character ids of each distinct word")
        lengths = declare_lengths(graph, "spelling_lengths", *axes)
        about = "column of spellings that belongs to each word"
        kinds = graph.input(Value("kinds", ("time", "batch"), np.int64, about, (0, "spellings")))
        part, spec = weights.below("spelling."), characters.stack
        x = characters.input.add(graph, part, ids)
        h, _ = add_stack(graph, spec, part.below("recurrent."), x, lengths=lengths)
        vectors = add_pooling(graph, "last", part, h, lengths, spec.output_size)
        return graph.add("Gather", vectors, kinds)

    def _choose(self, graph: Graph, weights: Weights, emissions: str, lengths: str) -> str:
        live = steps.live_steps(graph, emissions, lengths)
        if self.crf:
            names = Scores._fields
            moves = Scores(*(weights.get(f"crf.{name}") for name in names))
            if self.rules is not None:
                moves = Scores(*(a + b for a, b in zip(moves, self.rules, strict=True)))
            return add_viterbi(graph, emissions, live, moves)
        if self.rules is not None:
            return add_viterbi(graph, graph.add("LogSoftmax", emissions, axis=-1), live, self.rules)
        best = graph.add("ArgMax", emissions, axis=-1, keepdims=1)
        best = graph.add("Where", live, best, graph.constant(0))
        return graph.add("Squeeze", best, graph.constant([2]))
