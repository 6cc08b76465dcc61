"""The ladder of taggers: the most frequent tag of each word, window networks, recurrent networks."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.baselines import MajorityTag
from unrolled.data.fingerprint import fingerprint
from unrolled.data.tagged import find_tagged_parts, open_tagged, select_complete
from unrolled.data.tagged.schemes import are_spans
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.folder_parts import resolve_parts
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.tasks.tag.data import split_train_held_out
from unrolled.tasks.tag.score import TaggerScore
from unrolled.tasks.tag.sources import open_matching
from unrolled.wording import counted

MAJORITY = "majority"
TEST_FRACTION = 0.1
"""Fraction of the sentences to use as test data if none are given: the last ones."""


class TaggingLadder(Ladder):
    """Models that predict a tag for every word, compared sentence by sentence.

    Without test data, models are scored on the last tenth of the sentences and trained on the others.
    """

    task: ClassVar[str] = "tag"
    rungs: ClassVar[tuple[str, ...]] = (
        MAJORITY,
        "feed-forward",
        "bifeed-forward",
        "tdnn",
        "elman",
        "jordan",
        "gru",
        "lstm",
        "bilstm",
    )
    others: ClassVar[tuple[str, ...]] = ("bigru", "bielman", "bijordan", "bitdnn")
    metric: ClassVar[str] = "accuracy"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "sentence_accuracy", "span_f1")
    higher: ClassVar[tuple[str, ...]] = metrics
    directions: ClassVar[bool] = True
    counted: ClassVar[str] = "words"
    loss: ClassVar[str] = "% wrong"
    loss_scale: ClassVar[float] = 100.0

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`."""
        corpus = self.config.corpus
        if not corpus.data:
            raise ConfigError("no tagged sentences: give data (a file, a data set) or a recipe")
        corpus, part_notes = resolve_parts(corpus, find_tagged_parts, held_out=False)
        self.config = replace(self.config, corpus=corpus)
        file, test_note = open_tagged(corpus.data, corpus.columns, encoding=corpus.encoding), ""
        self.data, dropped = select_complete(file, corpus.missing)
        self.notes = [*part_notes, *file.notes, *dropped]
        if corpus.test:
            self.test, dropped = select_complete(open_matching(file, corpus.test, corpus), corpus.missing)
            self.notes += [f"{corpus.test}: {note}" for note in dropped]
        else:
            self.data, test = split_train_held_out(self.data, TEST_FRACTION)
            if test is None:
                raise DataError(f"{corpus.data}: has only one sentence; give test data (--test)")
            sentences = counted(len(test.words), "sentence")
            self.test, test_note = test, f"; test data: the last {sentences} (or --test)"
        words, test_words = (sum(map(len, tagged.words)) for tagged in (self.data, self.test))
        self.tags = sorted({tag for sentence in self.data.tags for tag in sentence})
        if self.shown == "span_f1" and not are_spans(self.tags):
            raise DataError(f"metric 'span_f1': the tags of {corpus.data} mark no spans (BIO or IOBES)")
        if self.shown == "span_f1" and not are_spans(
            {tag for sentence in self.test.tags for tag in sentence}
        ):
            raise DataError("metric 'span_f1': the test data have no spans; give other test data (--test)")
        self.fingerprint = fingerprint(self.data.words, self.data.tags, self.test.words, self.test.tags)
        return (
            f"{counted(words, 'word')} to learn from, {test_words:,} to predict, "
            f"{counted(len(self.tags), 'tag')}{test_note}"
        )

    @property
    def from_memory(self) -> bool:
        """See :attr:`Ladder.from_memory`: without test data, the data are split in memory."""
        return not self.config.corpus.test

    def fit(self, task: Any, seed: int, out: Path) -> Any:
        """See :meth:`Ladder.fit`."""
        if not self.from_memory:
            return super().fit(task, seed, out)
        return task.fit(self.data, out=out, overwrite=True, progress=self.progress)

    @classmethod
    def is_known(cls, rung: str) -> bool:
        """See :meth:`Ladder.is_known`."""
        return rung == MAJORITY

    def simple(self, rung: str, seed: int) -> SavedOutcome:
        """See :meth:`Ladder.simple`."""
        began = time.perf_counter()
        model = MajorityTag.fit(self.data.words, self.data.tags)
        fitted = time.perf_counter()
        predicted = model.predict(self.test.words)
        ended = time.perf_counter()
        score = TaggerScore(self.tags, [list(t) for t in self.test.tags], predicted, float("nan"))
        scores, units = _get_scores(score)
        outcome = Outcome(
            rung,
            seed,
            scores,
            seconds=fitted - began,
            rate=int(units.weights.sum()) / (ended - fitted),
            size=len(model.tags),
            counted="words",
            bytes=sum(len(word.encode()) + 1 for word in model.tags),
        )
        return SavedOutcome(outcome, units, {})

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        scores, units = _get_scores(task.evaluate(self.test))
        return Scored(scores, units, {}, int(units.weights.sum()))


def _get_scores(score: TaggerScore) -> tuple[dict[str, float], ItemLosses]:
    """Return the metrics of a score, and the number of wrong tags and of words of each sentence."""
    scores = {"accuracy": score.accuracy, "sentence_accuracy": score.sentence_accuracy}
    if score.has_spans:
        scores["span_f1"] = score.span_f1
    pairs = list(zip(score.true, score.predicted, strict=True))
    wrong = np.array([sum(a != b for a, b in zip(*pair, strict=True)) for pair in pairs], np.float64)
    lengths = np.array([len(true) for true, _ in pairs], np.float64)
    return scores, ItemLosses(np.arange(len(pairs)), wrong, lengths)
