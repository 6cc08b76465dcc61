"""The recurrent language model as a tool: fit, evaluate, generate, save, load."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unrolled.baselines import count_baselines
from unrolled.data import Document, open_texts
from unrolled.data.documents import Texts
from unrolled.decoding import Hypothesis, SamplingConfig
from unrolled.errors import ConfigError
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.base.better import beside
from unrolled.tasks.base.given_vectors import GivenVectors, read_given, vectors_of
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.base.unknown import Unknown
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.build import build_model
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import (
    UNITS,
    Corpus,
    TextToScore,
    all_ids,
    count_unknown,
    cut_chunk,
    make_corpus,
    tokenize,
)
from unrolled.tasks.lm.defaults import fill_defaults, fit_rows
from unrolled.tasks.lm.job import LanguageJob
from unrolled.tasks.lm.lines import prepare_text
from unrolled.tasks.lm.rows import Part, Row, line_rows, sentence_rows, separate, split_lines, token_rows
from unrolled.tasks.lm.score import SCORING_ROWS, LanguageScore, score_text, score_tokens
from unrolled.tasks.lm.sources import from_memory, name_of, named, open_any
from unrolled.tasks.lm.spec import SPEC
from unrolled.tasks.lm.tokens import is_text, numbers_of, tokens_to_score
from unrolled.tasks.lm.writer import Writer
from unrolled.text import EOS_ID, Tokenizer, tokenizer_type, train_tokenizer
from unrolled.training import Watcher
from unrolled.training.bar import token_figures
from unrolled.training.waiting import counting_bar
from unrolled.unknown import share_for


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
    _memory: tuple[list[Document] | None, ...] = (None, None)
    """Training and held-out documents that were not given by name."""

    def fit(
        self,
        data: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on a text and keep the weights that predict the held-out part best.

        Args:
            data: a file, a folder, several (``"a.txt,b.txt"``, ``"books/*.txt"``), a data set such as
                ``"@stdlib"``; a text, or a list of texts, each of which is a document; else the config's.
            valid: held-out text, in the same forms; else the config's, or a part of the training text.
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
        names = [None if part is None else named(part) for part in (data, valid)]
        self._memory = tuple(
            from_memory(part) if part is not None and name is None else None
            for part, name in zip((data, valid), names, strict=True)
        )
        sources = ("" if kept else name for kept, name in zip(self._memory, names, strict=True))
        corpus = self._asked.corpus.with_sources(*sources)
        self.config = dataclasses.replace(self._asked, corpus=corpus)
        if not corpus.data and self._memory[0] is None:
            raise ConfigError("no training text: give data (a file, a folder, a text, or @stdlib)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        self._given = None
        return self

    @property
    def unit(self) -> str:
        """What a token is called."""
        return UNITS[self.tokenizer.kind]

    def _describe_loss(self, loss: float) -> str:
        return token_figures(self.unit)(loss)

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> Corpus:
        asked = self.config.text.tokenizer
        tokenizer_type("char" if asked == "auto" else asked)  # says now if its package is missing
        texts = self._documents()
        held_out = self._held_out_documents()
        self.config, chosen = fill_defaults(self.config, texts.documents, held_out=held_out is not None)
        c = self.config
        read = (prepare_text(d.text, c.text.tokenizer, c.corpus.mode) for d in texts.documents)
        tokenizer = train_tokenizer(c.text, list(read))
        corpus = make_corpus(c.corpus, texts.documents, tokenizer, held_out)
        self.config, rows = fit_rows(c, corpus.train)
        self._given = given = read_given(c.network, tokenizer.tokens)
        self._artifacts = LanguageArtifacts(
            tokenizer, corpus.facts["unknown"], corpus.share, given.size if given else None
        )
        facts = corpus.facts | (given.facts if given else {})
        return dataclasses.replace(corpus, facts=facts, notes=(*texts.notes, *chosen, *corpus.notes, *rows))

    def _reread(self) -> Corpus:
        documents, held_out = self._documents().documents, self._held_out_documents()
        return make_corpus(self.config.corpus, documents, self.tokenizer, held_out)

    def _documents(self) -> Texts:
        corpus, kept = self.config.corpus, self._memory[0]
        return Texts(kept, ()) if kept else open_texts(corpus.data, corpus.encoding)

    def _held_out_documents(self) -> list[Document] | None:
        corpus, kept = self.config.corpus, self._memory[1]
        return kept if kept or not corpus.valid else open_texts(corpus.valid, corpus.encoding).documents

    def _check_before_training(self, data: Corpus) -> None:
        corpus = self.config.corpus
        if corpus.test:
            documents = open_texts(corpus.test, corpus.encoding).documents
            count_unknown(documents, self.tokenizer, corpus.mode, corpus.test)

    def _make_job(self, data: Corpus) -> LanguageJob:
        return LanguageJob(self.model, data, self.config)

    def _final_scores(self, data: Corpus, *, shown: bool) -> dict[str, Any]:
        """Score the held-out text in one pass, beside what counting gives, and the test text."""
        scores: dict[str, Any] = {}
        if data.valid is not None:
            ids = all_ids(data.valid)
            read = TextToScore(data.valid, share_for(ids[1:], self.unknown_share))
            scores["valid"] = self._score(read, shown=shown).to_json()
            counted = count_baselines(all_ids(data.train), ids, self.tokenizer.size)
            scores["baselines"] = dataclasses.asdict(counted)
            named_counts = {
                f"counting ({name.replace('_', '-')})": n for name, n in scores["baselines"].items()
            }
            own = scores["valid"]["nats_per_token"]
            scores |= beside("nats/token", own, named_counts, higher=False)
        if self.config.corpus.test:
            scores["test"] = self.evaluate(self.config.corpus.test, progress=shown).to_json()
        return scores

    def evaluate(self, data: Any, *, progress: bool = False) -> LanguageScore:
        """Score a text, read in one pass with the state carried (or sentence by sentence).

        Unknown tokens are counted and scored; see :mod:`unrolled.unknown`.

        Args:
            data: in the forms that :meth:`fit` takes.
            progress: show a bar, and notes on how the text was read.

        Raises:
            DataError: if the text cannot be read, or is mostly unknown to the model.
        """
        read = self._read(data)
        if progress:
            show_notes(read.notes)
        return self._score(read, shown=progress)

    def _score(self, read: TextToScore, *, shown: bool) -> LanguageScore:
        with counting_bar("scoring", read.tokens.predictions, shown=shown) as report:
            return score_text(self.model, read, self.tokenizer, report)

    def _read(self, data: Any) -> TextToScore:
        corpus = self.config.corpus
        texts = open_any(data, corpus.encoding)
        read = TextToScore.of(texts.documents, self.tokenizer, self.unknown_share, corpus.mode, name_of(data))
        return dataclasses.replace(read, notes=(*texts.notes, *read.notes))

    @property
    def unknown_share(self) -> float:
        """Probability of unknown tokens in texts that have some, see :mod:`unrolled.unknown`.

        It is 0 where training showed ``<unk>``. Runs of earlier versions did not keep it: they take
        1 / (N + 2) for N training tokens.
        """
        known = self.artifacts
        if known.unknown_share is not None:
            return known.unknown_share
        return 0.0 if known.unknown else 1 / (self.facts.get("tokens", 0) + 2)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[LanguageJob, Sample]:
        tokens = self._read_again().valid if data is None else self._read(data).tokens
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

    def tokens(self, data: Any) -> list[str]:
        """Return the tokens of a text as the model reads them, ``<eos>`` included.

        Args:
            data: in the forms that :meth:`fit` takes.
        """
        corpus = self.config.corpus
        documents = open_any(data, corpus.encoding).documents
        found = tokenize(documents, self.tokenizer, corpus.mode)
        names = self.vocabulary
        return [names[i] for i in all_ids(found)[1:].tolist()]

    def score(self, tokens: Any) -> NDArray[np.float64]:
        """Return ln p (N,) of every token of a text.

        Args:
            tokens: a list of tokens as :meth:`tokens` returns it, which is read as one document; a text, or a
                list of texts: strings that cannot be tokens, for they hold blanks or, for a model of
                characters, several of them; or a ``Path``.

        A model of sentences reads what stands between two ``<eos>`` by itself. It takes a list of sentences
        without ``<eos>`` too, as an n-gram model of sentences does; each is then followed by its ``<eos>``.
        Unknown tokens are scored as :meth:`evaluate` does.

        Raises:
            DataError: if there are none, or a text is mostly unknown; or a model of sentences is given tokens
                that do not end with ``<eos>``, or one of running text is given sentences.
        """
        if is_text(tokens, self.tokenizer):
            read = self._read([tokens] if isinstance(tokens, str) else tokens)
        else:
            found = tokens_to_score(tokens, self.artifacts, self.config.corpus.mode)
            read = TextToScore(found, share_for(all_ids(found)[1:], self.unknown_share))
        return -score_tokens(self.model, read, SCORING_ROWS)

    def score_parts(self, data: Any, per: Part = "sentence", *, progress: bool = False) -> list[Row]:
        """Return the score of every sentence, line or token of a text.

        Args:
            data: in the forms that :meth:`fit` takes.
            per: "sentence": every line that is not blank is read by itself; "line": lines of running text,
                read one after another; "token".
            progress: show a bar, and notes on how the text was read.

        Raises:
            DataError: if the text cannot be read, or is mostly unknown to the model.
        """
        corpus, tokenizer = self.config.corpus, self.tokenizer
        texts, read = open_any(data, corpus.encoding), self._read(data)
        if progress:
            show_notes(read.notes)
        lines = split_lines(texts.documents, tokenizer, corpus.mode)
        apart = separate(lines, tokenizer) if per == "sentence" and corpus.mode != "sentence" else None
        if apart is not None:
            read = dataclasses.replace(read, tokens=apart)
        with counting_bar("scoring", read.tokens.predictions, shown=progress) as report:
            scores = -score_tokens(self.model, read, SCORING_ROWS, report)
        if apart is not None:
            return list(sentence_rows(lines, apart, tokenizer, scores))
        rows = token_rows if per == "token" else line_rows
        return list(rows(texts.documents, read.tokens, tokenizer, scores))

    def distribution(self, context: Sequence[str] = ()) -> NDArray[np.float64]:
        """Return p (V,) of every token after the tokens of a text so far.

        Raises:
            DataError: if the context is no list of strings.
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

        Tokens of the prompt that the model does not know are read as ``<unk>``; see :meth:`prompt_notes`.
        """
        if length < 0:
            raise ConfigError(f"length={length}: must not be negative")
        if not 0 <= seed < 2**63:
            raise ConfigError(f"seed={seed}: must lie in 0..2**63 − 1")
        ids = self._writer().draw(prompt, length, options or SamplingConfig(), seed)
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
        found = self._writer().search(prompt, length, beams, normalisation, EOS_ID if stop_at_eos else None)
        return [(self.tokenizer.decode(h.tokens), h) for h in found]

    def next(self, prompt: str = "", top: int = 10) -> list[tuple[str, float]]:
        """Return the ``top`` most probable next tokens after a prompt, with their probabilities."""
        if top < 1:
            raise ConfigError(f"top={top}: must be at least 1")
        return self._writer().next_tokens(prompt, top)

    def prompt_notes(self, prompt: str) -> tuple[str, ...]:
        """Return a line on the tokens of a prompt that the model does not know; nothing if it knows all."""
        return Unknown.of([prompt], self.tokenizer).notes("the prompt", self.unit, 0.0)

    def _writer(self) -> Writer:
        """Return what continues a prompt."""
        begun = self.tokenizer.ends_lines or bool(self.facts.get("eos", 1))
        separate = self.config.corpus.mode == "sentence"
        return Writer(self.model, self.tokenizer, separate=separate, knows_start=begun)

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
