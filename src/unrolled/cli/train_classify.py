"""``unrolled train classify``: a label for each text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.train import TrainArguments, parse_training, train
from unrolled.errors import ConfigError
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.task import Classifier


@dataclass(frozen=True)
class Arguments(TrainArguments):
    """Train a recurrent classifier on labelled texts or sequences of vectors.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    config: ClassifierConfig = field(default_factory=ClassifierConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args, recipe = parse_training(Arguments, Classifier.verb, argv, prog)
    if not args.config.corpus.data:
        raise ConfigError("no training data: give --data FILE_OR_FOLDER, --data @rt-polarity, or --recipe")
    return train(Classifier(args.config), args, recipe)
