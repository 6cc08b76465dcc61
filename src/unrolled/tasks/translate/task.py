"""The translator as a tool, which also summarises: fit, evaluate, translate, attention, save, load."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TextIO

from torch import nn

from unrolled.data import Pairs, read_sources, tidy
from unrolled.errors import ConfigError, DataError
from unrolled.extras import require_extra
from unrolled.models import EncoderDecoder
from unrolled.storage.output import named_file
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.attention_plot import plot_attention
from unrolled.tasks.translate.build import build_model
from unrolled.tasks.translate.config import TranslationSearchConfig, TranslatorConfig
from unrolled.tasks.translate.data import (
    PairMaterial,
    PairSource,
    SplitPairs,
    check_known,
    check_known_texts,
    cut_pairs,
    encode,
    make_material,
    open_pairs,
    split_pairs,
)
from unrolled.tasks.translate.job import TranslationJob
from unrolled.tasks.translate.predicting import samples_of, write_and_score
from unrolled.tasks.translate.score import TranslationScore, corpus_bleu
from unrolled.tasks.translate.spec import SPEC
from unrolled.tasks.translate.writer import AttentionMap, TranslationWriter, Written
from unrolled.text import PairTokenizer, tokenizer_type
from unrolled.training import Watcher
from unrolled.training.bar import token_figures
from unrolled.training.waiting import counting_bar

UNITS = {"char": "character", "word": "word", "bpe": "piece"}


class Translator(Task[TranslatorConfig, PairMaterial]):
    """An encoder-decoder from texts to texts: translation, summaries, another spelling.

    ``Translator(tokenizer="bpe", attention="dot", hidden=512)`` takes any option of
    :class:`TranslatorConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _given: tuple[PairSource, PairSource] = ("", "")
    _split: SplitPairs | None = None

    def fit(
        self,
        data: PairSource | None = None,
        *,
        valid: PairSource | None = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on pairs and keep the weights that do best on the held-out ones.

        Args:
            data: ``"train.de,train.en"``, a table, or a list of (source, target); else the config's.
            valid: held-out pairs in the same form; else the config's, or the last of the training pairs.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if pairs cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        named = [None if d is None else d if isinstance(d, str | Path) else "" for d in (data, valid)]
        self.config = dataclasses.replace(self._asked, corpus=self.config.corpus.with_sources(*named))
        corpus = self.config.corpus
        self._given = (corpus.data or data or "", corpus.valid or valid or "")
        if not self._given[0]:
            raise ConfigError("no training pairs: give data (train.de,train.en, a table, or a list of pairs)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """What a token is called."""
        return UNITS[self.config.text.tokenizer]

    @property
    def rate_unit(self) -> str:
        """What the rate of training counts: tokens of the targets."""
        return f"target {self.unit}"

    def _describe_loss(self, loss: float) -> str:
        return token_figures(self.unit)(loss)

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> PairMaterial:
        config = self.config
        require_extra("translate", "a translator")  # for its scores
        tokenizer_type(config.text.tokenizer)  # says now if its package is missing
        given = self._given if self._given[0] else (config.corpus.data, config.corpus.valid)
        self._split = split_pairs(config.corpus, *given)
        train = self._split.train
        tokenizer = PairTokenizer.train(config.text, train.sources, train.targets, joint=config.text.joint)
        data = make_material(self._split, tokenizer, config.corpus)
        self._artifacts = TranslatorArtifacts(tokenizer, data.unknown, data.facts["target_words"])
        return data

    def _reread(self) -> PairMaterial:
        corpus = self.config.corpus
        self._split = split_pairs(corpus, corpus.data, corpus.valid)
        return make_material(self._split, self.tokenizer, corpus)

    def _check_before_training(self, data: PairMaterial) -> None:
        assert self._split is not None
        if self._split.test:
            check_known(self._split.test, self.tokenizer, data.unknown)

    def _make_model(self, *, start: bool) -> nn.Module:
        return build_model(self.config, self.artifacts)

    def _make_job(self, data: PairMaterial) -> TranslationJob:
        assert self._split is not None
        valid, training = self._split.valid, self.config.training
        if training.select == "loss" or valid is None:
            return TranslationJob(self.model, data, self.config)
        sample = valid.part(0, training.select_pairs)
        greedy = dataclasses.replace(self.config.search, beams=1)

        lowercase = self.config.text.lowercase

        def bleu() -> float:
            return corpus_bleu(self._best(sample.sources, greedy), sample.targets, lowercase=lowercase)

        return TranslationJob(self.model, data, self.config, bleu)

    def _final_scores(self, data: PairMaterial, *, shown: bool) -> dict[str, Any]:
        assert self._split is not None
        scores: dict[str, Any] = {}
        for name, pairs in (("valid", self._split.valid), ("test", self._split.test)):
            if pairs:
                score, outputs = self._score(pairs, shown=shown)
                scores |= {name: score.to_json(), "samples": samples_of(pairs, outputs, self.artifacts)}
        return scores

    def evaluate(self, data: PairSource, *, progress: bool = False) -> TranslationScore:
        """Write an output for each source, searched for as the configuration says, and score it.

        Args:
            data: ``"test.de,test.en"``, a table as in training, or a list of (source, target).
            progress: show a bar.

        Raises:
            DataError: if pairs cannot be read, or hold tokens that the model cannot know.
        """
        self._trained(nn.Module)
        pairs = open_pairs(data, self.config.corpus)
        check_known(pairs, self.tokenizer, self.artifacts.unknown)
        return self._score(pairs, shown=progress)[0]

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[TranslationJob, Sample]:
        corpus = self.config.corpus
        if data is None:
            pairs = self._kept_split().valid
        else:
            pairs = open_pairs(data, corpus)
            check_known(pairs, self.tokenizer, self.artifacts.unknown)
        if pairs is None:
            raise self._nothing_held_out()
        whole = encode(pairs.part(0, size.rows), self.tokenizer, corpus.read_at_most)
        cut = cut_pairs(whole, size.steps)
        job = TranslationJob(self.model, PairMaterial(cut, None, self.artifacts.unknown, {}), self.config)
        batch = next(cut.batches(size.rows))
        names = token_names(self.tokenizer.target, batch.inputs, batch.lengths)
        return job, Sample(batch, names, self._held_out_source() if data is None else str(data))

    def _kept_split(self) -> SplitPairs:
        if self._split is None:
            self._read_again()
        assert self._split is not None
        return self._split

    def translate(self, texts: Sequence[str], *, progress: bool = False, **options: Any) -> list[str]:
        """Return the best output for each text; "" for a blank one.

        Args:
            texts: sources.
            progress: show a bar.
            options: of :class:`TranslationSearchConfig`, as beams, in the place of the configuration's.

        Raises:
            ConfigError: for an unknown option or a wrong value.
            DataError: if a text holds tokens that the model cannot know.
        """
        return [best.text for best, *_ in self.translate_n_best(texts, progress=progress, **options)]

    def translate_n_best(
        self, texts: Sequence[str], *, n_best: int = 1, progress: bool = False, **options: Any
    ) -> list[list[Written]]:
        """Return the ``n_best`` best outputs for each text with their scores; see :meth:`translate`.

        Raises:
            ConfigError: also if n_best is more than beams.
        """
        if isinstance(texts, str):
            raise ConfigError("texts must be a list of texts, not one text: write [text]")
        search = self._search_config(options)
        if not 1 <= n_best <= search.beams:
            raise ConfigError(f"n_best={n_best}: must lie in 1..{search.beams} (beams)")
        tidied = [tidy(text) for text in texts]
        self._check_texts(tidied)
        with counting_bar("writing", len(texts), shown=progress) as report:
            found = self._writer(search).write(tidied, report)
        return [each[:n_best] for each in found]

    def predict(self, texts: Sequence[str], *, progress: bool = False) -> list[str]:
        """Return :meth:`translate` of texts."""
        return self.translate(texts, progress=progress)

    def predict_file(self, data: str | Path, out: TextIO) -> None:
        """Write the output for each source of a file, a line each: a column of a table, or every line.

        Raises:
            DataError: if the file cannot be read, or holds tokens that the model cannot know.
        """
        sources = read_sources(data, self.config.corpus.form)
        for text in self.translate(sources, progress=True):
            out.write(text + "\n")

    def attention(self, text: str, **options: Any) -> AttentionMap:
        """Return to which tokens of a text the model attended when it wrote its best output.

        Raises:
            ConfigError: if the model has no attention, or for an unknown option.
            DataError: if the text is blank, or holds tokens that the model cannot know.
        """
        kind = self.config.network.attention
        if kind in ("none", "fixed"):
            raise ConfigError(f"this model has no attention to show (attention={kind!r})")
        text = tidy(text)
        if not text:
            raise DataError("the text is blank: there is nothing to attend to")
        self._check_texts([text])
        return self._writer(self._search_config(options)).attention(text)

    def plot_attention(self, text: str, path: str | Path, **options: Any) -> Path:
        """Draw :meth:`attention` as a PNG; return its path.

        Raises:
            RunError: if the file cannot be written; see :meth:`attention` for the others.
        """
        seen = self.attention(text, **options)
        return plot_attention(seen.weights, seen.source, seen.target, named_file(path))

    def _search_config(self, options: dict[str, Any]) -> TranslationSearchConfig:
        given = type(self)(self.config, **options).config
        if {n for n in options if not hasattr(given.search, n)}:
            names = ", ".join(f.name for f in dataclasses.fields(given.search))
            raise ConfigError(f"only options of the search can be changed now: {names}")
        return given.search

    def _writer(self, search: TranslationSearchConfig) -> TranslationWriter:
        return TranslationWriter(self.model, self.tokenizer, search, self.config.corpus.read_at_most)

    def _best(self, texts: Sequence[str], search: TranslationSearchConfig) -> list[str]:
        return [best.text for best, *_ in self._writer(search).write(texts)]

    def _check_texts(self, texts: Sequence[str]) -> None:
        known = self.artifacts
        lines = range(1, len(texts) + 1)
        check_known_texts(texts, lines, known.tokenizer.source, known.unknown.source, "the text")

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """Return the tokens of the sources; see :meth:`Task._input_table`."""
        return self.tokenizer.source.tokens, self.model.encoder.input

    def _score(self, pairs: Pairs, *, shown: bool) -> tuple[TranslationScore, list[str]]:
        """Return scores and the outputs."""
        with counting_bar("scoring", 2 * len(pairs), shown=shown) as report:
            return write_and_score(self.model, pairs, self.artifacts, self.config, report)

    @property
    def model(self) -> EncoderDecoder:
        """The torch module inside; RunError before training."""
        return self._trained(EncoderDecoder)

    @property
    def artifacts(self) -> TranslatorArtifacts:
        """The vocabularies; RunError before training."""
        return self._learned(TranslatorArtifacts)

    @property
    def tokenizer(self) -> PairTokenizer:
        """The tokenisers inside; RunError before training."""
        return self.artifacts.tokenizer
