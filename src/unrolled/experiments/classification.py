"""The ladder of classifiers: the most frequent label, bag of words, windows, recurrence."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from unrolled.baselines.bag_of_words import fit_bag_of_words
from unrolled.data import Labelled, read_labelled
from unrolled.errors import ConfigError, DataError
from unrolled.experiments.folds import fold_rows
from unrolled.experiments.ladder import Extra, Ladder, Tried
from unrolled.experiments.outcome import Outcome, Units, fingerprint
from unrolled.extras import extra
from unrolled.tasks.base.folder import RESULT

with extra("classify", "a comparison of classifiers"):
    from sklearn.metrics import f1_score

FOLDS = 10
MOST_FREQUENT, BAG = "most-frequent", "tf-idf"


class ClassificationLadder(Ladder):
    """Models of one label for a whole sequence.

    Without test data, seed s is scored on fold s of ten (stratified, shuffled once for all) and trained on
    the others.
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

    def prepare(self) -> str:
        """See :meth:`Ladder.prepare`."""
        corpus = self.config.corpus
        if not corpus.data:
            raise ConfigError("no labelled data: give data (a file, a folder, a data set) or a recipe")
        self.data = read_labelled(corpus.data, corpus.text_column, corpus.label_column)
        self.test = (
            read_labelled(corpus.test, corpus.text_column, corpus.label_column) if corpus.test else None
        )
        tested = (self.test.items, self.test.labels) if self.test is not None else ()
        self.fingerprint = fingerprint(self.data.items, self.data.labels, *tested)
        kinds = len({str(label) for label in self.data.labels})
        if kinds < 2:
            label = str(self.data.labels[0])
            raise DataError(f"{corpus.data}: all examples have one label ({label!r}): nothing to tell apart")
        if self.test is not None:
            return f"{len(self.data.items):,} examples, {len(self.test.items):,} to predict, {kinds} labels"
        try:
            fold_rows(self.data.labels, FOLDS, 1)
        except ConfigError as error:
            raise ConfigError(f"{error}; give test data, and none are cut") from None
        return (
            f"{len(self.data.items):,} examples, {kinds} labels; seed s is trained on nine tenths and "
            f"scored on tenth s of {FOLDS}"
        )

    def parts(self, seed: int) -> tuple[Labelled, Labelled, Any]:
        """Return what a seed is trained on and tested on, and the numbers of the test examples."""
        if self.test is not None:
            return self.data, self.test, np.arange(len(self.test.items))
        train, test = fold_rows(self.data.labels, FOLDS, seed)
        return self.data.take(train), self.data.take(test), test

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """See :meth:`Ladder.check`; more seeds than folds cannot be tried either."""
        super().check(config, rungs, metric, seeds)
        if seeds > FOLDS and not config.corpus.test:
            raise ConfigError(f"seeds={seeds}: without test data there are {FOLDS}, one for each fold")

    def varies(self, rung: str) -> bool:
        """See :meth:`Ladder.varies`; with folds every rung does."""
        return self.test is None or super().varies(rung)

    @classmethod
    def knows(cls, rung: str) -> bool:
        """See :meth:`Ladder.knows`."""
        return rung in (MOST_FREQUENT, BAG)

    def simple(self, rung: str, seed: int) -> Tried:
        """See :meth:`Ladder.simple`."""
        train, test, rows = self.parts(seed)
        began = time.perf_counter()
        if rung == MOST_FREQUENT:
            kinds, counts = np.unique(np.array([str(label) for label in train.labels]), return_counts=True)
            most = kinds[counts.argmax()]
            seconds, size, held = time.perf_counter() - began, 0, 0
            began = time.perf_counter()
            predicted = np.full(len(test.items), most)
        else:
            if not isinstance(train.items[0], str):
                raise ConfigError("tf-idf reads texts; leave it out of models for sequences of vectors")
            characters = self.config.text.tokenizer == "char"
            model = fit_bag_of_words(train.items, train.labels, characters=characters, seed=seed)
            seconds = time.perf_counter() - began
            coefficients = getattr(model, "best_estimator_", model)["regression"].coef_
            size, held = coefficients.size + coefficients.shape[0], coefficients.nbytes
            began = time.perf_counter()
            predicted = np.array([str(label) for label in model.predict(test.items)])
        rate = len(predicted) / (time.perf_counter() - began)
        true = np.array([str(label) for label in test.labels])
        scores = {
            "accuracy": float((predicted == true).mean()),
            "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
        }
        outcome = Outcome(rung, seed, scores, size, "parameters" if size else "", held, seconds, rate)
        return outcome, Units.one_each(predicted != true, rows), {}

    def train(self, config: Any, rung: str, seed: int) -> Any:
        """See :meth:`Ladder.train`; data cut into folds come from memory."""
        from unrolled.tasks.classify.task import Classifier

        if self.test is not None:
            return super().train(config, rung, seed)
        folder = self.kept.claim_run(rung, seed)
        if (folder / RESULT).exists():
            classifier = Classifier.load(folder)
            classifier.draw(folder)  # a kill may have come before its plots
            return classifier
        train, _, _ = self.parts(seed)
        return Classifier(config).fit(
            train.items, train.labels, out=folder, overwrite=True, progress=self.progress
        )

    def score_network(self, task: Any, seed: int) -> tuple[dict[str, float], Units, Extra, int]:
        """See :meth:`Ladder.score_network`."""
        _, test, rows = self.parts(seed)
        found = task.evaluate(test.items, test.labels)
        scores = {"accuracy": found.accuracy, "macro_f1": found.macro_f1}
        return scores, Units.one_each(found.predicted != found.true, rows), {}, len(rows)
