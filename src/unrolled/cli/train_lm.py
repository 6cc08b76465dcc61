"""``unrolled train lm``: a language model from a text."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.train import TrainArguments, parse_training, train
from unrolled.errors import ConfigError
from unrolled.tasks import LanguageModel, LanguageModelConfig


@dataclass(frozen=True)
class Arguments(TrainArguments):
    """Train a recurrent language model on a text.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    config: LanguageModelConfig = field(default_factory=LanguageModelConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args, recipe = parse_training(Arguments, LanguageModel.verb, argv, prog)
    if not args.config.corpus.data:
        raise ConfigError("no training text: give --data FILE_OR_FOLDER, --data @stdlib, or --recipe")
    if args.config.corpus.data == "@stdlib":
        print(f"corpus: standard library of Python {platform.python_version()}", file=sys.stderr)
    return train(LanguageModel(args.config), args, recipe)
