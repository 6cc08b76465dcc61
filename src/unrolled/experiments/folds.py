"""k-fold cross-validation of a classifier, with its variants and TF-IDF regression on the same folds."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.baselines.bag_of_words import fit_bag_of_words
from unrolled.config import with_options
from unrolled.data import Labelled, read_labelled
from unrolled.errors import ConfigError
from unrolled.experiments.trial import Trial
from unrolled.experiments.variant import PRETRAIN, Variant
from unrolled.extras import extra
from unrolled.recipes import load_recipe
from unrolled.tasks import LanguageModel
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.task import Classifier

with extra("classify", "cross-validation"):
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import StratifiedKFold

BASELINE = "tf-idf regression"
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One fold of a cross-validation: the part to score, all else to train on."""

    config: ClassifierConfig
    variant: Variant
    number: int
    """From 1."""
    folds: int

    def run(self) -> Trial:
        """Train on the other folds and score this one."""
        began = time.monotonic()
        train, test = self._split()
        if self.variant.name == BASELINE:
            scores = _baseline(train, test, self.config, self.number)
        else:
            scores = self._network(train, test)
        return Trial(self.variant.name, self.number, scores, round(time.monotonic() - began, 1))

    def _split(self) -> tuple[Labelled, Labelled]:
        corpus = self.config.corpus
        labelled = read_labelled(corpus.data, corpus.text_column, corpus.label_column)
        train, test = fold_rows(labelled.labels, self.folds, self.number)
        return labelled.take(train), labelled.take(test)

    def _network(self, train: Labelled, test: Labelled) -> dict[str, float]:
        """Train a network; the seed is the fold's number, the fold is never looked at before the end."""
        options = dict(self.variant.options)
        pretrain = options.pop(PRETRAIN, None)
        config = with_options(self.config, options | {"seed": self.number, "data": "", "test": ""})
        with tempfile.TemporaryDirectory(prefix="unrolled-") as name:
            if pretrain is not None:
                run = _pretrained(str(pretrain), train, Path(name), self.number, config.training.threads)
                config = with_options(config, {"init_from": str(run)})
            classifier = Classifier(config).fit(train.items, train.labels)
        score = classifier.evaluate(test.items, test.labels)
        return {"accuracy": score.accuracy, "macro_f1": score.macro_f1, "nats": score.nats}


def fold_rows(labels: Sequence[Any], folds: int, number: int) -> tuple[Rows, Rows]:
    """Return the rows to train on and to score of fold ``number``, from 1: stratified, shuffled once for all.

    Raises:
        ConfigError: if a label has fewer examples than there are folds.
    """
    names = [str(label) for label in labels]
    fewest = int(np.unique(names, return_counts=True)[1].min())
    if fewest < folds:
        raise ConfigError(f"{folds} folds need as many examples of each label; one has {fewest}")
    kfold = StratifiedKFold(folds, shuffle=True, random_state=0)
    train, test = list(kfold.split(np.zeros(len(names)), names))[number - 1]
    return train, test


def _pretrained(recipe: str, train: Labelled, folder: Path, seed: int, threads: int) -> Path:
    """Train a language model on the training texts of a fold, without their labels."""
    text = folder / "texts.txt"
    text.write_text("\n".join(" ".join(str(item).split()) for item in train.items) + "\n", encoding="utf-8")
    config = with_options(load_recipe(recipe).config, {"data": "", "seed": seed, "threads": threads})
    LanguageModel(config).fit(text, out=folder / "lm", progress=False)
    return folder / "lm"


def _baseline(train: Labelled, test: Labelled, config: ClassifierConfig, seed: int) -> dict[str, float]:
    items: list[Any] = train.items
    characters = config.text.tokenizer == "char"
    model = fit_bag_of_words(items, train.labels, characters=characters, seed=seed)
    predicted = model.predict(test.items)
    return {
        "accuracy": float(accuracy_score(test.labels, predicted)),
        "macro_f1": float(f1_score(test.labels, predicted, average="macro", zero_division=0.0)),
    }
