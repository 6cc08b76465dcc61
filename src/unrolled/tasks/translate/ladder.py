"""The ladder of translators: copying, the start of the source, encoder-decoders, attention."""

import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.config import with_options
from unrolled.data.fingerprint import fingerprint
from unrolled.errors import ConfigError
from unrolled.extras import extra
from unrolled.models.config import RECURRENT_CELLS
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.networks import with_cell
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.tasks.translate.data import split_pairs
from unrolled.tasks.translate.score import compute_overlap, lead_outputs
from unrolled.wording import counted

with extra("translate", "a comparison of translators"):
    from sacrebleu.metrics import CHRF


COPY, LEAD, ATTENTION = "copy", "lead", "+attention"
TEST_FRACTION = 0.1
WITHOUT_ATTENTION = {"attention": "none", "input_feeding": False, "copy_unknown": False}


class TranslationLadder(Ladder):
    """Models from text to text, compared by the mean chrF of a sentence.

    ``CELL`` is an encoder-decoder without attention, ``CELL+attention`` one with the attention of the
    configuration.
    """

    task: ClassVar[str] = "translate"
    rungs: ClassVar[tuple[str, ...]] = (COPY, LEAD, "elman", "gru", "lstm", "gru+attention", "lstm+attention")
    others: ClassVar[tuple[str, ...]] = ("elman+attention", "jordan+attention")
    cells: ClassVar[tuple[str, ...]] = RECURRENT_CELLS
    metric: ClassVar[str] = "bleu"
    metrics: ClassVar[tuple[str, ...]] = ("bleu", "chrf", "rouge1", "rouge2", "rouge_l", "exact_match")
    higher: ClassVar[tuple[str, ...]] = metrics
    counted: ClassVar[str] = "sentences"
    loss: ClassVar[str] = "chrF missing"

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`; without test pairs, the last tenth of all pairs is used."""
        corpus = self.config.corpus
        if not corpus.data:
            raise ConfigError("no training pairs: give data (train.de,train.en or a table) or a recipe")
        if not (corpus.test or corpus.test_fraction):
            self.config = with_options(self.config, {"test_fraction": TEST_FRACTION})
            corpus = self.config.corpus
        split = split_pairs(self.config, corpus.data, corpus.valid)
        assert split.test is not None
        self.notes = list(split.notes)
        self.train_pairs, self.test = split.train, split.test
        parts = [part for part in (split.train, split.valid, split.test) if part is not None]
        self.fingerprint = fingerprint(*(texts for p in parts for texts in (p.sources, p.targets)))
        return f"{counted(len(split.train), 'pair')} to learn from, {len(self.test):,} to predict"

    @classmethod
    def configured(cls, config: Any, rung: str) -> Any | None:
        """See :meth:`Ladder.configured`."""
        cell, has_attention = rung.removesuffix(ATTENTION), rung.endswith(ATTENTION)
        if cell not in RECURRENT_CELLS:
            return None
        kind = config.network.attention
        if has_attention and kind in ("none", "fixed"):
            kind = "dot"
        options = {"attention": kind} if has_attention else WITHOUT_ATTENTION
        return with_options(with_cell(config, cell, config.network.bidirectional), options)

    @classmethod
    def is_known(cls, rung: str) -> bool:
        """See :meth:`Ladder.is_known`."""
        return rung in (COPY, LEAD)

    def simple(self, rung: str, seed: int) -> SavedOutcome:
        """See :meth:`Ladder.simple`."""
        began = time.perf_counter()
        words = max(1, round(np.mean([len(t.split()) for t in self.train_pairs.targets])))
        fitted = time.perf_counter()
        sources = self.test.sources
        outputs = sources if rung == COPY else next(iter(lead_outputs(sources, words).values()))
        rate = len(sources) / max(time.perf_counter() - fitted, 1e-9)
        scores, units = self._score_outputs(outputs)
        parameters = 0 if rung == COPY else 1
        outcome = Outcome(
            rung,
            seed,
            scores,
            seconds=fitted - began,
            rate=rate,
            size=parameters,
            counted="number" if parameters else "",
            bytes=8 * parameters,
        )
        return SavedOutcome(outcome, units, {})

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        translated = task.translate_sources(self.test.sources, progress=self.progress)
        scores, units = self._score_outputs([best.text for best, *_ in translated.outputs])
        return Scored(scores, units, {}, len(self.test), "; ".join(translated.notes))

    def _score_outputs(self, outputs: list[str]) -> tuple[dict[str, float], ItemLosses]:
        lowercase = self.config.text.lowercase
        overlap = compute_overlap(outputs, self.test.targets, lowercase=lowercase)
        chrf = CHRF(lowercase=lowercase)
        pairs = zip(outputs, self.test.targets, strict=True)
        missing = [100 - chrf.sentence_score(output, [target]).score for output, target in pairs]
        return vars(overlap), ItemLosses.one_each(np.array(missing))
