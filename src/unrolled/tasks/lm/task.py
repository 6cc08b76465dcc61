"""The recurrent language model as a tool: fit, evaluate, generate, save, load."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unrolled.baselines import count_baselines
from unrolled.baselines.ngram.vocabulary import Tokens as TokenLists
from unrolled.data import open_documents
from unrolled.decoding import Hypothesis, SamplingConfig
from unrolled.errors import ConfigError, DataError
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.base.better import beside
from unrolled.tasks.base.given_vectors import GivenVectors, read_given, vectors_of
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.build import build_model
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import (
    Corpus,
    Tokens,
    all_ids,
    check_known,
    cut_chunk,
    make_corpus,
    read_tokens,
    tokenize,
)
from unrolled.tasks.lm.job import LanguageJob
from unrolled.tasks.lm.score import SCORING_ROWS, LanguageScore, score_text, score_tokens
from unrolled.tasks.lm.spec import SPEC
from unrolled.tasks.lm.tokens import numbers_of, tokens_to_score
from unrolled.tasks.lm.writer import Writer
from unrolled.text import EOS_ID, Tokenizer, tokenizer_type, train_tokenizer
from unrolled.training import Watcher
from unrolled.training.bar import token_figures
from unrolled.training.waiting import counting_bar

UNITS = {"char": "character", "word": "word", "bpe": "piece"}


class LanguageModel(Task[LanguageModelConfig, Corpus]):
    """A recurrent language model over characters, words or byte-pair pieces.

    ``LanguageModel(cell="lstm", hidden=256, tokenizer="char")`` takes any option of
    :class:`LanguageModelConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _given: GivenVectors | None = None
    """Word vectors to start from, until training is over."""

    def fit(
        self,
        data: str | Path | None = None,
        *,
        valid: str | Path | None = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on a text and keep the weights that predict the held-out part best.

        Args:
            data: a file, a folder, or a data set such as ``"@stdlib"``; else the config's.
            valid: held-out text; else the config's, or the last part of the training text.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if a text cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        self.config = dataclasses.replace(self._asked, corpus=self.config.corpus.with_sources(data, valid))
        if not self.config.corpus.data:
            raise ConfigError("no training text: give data (a file, a folder, or @stdlib)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        self._given = None
        return self

    @property
    def unit(self) -> str:
        """What a token is called."""
        return UNITS[self.config.text.tokenizer]

    def _describe_loss(self, loss: float) -> str:
        return token_figures(self.unit)(loss)

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> Corpus:
        c = self.config
        tokenizer_type(c.text.tokenizer)  # says now if its package is missing
        documents = open_documents(c.corpus.data)
        tokenizer = train_tokenizer(c.text, [d.text for d in documents])
        corpus = make_corpus(c.corpus, documents, tokenizer)
        self._given = given = read_given(c.network, tokenizer.tokens)
        self._artifacts = LanguageArtifacts(tokenizer, corpus.facts["unknown"], given.size if given else None)
        return dataclasses.replace(corpus, facts=corpus.facts | given.facts) if given else corpus

    def _reread(self) -> Corpus:
        documents = open_documents(self.config.corpus.data)
        return make_corpus(self.config.corpus, documents, self.tokenizer)

    def _check_before_training(self, data: Corpus) -> None:
        test = self.config.corpus.test
        if test:
            check_known(open_documents(test), self.tokenizer, self.artifacts.unknown, test)

    def _make_job(self, data: Corpus) -> LanguageJob:
        return LanguageJob(self.model, data, self.config)

    def _final_scores(self, data: Corpus, *, shown: bool) -> dict[str, Any]:
        """Score the held-out text in one pass, beside what counting gives, and the test text."""
        scores: dict[str, Any] = {}
        if data.valid is not None:
            scores["valid"] = self._score(data.valid, shown=shown).to_json()
            held_out, size = all_ids(data.valid), self.tokenizer.size
            counted = count_baselines(all_ids(data.train), held_out, size)
            scores["baselines"] = dataclasses.asdict(counted)
            own = scores["valid"]["nats_per_token"]
            scores |= beside("nats per token", own, scores["baselines"], higher=False)
        if self.config.corpus.test:
            scores["test"] = self.evaluate(self.config.corpus.test, progress=shown).to_json()
        return scores

    def evaluate(self, data: str | Path, *, progress: bool = False) -> LanguageScore:
        """Score a text, read in one pass with the state carried (or sentence by sentence).

        Args:
            data: a file, a folder, or a data set such as ``"@ptb/test"``.
            progress: show a bar.

        Raises:
            DataError: if the text cannot be read, or its tokens are unknown to the model.
        """
        return self._score(self._read(data), shown=progress)

    def _score(self, tokens: Tokens, *, shown: bool) -> LanguageScore:
        with counting_bar("scoring", tokens.predictions, shown=shown) as report:
            return score_text(self.model, tokens, self.tokenizer, report)

    def _read(self, data: str | Path) -> Tokens:
        known = self.artifacts
        return read_tokens(data, known.tokenizer, known.unknown, self.config.corpus.mode)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[LanguageJob, Sample]:
        tokens = self._read_again().valid if data is None else self._read(data)
        if tokens is None:
            raise self._nothing_held_out()
        job = LanguageJob(self.model, Corpus(tokens, None, {}), self.config)
        chunk = cut_chunk(tokens, size)
        names = token_names(self.tokenizer, chunk.inputs, chunk.lengths)
        return job, Sample(chunk, names, self._held_out_source() if data is None else str(data))

    @property
    def vocabulary(self) -> list[str]:
        """All tokens in the order of their numbers: ``<eos>``, ``<unk>``, and the others."""
        return self.tokenizer.tokens

    def tokens(self, data: str | Path) -> list[str]:
        """Return the tokens of a file, a folder or a data set as the model reads them, ``<eos>`` included."""
        found = tokenize(open_documents(data), self.tokenizer, self.config.corpus.mode)
        names = self.vocabulary
        return [names[i] for i in all_ids(found)[1:].tolist()]

    def score(self, tokens: TokenLists) -> NDArray[np.float64]:
        """Return ln p (N,) of every token of a text, which is read as one document.

        A model of sentences reads what stands between two ``<eos>`` by itself. It takes a list of sentences
        without ``<eos>`` too, as an n-gram model of sentences does; each is then followed by its ``<eos>``.

        Raises:
            DataError: if there are none, or tokens are not in the vocabulary and training never showed
                ``<unk>``; or a model of sentences is given tokens that do not end with ``<eos>``, or one of
                running text is given sentences.
        """
        read = tokens_to_score(tokens, self.artifacts, self.config.corpus.mode)
        return -score_tokens(self.model, read, SCORING_ROWS)

    def distribution(self, context: Sequence[str] = ()) -> NDArray[np.float64]:
        """Return p (V,) of every token after the tokens of a text so far.

        Raises:
            DataError: if tokens are not in the vocabulary and training never showed ``<unk>``.
        """
        writer = Writer(self.model, self.tokenizer, separate=self.config.corpus.mode == "sentence")
        ids = numbers_of(context, self.artifacts)
        p: NDArray[np.float64] = writer.distribution_after(ids).double().cpu().numpy()
        return p

    def generate(
        self,
        prompt: str = "",
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> str:
        """Return ``length`` tokens that continue the prompt, as text (without the prompt)."""
        options = SamplingConfig(temperature, top_k, top_p)
        return "".join(self.stream(prompt, length, options, seed=seed))

    def stream(
        self, prompt: str, length: int, options: SamplingConfig | None = None, *, seed: int = 0
    ) -> Iterator[str]:
        """Yield the text of :meth:`generate` as it is made.

        ``<unk>`` is never drawn; the state is carried from the prompt through the whole text.

        Raises:
            DataError: if the prompt has tokens that the model cannot know.
        """
        if length < 0:
            raise ConfigError(f"length={length}: must not be negative")
        if not 0 <= seed < 2**63:
            raise ConfigError(f"seed={seed}: must lie in 0..2**63 − 1")
        ids = self._writer(prompt).draw(prompt, length, options or SamplingConfig(), seed)
        yield from self.tokenizer.pieces(ids)

    def beam(
        self,
        prompt: str = "",
        length: int = 50,
        *,
        beams: int = 5,
        normalisation: float = 1.0,
        stop_at_eos: bool = True,
    ) -> list[tuple[str, Hypothesis]]:
        """Return the most probable continuations found, best first, with their scores.

        ``normalisation`` is α of score = log p / length^α. With ``stop_at_eos`` a hypothesis ends at
        ``<eos>`` (the end of a line for words).
        """
        found = self._writer(prompt).search(
            prompt, length, beams, normalisation, EOS_ID if stop_at_eos else None
        )
        return [(self.tokenizer.decode(h.tokens), h) for h in found]

    def next(self, prompt: str = "", top: int = 10) -> list[tuple[str, float]]:
        """Return the ``top`` most probable next tokens after a prompt, with their probabilities."""
        if top < 1:
            raise ConfigError(f"top={top}: must be at least 1")
        return self._writer(prompt).next_tokens(prompt, top)

    def _writer(self, prompt: str) -> Writer:
        """Return what continues a prompt, once the prompt is known to be usable."""
        tokenizer = self.tokenizer
        missing = tokenizer.unknown(prompt)
        if missing and not self.artifacts.unknown:
            shown = ", ".join(repr(t) for t in missing[:5])
            raise DataError(f"the prompt holds what the model has never seen ({shown}); leave it out")
        return Writer(self.model, tokenizer, separate=self.config.corpus.mode == "sentence")

    def _make_model(self, *, start: bool) -> nn.Module:
        known = self.artifacts
        rows, size = known.tokenizer.size, known.vector_size
        vectors = vectors_of(self.config.network, self._given, rows, size, start=start)
        return build_model(self.config, known, vectors)

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """See :meth:`Task._input_table`."""
        return self.tokenizer.tokens, self.model.input

    @property
    def model(self) -> RecurrentLanguageModel:
        """The torch module inside; RunError before training."""
        return self._trained(RecurrentLanguageModel)

    @property
    def artifacts(self) -> LanguageArtifacts:
        """The vocabulary; RunError before training."""
        return self._learned(LanguageArtifacts)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokeniser inside; RunError before training."""
        return self.artifacts.tokenizer
