"""The language model without torch: streams of tokens, text generation, the next token."""

import dataclasses
import itertools
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import numpy as np

from unrolled.arrays import Ids
from unrolled.decoding import SamplingConfig
from unrolled.decoding.softmax import softmax
from unrolled.engine import Engine
from unrolled.errors import ConfigError
from unrolled.models.steps.language_model import language_model_step
from unrolled.programs.program import Program, Shape
from unrolled.symbols import EOS_ID, UNK_ID
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.base.unknown import UnknownTokens
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.start import read_first
from unrolled.tasks.lm.stream import LanguageStream
from unrolled.tasks.lm.units import UNITS
from unrolled.text.tokenizer import Tokenizer

CHUNK = 32
"""Tokens that are generated natively before they are shown."""


class LanguageRuntime(Runtime[LanguageModelConfig, LanguageArtifacts]):
    """A trained language model in the native runtime; see :class:`Runtime`."""

    verb: ClassVar[str] = "lm"

    @cached_property
    def program(self) -> Program:
        """The step program: token → logits."""
        c, artifacts = self.config, self.artifacts
        return language_model_step(
            artifacts.tokenizer.size, c.cell, c.network, c.dropout, artifacts.vector_size
        )

    @cached_property
    def engine(self) -> Engine:
        """The native interpreter of the program."""
        return self.make_engine(self.program)

    def step_program(self) -> Program:
        """See :meth:`Runtime.step_program`: token → logits."""
        return self.program

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer."""
        return self.artifacts.tokenizer

    def shapes(self) -> dict[str, Shape]:
        """See :meth:`Runtime.shapes`."""
        return dict(self.program.parameters)

    def stream(self, batch: int = 1) -> LanguageStream:
        """Return a stream of ``batch`` texts that are read and written step by step."""
        return LanguageStream(self.engine.stream(batch))

    @property
    def unit(self) -> str:
        """Noun for a token: "character", "word" or "piece"."""
        return UNITS[self.tokenizer.kind]

    def prompt_notes(self, prompt: str) -> tuple[str, ...]:
        """Return a note on unknown tokens of a prompt; empty if all are in the vocabulary."""
        return UnknownTokens.of([prompt], self.tokenizer).notes("the prompt", self.unit, 0.0)

    def stream_text(
        self, prompt: str, length: int, options: SamplingConfig | None = None, *, seed: int = 0
    ) -> Iterator[str]:
        """Yield sampled text that continues the prompt, piece by piece; ``<unk>`` is never sampled.

        Raises:
            ConfigError: if ``length`` is negative, or ``seed`` is out of range.
        """
        if length < 0:
            raise ConfigError(f"length={length}: must not be negative")
        if not 0 <= seed < 2**63:
            raise ConfigError(f"seed={seed}: must lie in 0..2**63 − 1")
        yield from self.tokenizer.pieces(self._draw(prompt, length, options or SamplingConfig(), seed))

    def next(self, prompt: str, top: int = 10) -> list[tuple[str, float]]:
        """Return the ``top`` most probable next tokens after a prompt, with their probabilities."""
        if top < 1:
            raise ConfigError(f"top={top}: must be at least 1")
        p = softmax(self.read(prompt).logits[0])
        best = np.argsort(-p, kind="stable")[:top]
        return [(self.name(int(i)), float(p[i])) for i in best]

    def read(self, prompt: str) -> LanguageStream:
        """Return a stream of one text that has read the beginning of a text and the prompt."""
        stream = self.stream()
        stream.push(self.first_ids(prompt))
        return stream

    def first_ids(self, prompt: str) -> Ids:
        """Return the tokens that are read for a prompt: the beginning of a text, and the prompt.

        With separate sentences only the last one, which is not finished, is read.
        """
        ids = self.tokenizer.encode(prompt) if prompt else read_first(self.tokenizer, self.data_info)
        ends = np.flatnonzero(ids == EOS_ID)
        if self.is_separate and len(ends):
            ids = ids[ends[-1] + 1 :]
        return np.concatenate([[EOS_ID], ids])

    def _draw(self, prompt: str, length: int, options: SamplingConfig, seed: int) -> Iterator[int]:
        stream = self.read(prompt)
        stop = EOS_ID if self.is_separate else None
        seeds = itertools.chain([seed], itertools.repeat(None))  # later chunks go on with the random numbers
        while length > 0:
            count = min(length, CHUNK)
            ids = stream.generate(
                count, seed=next(seeds), banned=(UNK_ID,), stop=stop, **dataclasses.asdict(options)
            )[:, 0]
            length -= len(ids)
            yield from ids.tolist()
            if self.is_separate and len(ids) and ids[-1] == EOS_ID:
                stream.reset()
                stream.push([EOS_ID])

    @property
    def is_separate(self) -> bool:
        """True if the model was trained on separate sentences, and its state begins anew after each."""
        return self.config.corpus.mode == "sentence"

    def name(self, token: int) -> str:
        """Return the text of a token; ``<eos>`` and ``<unk>`` by their names."""
        tokenizer = self.tokenizer
        return tokenizer.tokens[token] if token in (EOS_ID, UNK_ID) else tokenizer.decode([token])
