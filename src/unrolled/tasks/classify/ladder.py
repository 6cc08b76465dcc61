"""The ladder of classifiers: the most frequent label, bag of words, window networks, recurrent networks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.data import read_labelled
from unrolled.data.fingerprint import fingerprint
from unrolled.data.labelled import find_labelled_parts
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.base.folder_parts import resolve_parts
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.tasks.classify.baselines import run_bag_of_words, run_most_frequent
from unrolled.tasks.classify.defaults import fill_defaults
from unrolled.tasks.classify.folds import Split, find_rare_labels, fold_rows, split_fold
from unrolled.wording import counted

FOLDS = 10
MOST_FREQUENT, BAG = "most-frequent", "tf-idf"


class ClassificationLadder(Ladder):
    """Models that predict one label per sequence.

    Without test data, seed s is scored on fold s of ten and trained on the others. The folds are stratified,
    and the same for all models.
    """

    task: ClassVar[str] = "classify"
    rungs: ClassVar[tuple[str, ...]] = (
        MOST_FREQUENT,
        BAG,
        "feed-forward",
        "tdnn",
        "elman",
        "jordan",
        "gru",
        "lstm",
        "bilstm",
    )
    others: ClassVar[tuple[str, ...]] = ("bigru", "bielman", "bijordan")
    metric: ClassVar[str] = "accuracy"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1")
    higher: ClassVar[tuple[str, ...]] = metrics
    directions: ClassVar[bool] = True
    counted: ClassVar[str] = "texts"
    loss: ClassVar[str] = "% wrong"
    loss_scale: ClassVar[float] = 100.0

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`."""
        corpus = self.config.corpus
        if not corpus.data:
            raise ConfigError("no labelled data: give data (a file, a folder, a data set) or a recipe")
        corpus, part_notes = resolve_parts(corpus, find_labelled_parts, held_out=False)
        self.config = replace(self.config, corpus=corpus)
        self.data = read_labelled(corpus.data, self.config.form)
        form = self.config.form
        if self.data.columns.text:  # the test data have the same columns
            form = replace(form, text_column=self.data.columns.text, label_column=self.data.columns.label)
        self.test = read_labelled(corpus.test, form) if corpus.test else None
        test_data = (self.test.items, self.test.labels) if self.test is not None else ()
        self.fingerprint = fingerprint(self.data.items, self.data.labels, *test_data)
        class_count = len({str(label) for label in self.data.labels})
        if class_count < 2:
            label = str(self.data.labels[0])
            raise DataError(
                f"{corpus.data}: all examples have the label {label!r}; a classifier needs two or more"
            )
        self.notes = [*part_notes, *self.data.notes]
        if self.test is not None:
            return (
                f"{counted(len(self.data.items), 'example')}, {len(self.test.items):,} to predict, "
                f"{counted(class_count, 'label')}"
            )
        try:
            fold_rows(self.data.labels, FOLDS, 1, keep_rare=True)
        except ConfigError as error:
            raise ConfigError(f"{error}; give test data to use no folds") from None
        rare = len(find_rare_labels(self.data.labels, FOLDS))
        rare_note = (
            f"; {counted(rare, 'label')} with fewer than {FOLDS} examples "
            f"{'is' if rare == 1 else 'are'} only trained on"
            if rare
            else ""
        )
        return (
            f"{counted(len(self.data.items), 'example')}, {counted(class_count, 'label')}; seed s is trained "
            f"on nine tenths and scored on tenth s of {FOLDS}{rare_note}"
        )

    def split(self, seed: int) -> Split:
        """Return the training and test examples of a seed."""
        if self.test is not None:
            return Split(self.data, self.test, np.arange(len(self.test.items)))
        return split_fold(self.data, FOLDS, seed, keep_rare=True)

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """See :meth:`Ladder.check`; also refuses more seeds than folds."""
        super().check(config, rungs, metric, seeds)
        if seeds > FOLDS and not config.corpus.test:
            raise ConfigError(
                f"seeds={seeds}: without test data there are at most {FOLDS}, one for each fold"
            )

    def depends_on_seed(self, rung: str) -> bool:
        """See :meth:`Ladder.depends_on_seed`; with folds every model depends on the seed."""
        return self.test is None or super().depends_on_seed(rung)

    @classmethod
    def is_known(cls, rung: str) -> bool:
        """See :meth:`Ladder.is_known`."""
        return rung in (MOST_FREQUENT, BAG)

    def simple(self, rung: str, seed: int) -> SavedOutcome:
        """See :meth:`Ladder.simple`."""
        train, test, rows = self.split(seed)
        if rung == MOST_FREQUENT:
            result = run_most_frequent(train, test)
        elif isinstance(train.items[0], str):
            config, _ = fill_defaults(self.config, train)
            characters = config.text.tokenizer == "char"
            result = run_bag_of_words(train, test, characters=characters, seed=seed)
        else:
            raise ConfigError("tf-idf reads texts; remove it from models for sequences of vectors")
        outcome = Outcome(
            rung,
            seed,
            result.scores,
            seconds=result.seconds,
            rate=result.rate,
            size=result.parameters,
            counted="parameters" if result.parameters else "",
            bytes=result.bytes,
        )
        return SavedOutcome(outcome, ItemLosses.one_each(result.predicted != result.true, rows), {})

    @property
    def from_memory(self) -> bool:
        """See :attr:`Ladder.from_memory`: folds are split in memory."""
        return self.test is None

    def fit(self, task: Any, seed: int, out: Path) -> Any:
        """See :meth:`Ladder.fit`."""
        if not self.from_memory:
            return super().fit(task, seed, out)
        train = self.split(seed).train
        return task.fit(train.items, train.labels, out=out, overwrite=True, progress=self.progress)

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        _, test, rows = self.split(seed)
        score = task.evaluate(test.items, test.labels)
        metrics = {"accuracy": score.accuracy, "macro_f1": score.macro_f1}
        return Scored(metrics, ItemLosses.one_each(score.predicted != score.true, rows), {}, len(rows))
