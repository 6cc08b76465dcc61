"""One fold of a cross-validation of classifiers: a network, or bag of words on the same fold."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from unrolled.config import with_options
from unrolled.data import Labelled, read_labelled
from unrolled.experiments.variant import BASELINE, PRETRAIN, Variant
from unrolled.recipes import load_recipe
from unrolled.tasks import LanguageModel
from unrolled.tasks.base.outcome import Outcome
from unrolled.tasks.classify.baselines import run_bag_of_words
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.defaults import fill_defaults
from unrolled.tasks.classify.folds import split_fold
from unrolled.tasks.classify.task import Classifier


@dataclass(frozen=True)
class Fold:
    """Train on all folds but one, and score that one."""

    config: ClassifierConfig
    variant: Variant
    number: int
    """Of the fold that is scored, from 1; the seed as well."""
    folds: int

    def run(self) -> Outcome:
        """Train and score."""
        began = time.monotonic()
        train, test, _ = split_fold(read_corpus(self.config), self.folds, self.number)
        if self.variant.name == BASELINE:
            characters = fill_defaults(self.config, train)[0].text.tokenizer == "char"
            scores = run_bag_of_words(train, test, characters=characters, seed=self.number).scores
        else:
            scores = self._network(train, test)
        return Outcome(self.variant.name, self.number, scores, round(time.monotonic() - began, 1))

    def _network(self, train: Labelled, test: Labelled) -> dict[str, float]:
        """Train a network; the fold that is scored is not used before the end."""
        options = {"seed": self.number, "data": "", "test": ""}
        config = with_options(self.config, self.variant.own | options)
        pretrain = self.variant.options.get(PRETRAIN)
        with tempfile.TemporaryDirectory(prefix="unrolled-") as name:
            if pretrain is not None:
                run = _pretrained(str(pretrain), train, Path(name), self.number, config.training.threads)
                config = with_options(config, {"init_from": str(run)})
            classifier = Classifier(config).fit(train.items, train.labels)
        score = classifier.evaluate(test.items, test.labels)
        return {"accuracy": score.accuracy, "macro_f1": score.macro_f1, "nats": score.nats}


def read_corpus(config: ClassifierConfig) -> Labelled:
    """Read the labelled data that a configuration names.

    Raises:
        DataError: if they cannot be read.
    """
    return read_labelled(config.corpus.data, config.form)


def _pretrained(recipe: str, train: Labelled, folder: Path, seed: int, threads: int) -> Path:
    """Train a language model on the training texts of a fold, without their labels; return its run."""
    text = folder / "texts.txt"
    text.write_text("\n".join(" ".join(str(item).split()) for item in train.items) + "\n", encoding="utf-8")
    config = with_options(load_recipe(recipe).config, {"data": "", "seed": seed, "threads": threads})
    LanguageModel(config).fit(text, out=folder / "lm", progress=False)
    return folder / "lm"
