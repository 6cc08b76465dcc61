"""The ladder of taggers: each word's most frequent tag, windows, recurrence."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.baselines import MajorityTag
from unrolled.data.fingerprint import fingerprint
from unrolled.data.tagged import complete, open_tagged, tagged_parts
from unrolled.data.tagged.schemes import are_spans
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.outcome import Outcome, Tried, Units
from unrolled.tasks.base.parts import settle_parts
from unrolled.tasks.tag.data import divide
from unrolled.tasks.tag.score import TaggerScore
from unrolled.tasks.tag.sources import open_like
from unrolled.wording import counted

MAJORITY = "majority"
TEST_SHARE = 0.1
"""Of the sentences, the last ones, that are scored where no test data are given."""


class TaggingLadder(Ladder):
    """Models of a tag for every word; they are compared sentence by sentence.

    Without test data the last tenth of the sentences is scored, and the others are trained on.
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
        corpus, taken = settle_parts(corpus, tagged_parts, held_out=False)
        self.config = replace(self.config, corpus=corpus)
        file, cut = open_tagged(corpus.data, corpus.columns, encoding=corpus.encoding), ""
        self.data, dropped = complete(file, corpus.missing)
        self.notes = [*taken, *file.notes, *dropped]
        if corpus.test:
            self.test, dropped = complete(open_like(file, corpus.test, corpus), corpus.missing)
            self.notes += [f"{corpus.test}: {note}" for note in dropped]
        else:
            self.data, test = divide(self.data, TEST_SHARE)
            if test is None:
                raise DataError(f"{corpus.data}: is one sentence; give test data to score (--test)")
            self.test, cut = (
                test,
                f"; scored are the last {counted(len(test.words), 'sentence')} (or --test)",
            )
        words, asked = (sum(map(len, tagged.words)) for tagged in (self.data, self.test))
        self.tags = sorted({tag for sentence in self.data.tags for tag in sentence})
        if self.shown == "span_f1" and not are_spans(self.tags):
            raise DataError(f"metric 'span_f1': the tags of {corpus.data} mark no spans (BIO or IOBES)")
        if self.shown == "span_f1" and not are_spans(
            {tag for sentence in self.test.tags for tag in sentence}
        ):
            raise DataError("metric 'span_f1': the test data have no spans; give others (--test)")
        self.fingerprint = fingerprint(self.data.words, self.data.tags, self.test.words, self.test.tags)
        return (
            f"{counted(words, 'word')} to learn from, {asked:,} to predict, "
            f"{counted(len(self.tags), 'tag')}{cut}"
        )

    @property
    def from_memory(self) -> bool:
        """See :attr:`Ladder.from_memory`: without test data they are cut in memory."""
        return not self.config.corpus.test

    def fit(self, task: Any, seed: int, out: Path) -> Any:
        """See :meth:`Ladder.fit`."""
        if not self.from_memory:
            return super().fit(task, seed, out)
        return task.fit(self.data, out=out, overwrite=True, progress=self.progress)

    @classmethod
    def knows(cls, rung: str) -> bool:
        """See :meth:`Ladder.knows`."""
        return rung == MAJORITY

    def simple(self, rung: str, seed: int) -> Tried:
        """See :meth:`Ladder.simple`."""
        began = time.perf_counter()
        model = MajorityTag.fit(self.data.words, self.data.tags)
        fitted = time.perf_counter()
        predicted = model.predict(self.test.words)
        ended = time.perf_counter()
        found = TaggerScore(self.tags, [list(t) for t in self.test.tags], predicted, float("nan"))
        scores, units = _figures(found)
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
        return Tried(outcome, units, {})

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        scores, units = _figures(task.evaluate(self.test))
        return Scored(scores, units, {}, int(units.weights.sum()))


def _figures(found: TaggerScore) -> tuple[dict[str, float], Units]:
    scores = {"accuracy": found.accuracy, "sentence_accuracy": found.sentence_accuracy}
    if found.has_spans:
        scores["span_f1"] = found.span_f1
    pairs = list(zip(found.true, found.predicted, strict=True))
    wrong = np.array([sum(a != b for a, b in zip(*pair, strict=True)) for pair in pairs], np.float64)
    lengths = np.array([len(true) for true, _ in pairs], np.float64)
    return scores, Units(np.arange(len(pairs)), wrong, lengths)
