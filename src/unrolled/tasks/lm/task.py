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
from unrolled.baselines.ngram.vocabulary import are_sentences
from unrolled.data import Sentences, TokenStream, open_documents
from unrolled.decoding import Hypothesis, SamplingConfig
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.models import RecurrentLanguageModel
from unrolled.models.inputs import Embedding
from unrolled.symbols import EOS
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.facts import LanguageFacts
from unrolled.tasks.base.given_vectors import given_vectors
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.task import Task
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import (
    Corpus,
    Tokens,
    all_ids,
    check_known,
    cut_chunk,
    make_corpus,
    require_known,
    tokenize,
)
from unrolled.tasks.lm.job import LanguageJob, LanguageScore, score_documents, score_tokens
from unrolled.tasks.lm.writer import Writer
from unrolled.text import (
    EOS_ID,
    UNK_ID,
    Tokenizer,
    tokenizer_from_json,
    tokenizer_to_json,
    tokenizer_type,
    train_tokenizer,
)
from unrolled.training import Watcher
from unrolled.training.bar import token_figures
from unrolled.training.files import read_json
from unrolled.training.waiting import counting_bar

SCORING_ROWS = 32
UNITS = {"char": "character", "word": "word", "bpe": "piece"}


class LanguageModel(Task[LanguageModelConfig, Corpus]):
    """A recurrent language model over characters, words or byte-pair pieces.

    ``LanguageModel(cell="lstm", hidden=256, tokenizer="char")`` takes any option of
    :class:`LanguageModelConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    verb: ClassVar[str] = "lm"
    config_type: ClassVar[type] = LanguageModelConfig
    facts_type: ClassVar[type] = LanguageFacts
    metrics: ClassVar[tuple[str, ...]] = ("nats_per_token", "perplexity", "bits_per_character")
    _tokenizer: Tokenizer | None = None

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
        self.config = dataclasses.replace(self.config, corpus=self.config.corpus.with_sources(data, valid))
        if not self.config.corpus.data:
            raise ConfigError("no training text: give data (a file, a folder, or @stdlib)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """What a token is called."""
        return UNITS[self.config.text.tokenizer]

    def _describe_loss(self, loss: float) -> str:
        return token_figures(self.unit)(loss)

    def _sources(self) -> tuple[str, str]:
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> Corpus:
        tokenizer_type(self.config.text.tokenizer)  # says now if its package is missing
        documents = open_documents(self.config.corpus.data)
        self._tokenizer = train_tokenizer(self.config.text, [d.text for d in documents])
        return make_corpus(self.config.corpus, documents, self._tokenizer)

    def _reread(self) -> Corpus:
        documents = open_documents(self.config.corpus.data)
        return make_corpus(self.config.corpus, documents, self.tokenizer)

    def _check_before_training(self, data: Corpus) -> None:
        test = self.config.corpus.test
        if test:
            check_known(open_documents(test), self.tokenizer, data.facts["unknown"], test)

    def _make_job(self, data: Corpus) -> LanguageJob:
        return LanguageJob(self.model, data, self.config)

    def _final_scores(self, data: Corpus, *, shown: bool) -> dict[str, Any]:
        """Score the held-out text in one pass, beside what counting gives, and the test text."""
        self.model.precision = "full"
        scores: dict[str, Any] = {}
        if data.valid is not None:
            scores["valid"] = self._score(data.valid, shown=shown).to_json()
            held_out, size = all_ids(data.valid), self.tokenizer.size
            counted = count_baselines(all_ids(data.train), held_out, size)
            scores["baselines"] = dataclasses.asdict(counted)
        if self.config.corpus.test:
            scores["test"] = self.evaluate(self.config.corpus.test, progress=shown).to_json()
        return scores

    def _vocabularies(self) -> dict[str, Any]:
        return {run_folder.TOKENIZER: tokenizer_to_json(self.tokenizer)}

    def _take_vocabularies(self, folder: Path) -> None:
        self._tokenizer = tokenizer_from_json(read_json(folder / run_folder.TOKENIZER))

    def evaluate(self, data: str | Path, *, progress: bool = False) -> LanguageScore:
        """Score a text, read in one pass with the state carried (or sentence by sentence).

        Args:
            data: a file, a folder, or a data set such as ``"@ptb/test"``.
            progress: show a bar.

        Raises:
            DataError: if the text cannot be read, or its tokens are unknown to the model.
        """
        return self._score(self._read(data), shown=progress)

    def _read(self, data: str | Path) -> Tokens:
        tokenizer = self.tokenizer
        documents = open_documents(data)
        check_known(documents, tokenizer, self.facts.get("unknown", 0), str(data))
        tokens = tokenize(documents, tokenizer, self.config.corpus.mode)
        if tokens.predictions < 1:
            raise DataError(f"{data}: holds no tokens to predict")
        return tokens

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[LanguageJob, Sample]:
        tokens = self._read_again().valid if data is None else self._read(data)
        if tokens is None:
            raise self._nothing_held_out()
        job = LanguageJob(self.model, Corpus(tokens, None, {}), self.config)
        chunk = cut_chunk(tokens, size)
        names = token_names(self.tokenizer, chunk.inputs, chunk.lengths)
        return job, Sample(chunk, names, self._held_out_source() if data is None else str(data))

    # -- token by token, as models that are mixed with others are asked ----------------------------------

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
        sentences = self.config.corpus.mode == "sentence"
        if are_sentences(tokens):
            if not sentences:
                raise DataError("this model reads one running text, and these tokens are sentences")
            tokens = [token for sentence in tokens for token in (*sentence, EOS)]
        ids = self._numbers(tokens)
        read: Tokens = TokenStream(np.concatenate([[EOS_ID], ids]), np.zeros(1, np.int64))
        if sentences:
            if ids[-1] != EOS_ID:
                raise DataError("this model reads sentences: the last token must be <eos>")
            ends = np.flatnonzero(ids == EOS_ID)
            read = Sentences([part[part != EOS_ID] for part in np.split(ids, ends[:-1] + 1)], EOS_ID)
        return -score_tokens(self.model, read, SCORING_ROWS)

    def distribution(self, context: Sequence[str] = ()) -> NDArray[np.float64]:
        """Return p (V,) of every token after the tokens of a text so far.

        Raises:
            DataError: if tokens are not in the vocabulary and training never showed ``<unk>``.
        """
        writer = Writer(self.model, self.tokenizer, separate=self.config.corpus.mode == "sentence")
        p: NDArray[np.float64] = writer.distribution_after(self._numbers(context)).double().numpy()
        return p

    def _numbers(self, tokens: Sequence[Any]) -> NDArray[np.int64]:
        if isinstance(tokens, str):
            raise DataError("a string is not a list of tokens: give a list, as tokens(file) returns it")
        odd = next((t for t in tokens if not isinstance(t, str)), None)
        if odd is not None:
            raise DataError(f"tokens are strings, and {odd!r} is none")
        numbers = {token: i for i, token in enumerate(self.vocabulary)}
        missing = dict.fromkeys(t for t in tokens if t not in numbers)
        require_known(
            not missing or self.facts.get("unknown", 0) > 0,
            f"{len(missing)} kinds of tokens are not in the model's vocabulary "
            f"({', '.join(map(repr, list(missing)[:5]))} …), and it never saw <unk>",
        )
        return np.array([numbers.get(t, UNK_ID) for t in tokens], dtype=np.int64)

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
        p = self._writer(prompt).next_distribution(prompt)
        best = p.topk(min(top, len(p)))
        tokenizer = self.tokenizer
        shown = [
            tokenizer.tokens[i] if i in (EOS_ID, UNK_ID) else tokenizer.decode([i])
            for i in best.indices.tolist()
        ]
        return list(zip(shown, best.values.tolist(), strict=True))

    def _writer(self, prompt: str) -> Writer:
        """Return what continues a prompt, once the prompt is known to be usable."""
        tokenizer = self.tokenizer
        missing = tokenizer.unknown(prompt)
        if missing and not self.facts.get("unknown", 0):
            shown = ", ".join(repr(t) for t in missing[:5])
            raise DataError(f"the prompt holds what the model has never seen ({shown}); leave it out")
        return Writer(self.model, tokenizer, separate=self.config.corpus.mode == "sentence")

    def _score(self, tokens: Tokens, *, shown: bool) -> LanguageScore:
        ids = all_ids(tokens)[1:]
        with counting_bar("scoring", len(ids), shown=shown) as report:
            nats, predictions = score_documents(self.model, tokens, SCORING_ROWS, report)
        assert predictions == len(ids), (predictions, len(ids))
        return LanguageScore(
            nats=nats,
            tokens=predictions,
            characters=len(self.tokenizer.decode(ids.tolist())),
            eos=int((ids == EOS_ID).sum()),
            unknown=int((ids == UNK_ID).sum()),
            vocabulary=self.tokenizer.size,
        )

    def _make_model(self, *, start: bool) -> nn.Module:
        c = self.config
        vectors = given_vectors(self.config.network, self.tokenizer.tokens, self.facts, start=start)
        return RecurrentLanguageModel(self.tokenizer.size, c.cell, c.network, c.dropout, vectors)

    def input_vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """See :meth:`Task.input_vectors`."""
        table = self.model.input
        if not isinstance(table, Embedding):
            return super().input_vectors()
        return self.tokenizer.tokens, table.weight.detach().numpy()

    @property
    def model(self) -> RecurrentLanguageModel:
        """The torch module inside; RunError before training."""
        model = self._trained()
        assert isinstance(model, RecurrentLanguageModel)
        return model

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokeniser inside; RunError before training."""
        if self._tokenizer is None:
            raise RunError(f"this {type(self).__name__} has not been trained: call fit first")
        return self._tokenizer
