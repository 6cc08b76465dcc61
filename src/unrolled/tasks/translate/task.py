"""The translator as a tool, which also summarises: fit, evaluate, translate, attention, save, load."""

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
    PairMaterial,
    PairSource,
    SplitPairs,
    as_source,
    cut_pairs,
    encode,
    make_material,
    open_pairs,
    pair_notes,
    read_notes,
    split_pairs,
)
from unrolled.tasks.translate.defaults import fill_defaults
from unrolled.tasks.translate.job import TranslationJob
from unrolled.tasks.translate.limit import OutputLimit
from unrolled.tasks.translate.predicting import samples_of, write_and_score
from unrolled.tasks.translate.score import TranslationScore, corpus_bleu
from unrolled.tasks.translate.spec import SPEC
from unrolled.tasks.translate.translating import TranslatingTask
from unrolled.text import PairTokenizer
from unrolled.training import Watcher
from unrolled.training.bar import token_figures
from unrolled.training.waiting import counting_bar


class Translator(TranslatingTask):
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
        data: Any = None,
        targets: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on pairs and keep the weights that do best on the held-out ones.

        Args:
            data: ``"train.de,train.en"``, a table or a folder by name, a list of (source, target), a
                DataFrame, or sources; else the configuration's.
            targets: of the sources: a text for each.
            valid: held-out pairs in the same form, or (sources, targets); else the configuration's, or the
                last of the training pairs.
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
        form = self._asked.form
        given = None if data is None else as_source(data, targets, form)
        held_out = None if valid is None else as_source(valid, None, form)
        named = ["" if isinstance(d, Pairs) else d for d in (given, held_out)]
        corpus = self._asked.corpus.with_sources(*named)
        self.config = dataclasses.replace(self._asked, corpus=corpus)
        self._given = (corpus.data or given or "", corpus.valid or held_out or "")
        if not self._given[0]:
            raise ConfigError("no training pairs: give data (train.de,train.en, a table, or a list of pairs)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """What a token is called."""
        return UNITS.get(self.config.text.tokenizer, "token")

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
        require_extra("translate", "a translator")  # for its scores
        if self.config.text.tokenizer == "bpe":
            require_extra("text", "byte-pair encoding")
        given = self._given if self._given[0] else self.sources()
        split = split_pairs(self.config, *given)
        self.config, notes = fill_defaults(self.config, split.train)
        self._split = dataclasses.replace(split, notes=(*split.notes, *notes))
        text, train = self.config.text, split.train
        tokenizer = PairTokenizer.train(text, train.sources, train.targets, joint=text.joint)
        data = make_material(self._split, tokenizer, self.config.corpus)
        self._artifacts = TranslatorArtifacts(
            tokenizer,
            data.unknown,
            data.facts["target_words"],
            OutputLimit.of(data.train),
            data.unknown_share,
        )
        return data

    def _reread(self) -> PairMaterial:
        self._split = split_pairs(self.config, *self.sources())
        return make_material(self._split, self.tokenizer, self.config.corpus)

    def _check_before_training(self, data: PairMaterial) -> None:
        """Do nothing: :func:`make_material` looks at the test pairs too."""

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
                scores |= score.beside
        return scores

    def evaluate(self, data: Any, targets: Any = None, *, progress: bool = False) -> TranslationScore:
        """Write an output for each source, searched for as the configuration says, and score it.

        Args:
            data: ``"test.de,test.en"``, a table as in training, a list of (source, target), a DataFrame, or
                sources.
            targets: of the sources.
            progress: show a bar, and how the pairs were read.

        Raises:
            DataError: if pairs cannot be read, or most of their tokens are unknown to the model.
        """
        self._trained(nn.Module)
        pairs = open_pairs(as_source(data, targets, self.config.form), self.config.form)
        notes = (*pairs.notes, *self._pair_notes(pairs))
        if progress:
            show_notes(notes)
        return dataclasses.replace(self._score(pairs, shown=progress)[0], notes=notes)

    def score(self, data: Any, targets: Any = None) -> float:
        """Return the BLEU of :meth:`evaluate`, from 0 to 100."""
        return self.evaluate(data, targets).overlap.bleu

    def _pair_notes(self, pairs: Pairs) -> list[str]:
        """Say what of some pairs is unknown, or not read to its end."""
        known, limit = self.artifacts, self.config.corpus.read_at_most
        return [
            *pair_notes(pairs, known.tokenizer, known.unknown, known.unknown_share, "given"),
            *read_notes(pairs.sources, self.tokenizer, limit),
        ]

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[TranslationJob, Sample]:
        corpus = self.config.corpus
        if data is None:
            pairs = self._kept_split().valid
        else:
            pairs = open_pairs(data, self.config.form)
            self._pair_notes(pairs)
        if pairs is None:
            raise self._nothing_held_out()
        whole = encode(pairs.part(0, size.rows), self.tokenizer, corpus.read_at_most)
        cut = cut_pairs(whole, size.steps)
        material = PairMaterial(cut, None, self.artifacts.unknown, 0.0, {})
        job = TranslationJob(self.model, material, self.config)
        batch = next(cut.batches(size.rows))
        names = token_names(self.tokenizer.target, batch.inputs, batch.lengths)
        return job, Sample(batch, names, self._held_out_source() if data is None else str(data))

    def _kept_split(self) -> SplitPairs:
        if self._split is None:
            self._read_again()
        assert self._split is not None
        return self._split

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """Return the tokens of the sources; see :meth:`Task._input_table`."""
        return self.tokenizer.source.tokens, self.model.encoder.input

    def _score(self, pairs: Pairs, *, shown: bool) -> tuple[TranslationScore, list[str]]:
        """Return scores and the outputs."""
        with counting_bar("scoring", 2 * len(pairs), shown=shown) as report:
            return write_and_score(self.model, pairs, self.artifacts, self.config, report)
