"""Cross-validation of classifiers: train and score a network, or the bag-of-words baseline, on one fold."""

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
class FoldTrial:
    """Trains one variant on all folds but one, and scores it on that fold."""

    config: ClassifierConfig
    variant: Variant
    number: int
    """Number of the scored fold, from 1; also used as the seed."""
    folds: int
    """Number of folds."""

    def run(self) -> Outcome:
        """Train and score the variant, or the baseline."""
        start = time.monotonic()
        train, test, _ = split_fold(read_corpus(self.config), self.folds, self.number)
        if self.variant.name == BASELINE:
            characters = fill_defaults(self.config, train)[0].text.tokenizer == "char"
            scores = run_bag_of_words(train, test, characters=characters, seed=self.number).scores
        else:
            scores = self._train_network(train, test)
        return Outcome(self.variant.name, self.number, scores, round(time.monotonic() - start, 1))

    def _train_network(self, train: Labelled, test: Labelled) -> dict[str, float]:
        """Train a network without the scored fold, then return its metrics on that fold."""
        options = {"seed": self.number, "data": "", "test": ""}
        config = with_options(self.config, self.variant.task_options | options)
        pretrain = self.variant.options.get(PRETRAIN)
        with tempfile.TemporaryDirectory(prefix="unrolled-") as directory:
            if pretrain is not None:
                run = _pretrain(str(pretrain), train, Path(directory), self.number, config.training.threads)
                config = with_options(config, {"init_from": str(run)})
            classifier = Classifier(config).fit(train.items, train.labels)
        score = classifier.evaluate(test.items, test.labels)
        return {"accuracy": score.accuracy, "macro_f1": score.macro_f1, "nats": score.nats}


def read_corpus(config: ClassifierConfig) -> Labelled:
    """Read the labelled data that a configuration names.

    Raises:
        DataError: if the data cannot be read.
    """
    return read_labelled(config.corpus.data, config.form)


def _pretrain(recipe: str, train: Labelled, folder: Path, seed: int, threads: int) -> Path:
    """Train a language model on the training texts of a fold, without labels; return its run folder."""
    text = folder / "texts.txt"
    text.write_text("\n".join(" ".join(str(item).split()) for item in train.items) + "\n", encoding="utf-8")
    config = with_options(load_recipe(recipe).config, {"data": "", "seed": seed, "threads": threads})
    LanguageModel(config).fit(text, out=folder / "lm", progress=False)
    return folder / "lm"
