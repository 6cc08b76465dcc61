"""The recurrent language model: fit, evaluate, generate, save, load."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unrolled.baselines import count_baselines
from unrolled.data import Document, open_texts
from unrolled.data.documents import Texts
from unrolled.decoding import Hypothesis, SamplingConfig
from unrolled.errors import ConfigError
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.base.baseline_comparison import compare_with_baselines
from unrolled.tasks.base.pretrained_vectors import PretrainedVectors, initial_vectors, read_pretrained_vectors
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.base.unknown import UnknownTokens
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.build import build_model
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import (
    Corpus,
    TextToScore,
    all_ids,
    count_unknown,
    make_corpus,
    sample_chunk,
    tokenize,
)
from unrolled.tasks.lm.defaults import fill_defaults, fit_rows
from unrolled.tasks.lm.generator import Generator
from unrolled.tasks.lm.job import LanguageJob
from unrolled.tasks.lm.lines import prepare_text
from unrolled.tasks.lm.score import SCORING_ROWS, LanguageScore, score_text, score_tokens
from unrolled.tasks.lm.sources import as_source, from_memory, open_any, source_name
from unrolled.tasks.lm.spec import SPEC
from unrolled.tasks.lm.text_scores import (
    Row,
    RowUnit,
    separate_line_rows,
    split_lines,
    stream_line_rows,
    token_rows,
    tokenize_lines,
)
from unrolled.tasks.lm.tokens import is_text, token_ids, tokens_to_score
from unrolled.tasks.lm.units import UNITS
from unrolled.text import EOS_ID, Tokenizer, tokenizer_type, train_tokenizer
from unrolled.training import Callback
from unrolled.training.bar import describe_token_loss
from unrolled.training.progress_display import counting_bar
from unrolled.unknown import get_unknown_share

if TYPE_CHECKING:
    from unrolled.engine import Precision
    from unrolled.tasks.lm.stream import LanguageStream


class LanguageModel(Task[LanguageModelConfig, Corpus]):
    """A recurrent language model over characters, words or byte-pair pieces.

    ``LanguageModel(cell="lstm", hidden=256, tokenizer="char")`` takes any option of
    :class:`LanguageModelConfig` by name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _pretrained: PretrainedVectors | None = None
    """Pretrained word vectors, until training has ended."""
    _memory: tuple[list[Document] | None, ...] = (None, None)
    """Training and held-out documents in memory; None if given by name."""

    def fit(
        self,
        data: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Callback = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on a text, and keep the weights with the lowest loss on the held-out text.

        Args:
            data: a file, a folder, several (``"a.txt,b.txt"``, ``"books/*.txt"``), a data set such as
                ``"@stdlib"``; or a text, or a list of texts (one document each). None takes the config's.
            valid: held-out text, in the same forms. None takes the config's, or a part of the training text.
            out: run folder for checkpoints, log and plots; None keeps everything in memory.
            overwrite: replace a run in ``out``.
            progress: True shows a progress bar; a callback is called instead.
            watch: record diagnostics every ``watch`` steps: how far back gradients reach, which units are
                saturated, how far weights move (docs/training.md). True chooses the interval.

        Raises:
            DataError: if a text cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        names = [None if part is None else as_source(part) for part in (data, valid)]
        self._memory = tuple(
            from_memory(part) if part is not None and name is None else None
            for part, name in zip((data, valid), names, strict=True)
        )
        sources = ("" if documents else name for documents, name in zip(self._memory, names, strict=True))
        corpus = self._user_config.corpus.with_sources(*sources)
        self.config = dataclasses.replace(self._user_config, corpus=corpus)
        if not corpus.data and self._memory[0] is None:
            raise ConfigError("no training text: give data (a file, a folder, a text, or @stdlib)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        self._pretrained = None
        return self

    @property
    def unit(self) -> str:
        """Noun for a token: "character", "word" or "piece"."""
        return UNITS[self.tokenizer.kind]

    def _describe_loss(self, loss: float) -> str:
        return describe_token_loss(self.unit)(loss)

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _prepare_data(self) -> Corpus:
        tokenizer_kind = self.config.text.tokenizer
        # Raises now if the package of the tokenizer is missing.
        tokenizer_type("char" if tokenizer_kind == "auto" else tokenizer_kind)
        texts = self._documents()
        held_out = self._held_out_documents()
        self.config, default_notes = fill_defaults(
            self.config, texts.documents, held_out=held_out is not None
        )
        config = self.config
        training_texts = (
            prepare_text(d.text, config.text.tokenizer, config.corpus.mode) for d in texts.documents
        )
        tokenizer = train_tokenizer(config.text, list(training_texts))
        corpus = make_corpus(config.corpus, texts.documents, tokenizer, held_out)
        self.config, batch_notes = fit_rows(config, corpus.train)
        self._pretrained = vectors = read_pretrained_vectors(config.network, tokenizer.tokens)
        self._artifacts = LanguageArtifacts(
            tokenizer, corpus.data_info["unknown"], corpus.share, vectors.size if vectors else None
        )
        data_info = corpus.data_info | (vectors.data_info if vectors else {})
        return dataclasses.replace(
            corpus, data_info=data_info, notes=(*texts.notes, *default_notes, *corpus.notes, *batch_notes)
        )

    def _reload_data(self) -> Corpus:
        documents, held_out = self._documents().documents, self._held_out_documents()
        return make_corpus(self.config.corpus, documents, self.tokenizer, held_out)

    def _documents(self) -> Texts:
        corpus, in_memory = self.config.corpus, self._memory[0]
        return Texts(in_memory, ()) if in_memory else open_texts(corpus.data, corpus.encoding)

    def _held_out_documents(self) -> list[Document] | None:
        corpus, in_memory = self.config.corpus, self._memory[1]
        return (
            in_memory
            if in_memory or not corpus.valid
            else open_texts(corpus.valid, corpus.encoding).documents
        )

    def _check_before_training(self, data: Corpus) -> None:
        corpus = self.config.corpus
        if corpus.test:
            documents = open_texts(corpus.test, corpus.encoding).documents
            count_unknown(documents, self.tokenizer, corpus.mode, corpus.test)

    def _make_job(self, data: Corpus) -> LanguageJob:
        return LanguageJob(self.model, data, self.config)

    def _final_scores(self, data: Corpus, *, shown: bool) -> dict[str, Any]:
        """Score the held-out text, with counting baselines, and the test text."""
        scores: dict[str, Any] = {}
        if data.valid is not None:
            ids = all_ids(data.valid)
            held_out = TextToScore(data.valid, get_unknown_share(ids[1:], self.unknown_share))
            scores["valid"] = self._score(held_out, shown=shown).to_json()
            baselines = count_baselines(all_ids(data.train), ids, self.tokenizer.size)
            scores["baselines"] = dataclasses.asdict(baselines)
            named_baselines = {
                f"counting ({name.replace('_', '-')})": n for name, n in scores["baselines"].items()
            }
            nats = scores["valid"]["nats_per_token"]
            scores |= compare_with_baselines("nats/token", nats, named_baselines, higher=False)
        if self.config.corpus.test:
            scores["test"] = self.evaluate(self.config.corpus.test, progress=shown).to_json()
        return scores

    def evaluate(self, data: Any, *, progress: bool = False) -> LanguageScore:
        """Score a text, read in one pass with the state carried along (or sentence by sentence).

        Unknown tokens are counted and scored; see :mod:`unrolled.unknown`.

        Args:
            data: text in any form that :meth:`fit` takes.
            progress: show a progress bar, and notes on how the text was read.

        Raises:
            DataError: if the text cannot be read, or most of its tokens are unknown.
        """
        text = self._read(data)
        if progress:
            show_notes(text.notes)
        return self._score(text, shown=progress)

    def _score(self, text: TextToScore, *, shown: bool) -> LanguageScore:
        with counting_bar("scoring", text.tokens.predictions, shown=shown) as report:
            return score_text(self.model, text, self.tokenizer, report)

    def _read(self, data: Any) -> TextToScore:
        corpus = self.config.corpus
        texts = open_any(data, corpus.encoding)
        text = TextToScore.of(
            texts.documents, self.tokenizer, self.unknown_share, corpus.mode, source_name(data)
        )
        return dataclasses.replace(text, notes=(*texts.notes, *text.notes))

    @property
    def unknown_share(self) -> float:
        """Probability of unknown tokens in texts that have some; see :mod:`unrolled.unknown`.

        It is 0 if the training text had ``<unk>``. Runs of earlier versions did not store it; for them it is
        1 / (N + 2) for N training tokens.
        """
        artifacts = self.artifacts
        if artifacts.unknown_share is not None:
            return artifacts.unknown_share
        return 0.0 if artifacts.unknown else 1 / (self.data_info.get("tokens", 0) + 2)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[LanguageJob, Sample]:
        tokens = self._reload_training_data().valid if data is None else self._read(data).tokens
        if tokens is None:
            raise self._no_held_out_error()
        job = LanguageJob(self.model, Corpus(tokens, None, {}), self.config)
        chunk = sample_chunk(tokens, size)
        names = token_names(self.tokenizer, chunk.inputs, chunk.lengths)
        return job, Sample(chunk, names, self._held_out_source() if data is None else str(data))

    @property
    def vocabulary(self) -> list[str]:
        """All tokens in the order of their ids: ``<eos>``, ``<unk>``, and the others."""
        return self.tokenizer.tokens

    def tokens(self, data: Any) -> list[str]:
        """Return the tokens of a text as the model reads them, ``<eos>`` included.

        Args:
            data: text in any form that :meth:`fit` takes.
        """
        corpus = self.config.corpus
        documents = open_any(data, corpus.encoding).documents
        tokens = tokenize(documents, self.tokenizer, corpus.mode)
        names = self.vocabulary
        return [names[i] for i in all_ids(tokens)[1:].tolist()]

    def score(self, tokens: Any) -> NDArray[np.float64]:
        """Return ln p (N,) of every token of a text.

        Args:
            tokens: a list of tokens from :meth:`tokens`, read as one document; a text, a list of texts or a
                ``Path``. Strings are texts if they cannot be tokens: they contain spaces or, for a model of
                characters, more than one character.

        A model of sentences reads each sentence, up to its ``<eos>``, separately. Like an n-gram model of
        sentences, it also takes a list of sentences without ``<eos>``, and adds one to each. Unknown tokens
        are scored as in :meth:`evaluate`.

        Raises:
            DataError: if there are no tokens, or most tokens of a text are unknown; if the tokens for a model
                of sentences do not end with ``<eos>``; or if a model of running text is given sentences.
        """
        if is_text(tokens, self.tokenizer):
            text = self._read([tokens] if isinstance(tokens, str) else tokens)
        else:
            encoded = tokens_to_score(tokens, self.artifacts, self.config.corpus.mode)
            text = TextToScore(encoded, get_unknown_share(all_ids(encoded)[1:], self.unknown_share))
        return -score_tokens(self.model, text, SCORING_ROWS)

    def score_parts(self, data: Any, per: RowUnit = "sentence", *, progress: bool = False) -> list[Row]:
        """Return the score of every sentence, line or token of a text.

        Args:
            data: text in any form that :meth:`fit` takes.
            per: "sentence": every line that is not blank, each read separately; "line": lines of running
                text, read one after another; "token".
            progress: show a progress bar, and notes on how the text was read.

        Raises:
            DataError: if the text cannot be read, or most of its tokens are unknown.
        """
        corpus, tokenizer = self.config.corpus, self.tokenizer
        texts, text = open_any(data, corpus.encoding), self._read(data)
        if progress:
            show_notes(text.notes)
        lines = split_lines(texts.documents, tokenizer, corpus.mode)
        line_tokens = (
            tokenize_lines(lines, tokenizer) if per == "sentence" and corpus.mode != "sentence" else None
        )
        if line_tokens is not None:
            text = dataclasses.replace(text, tokens=line_tokens)
        with counting_bar("scoring", text.tokens.predictions, shown=progress) as report:
            scores = -score_tokens(self.model, text, SCORING_ROWS, report)
        if line_tokens is not None:
            return list(separate_line_rows(lines, line_tokens, tokenizer, scores))
        rows = token_rows if per == "token" else stream_line_rows
        return list(rows(texts.documents, text.tokens, tokenizer, scores))

    def distribution(self, context: Sequence[str] = ()) -> NDArray[np.float64]:
        """Return the probability (V,) of every next token after the tokens in ``context``.

        Raises:
            DataError: if the context is not a list of strings.
        """
        writer = Generator(self.model, self.tokenizer, separate=self.config.corpus.mode == "sentence")
        ids = token_ids(context, self.artifacts)
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
        """Sample ``length`` tokens that continue the prompt; return them as text without the prompt."""
        options = SamplingConfig(temperature, top_k, top_p)
        return "".join(self.stream_text(prompt, length, options, seed=seed))

    @overload
    def stream(self, *, batch: int = 1, precision: "Precision" = "float32") -> "LanguageStream": ...
    @overload
    def stream(
        self, prompt: str, length: int, options: SamplingConfig | None = None, *, seed: int = 0
    ) -> Iterator[str]: ...
    def stream(self, *args: Any, batch: int = 1, precision: "Precision" = "float32", **options: Any) -> Any:
        """Return texts that are read and written token by token, with their states; see :meth:`Task.stream`.

        With a prompt, the same as :meth:`stream_text`.
        """
        if args or options:
            return self.stream_text(*args, **options)
        return super().stream(batch=batch, precision=precision)

    def stream_text(
        self, prompt: str, length: int, options: SamplingConfig | None = None, *, seed: int = 0
    ) -> Iterator[str]:
        """Yield the text of :meth:`generate` piece by piece.

        ``<unk>`` is never sampled. The state is carried from the prompt through the whole text. Unknown
        tokens of the prompt are read as ``<unk>``; see :meth:`prompt_notes`.

        Raises:
            ConfigError: if ``length`` is negative, or ``seed`` is out of range.
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
        """Return the most probable continuations that beam search finds, best first, with their scores.

        ``normalisation`` is α of score = log p / length^α. With ``stop_at_eos`` a hypothesis ends at
        ``<eos>`` (the end of a line for words).
        """
        hypotheses = self._writer().search(
            prompt, length, beams, normalisation, EOS_ID if stop_at_eos else None
        )
        return [(self.tokenizer.decode(h.tokens), h) for h in hypotheses]

    def next(self, prompt: str = "", top: int = 10) -> list[tuple[str, float]]:
        """Return the ``top`` most probable next tokens after a prompt, with their probabilities."""
        if top < 1:
            raise ConfigError(f"top={top}: must be at least 1")
        return self._writer().next_tokens(prompt, top)

    def prompt_notes(self, prompt: str) -> tuple[str, ...]:
        """Return a note on unknown tokens of a prompt; empty if all are in the vocabulary."""
        return UnknownTokens.of([prompt], self.tokenizer).notes("the prompt", self.unit, 0.0)

    def _writer(self) -> Generator:
        """Return the object that continues prompts."""
        knows_start = self.tokenizer.ends_lines or bool(self.data_info.get("eos", 1))
        separate = self.config.corpus.mode == "sentence"
        return Generator(self.model, self.tokenizer, separate=separate, knows_start=knows_start)

    def _make_model(self, *, start: bool) -> nn.Module:
        artifacts = self.artifacts
        rows, size = artifacts.tokenizer.size, artifacts.vector_size
        vectors = initial_vectors(self.config.network, self._pretrained, rows, size, start=start)
        return build_model(self.config, artifacts, vectors)

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """See :meth:`Task._input_table`."""
        return self.tokenizer.tokens, self.model.input

    @property
    def model(self) -> RecurrentLanguageModel:
        """The torch module. Raises NotFittedError before ``fit``."""
        return self._require_model(RecurrentLanguageModel)

    @property
    def artifacts(self) -> LanguageArtifacts:
        """The artifacts. Raises NotFittedError before ``fit``."""
        return self._require_artifacts(LanguageArtifacts)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer. Raises NotFittedError before ``fit``."""
        return self.artifacts.tokenizer
