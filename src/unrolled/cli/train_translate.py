"""``unrolled train translate``: a model from texts to texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.train import TrainArguments, parse_training, train
from unrolled.errors import ConfigError
from unrolled.tasks.translate.config import TranslatorConfig
from unrolled.tasks.translate.task import Translator


@dataclass(frozen=True)
class Arguments(TrainArguments):
    """Train an encoder-decoder on pairs of texts: a sentence and its translation, an article and its summary.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    config: TranslatorConfig = field(default_factory=TranslatorConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args, recipe = parse_training(Arguments, Translator.verb, argv, prog)
    if not args.config.corpus.data:
        raise ConfigError("no training pairs: give --data train.de,train.en, --data TABLE, or --recipe")
    return train(Translator(args.config), args, recipe)
