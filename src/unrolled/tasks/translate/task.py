"""The translator, which also summarises: fit, evaluate, translate, attention, save, load."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn

from unrolled.data import Pairs
from unrolled.errors import ConfigError
from unrolled.extras import require_extra
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.build import build_model
from unrolled.tasks.translate.data import (
    UNITS,
    PairSource,
    SplitPairs,
    TranslatorData,
    cut_pairs,
    encode,
    encode_split,
    open_pairs,
    split_pairs,
    to_pair_source,
    truncation_notes,
    unknown_pair_notes,
)
from unrolled.tasks.translate.defaults import fill_defaults
from unrolled.tasks.translate.inference import TranslatorInference
from unrolled.tasks.translate.job import TranslationJob
from unrolled.tasks.translate.limit import OutputLimit
from unrolled.tasks.translate.predicting import make_samples, translate_and_score
from unrolled.tasks.translate.score import TranslationScore, corpus_bleu
from unrolled.tasks.translate.spec import SPEC
from unrolled.text import PairTokenizer
from unrolled.training import Callback
from unrolled.training.bar import describe_token_loss
from unrolled.training.progress_display import counting_bar


class Translator(TranslatorInference):
    """An encoder-decoder from text to text, for translation, summaries and transliteration.

    ``Translator(tokenizer="bpe", attention="dot", hidden=512)`` takes every option of
    :class:`TranslatorConfig` as a keyword argument.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _sources: tuple[PairSource, PairSource] = ("", "")
    _split: SplitPairs | None = None

    def fit(
        self,
        data: Any = None,
        targets: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Callback = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on pairs and keep the weights that do best on the held-out ones.

        Args:
            data: ``"train.de,train.en"``, the name of a table or folder, a list of (source, target), a
                DataFrame, or sources. None uses the data of the configuration.
            targets: targets of the sources, one text each; None if ``data`` contains them.
            valid: held-out pairs in the same forms, or (sources, targets). None uses those of the
                configuration, or the last training pairs.
            out: run folder for checkpoints, log and plots; None keeps everything in memory.
            overwrite: replace an existing run in ``out``.
            progress: show a progress bar, or call this callback.
            watch: interval, in optimizer steps, of diagnostics during training: how far back gradients reach,
                saturated units, weight changes (docs/training.md). True chooses the interval.

        Raises:
            DataError: if pairs cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        form = self._user_config.form
        train = None if data is None else to_pair_source(data, targets, form)
        held_out = None if valid is None else to_pair_source(valid, None, form)
        names = ["" if isinstance(source, Pairs) else source for source in (train, held_out)]
        corpus = self._user_config.corpus.with_sources(*names)
        self.config = dataclasses.replace(self._user_config, corpus=corpus)
        self._sources = (corpus.data or train or "", corpus.valid or held_out or "")
        if not self._sources[0]:
            raise ConfigError("no training pairs: give data (train.de,train.en, a table, or a list of pairs)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """Noun for a token: "character", "word" or "piece"."""
        return UNITS.get(self.config.text.tokenizer, "token")

    @property
    def rate_unit(self) -> str:
        """Noun for the unit of the training rate: a target token."""
        return f"target {self.unit}"

    def _describe_loss(self, loss: float) -> str:
        return describe_token_loss(self.unit)(loss)

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _prepare_data(self) -> TranslatorData:
        require_extra("translate", "a translator")  # for the scores
        if self.config.text.tokenizer == "bpe":
            require_extra("text", "byte-pair encoding")
        sources = self._sources if self._sources[0] else self.sources()
        split = split_pairs(self.config, *sources)
        self.config, notes = fill_defaults(self.config, split.train)
        self._split = dataclasses.replace(split, notes=(*split.notes, *notes))
        text, train = self.config.text, split.train
        tokenizer = PairTokenizer.train(text, train.sources, train.targets, joint=text.joint)
        data = encode_split(self._split, tokenizer, self.config.corpus)
        self._artifacts = TranslatorArtifacts(
            tokenizer,
            data.unknown,
            data.data_info["target_words"],
            OutputLimit.measure(data.train),
            data.unknown_share,
        )
        return data

    def _reload_data(self) -> TranslatorData:
        self._split = split_pairs(self.config, *self.sources())
        return encode_split(self._split, self.tokenizer, self.config.corpus)

    def _check_before_training(self, data: TranslatorData) -> None:
        """Do nothing: :func:`encode_split` checks the test pairs."""

    def _make_model(self, *, start: bool) -> nn.Module:
        return build_model(self.config, self.artifacts)

    def _make_job(self, data: TranslatorData) -> TranslationJob:
        assert self._split is not None
        valid, training = self._split.valid, self.config.training
        if training.select == "loss" or valid is None:
            return TranslationJob(self.model, data, self.config)
        sample = valid.part(0, training.select_pairs)
        greedy = dataclasses.replace(self.config.search, beams=1)

        lowercase = self.config.text.lowercase

        def bleu() -> float:
            outputs = self._best_outputs(sample.sources, greedy)
            return corpus_bleu(outputs, sample.targets, lowercase=lowercase)

        return TranslationJob(self.model, data, self.config, bleu)

    def _final_scores(self, data: TranslatorData, *, shown: bool) -> dict[str, Any]:
        assert self._split is not None
        scores: dict[str, Any] = {}
        for name, pairs in (("valid", self._split.valid), ("test", self._split.test)):
            if pairs:
                score, outputs = self._score(pairs, shown=shown)
                scores |= {name: score.to_json(), "samples": make_samples(pairs, outputs, self.artifacts)}
                scores |= score.baseline_comparison
        return scores

    def evaluate(self, data: Any, targets: Any = None, *, progress: bool = False) -> TranslationScore:
        """Generate an output for each source with the search of the configuration, and score it.

        Args:
            data: ``"test.de,test.en"``, the name of a table, a list of (source, target), a DataFrame, or
                sources.
            targets: targets of the sources; None if ``data`` contains them.
            progress: show a progress bar and notes on how the pairs were read.

        Raises:
            DataError: if pairs cannot be read, or most of their tokens are unknown to the model.
        """
        self._require_model(nn.Module)
        pairs = open_pairs(to_pair_source(data, targets, self.config.form), self.config.form)
        notes = (*pairs.notes, *self._pair_notes(pairs))
        if progress:
            show_notes(notes)
        return dataclasses.replace(self._score(pairs, shown=progress)[0], notes=notes)

    def score(self, data: Any, targets: Any = None) -> float:
        """Return the BLEU of :meth:`evaluate`, from 0 to 100."""
        return self.evaluate(data, targets).overlap.bleu

    def _pair_notes(self, pairs: Pairs) -> list[str]:
        """Return notes on unknown tokens and truncated sources."""
        artifacts, limit = self.artifacts, self.config.corpus.read_at_most
        share = artifacts.unknown_share
        return [
            *unknown_pair_notes(pairs, artifacts.tokenizer, artifacts.unknown, share, "given"),
            *truncation_notes(pairs.sources, self.tokenizer, limit),
        ]

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[TranslationJob, Sample]:
        corpus = self.config.corpus
        if data is None:
            pairs = self._get_split().valid
        else:
            pairs = open_pairs(data, self.config.form)
            self._pair_notes(pairs)
        if pairs is None:
            raise self._no_held_out_error()
        encoded = encode(pairs.part(0, size.rows), self.tokenizer, corpus.read_at_most)
        cut = cut_pairs(encoded, size.steps)
        job = TranslationJob(
            self.model, TranslatorData(cut, None, self.artifacts.unknown, 0.0, {}), self.config
        )
        batch = next(cut.batches(size.rows))
        names = token_names(self.tokenizer.target, batch.inputs, batch.lengths)
        return job, Sample(batch, names, self._held_out_source() if data is None else str(data))

    def _get_split(self) -> SplitPairs:
        """Return the training, held-out and test pairs, read again if needed."""
        if self._split is None:
            self._reload_training_data()
        assert self._split is not None
        return self._split

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """Return the source vocabulary and the input layer of the encoder; see :meth:`Task._input_table`."""
        return self.tokenizer.source.tokens, self.model.encoder.input

    def _score(self, pairs: Pairs, *, shown: bool) -> tuple[TranslationScore, list[str]]:
        """Return the scores and the outputs."""
        with counting_bar("scoring", 2 * len(pairs), shown=shown) as report:
            return translate_and_score(self.model, pairs, self.artifacts, self.config, report)
