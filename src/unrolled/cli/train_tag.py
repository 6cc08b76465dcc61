"""``unrolled train tag``: a tag for each word."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.train import TrainArguments, parse_training, train
from unrolled.errors import ConfigError
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.task import Tagger


@dataclass(frozen=True)
class Arguments(TrainArguments):
    """Train a recurrent tagger on sentences whose words have a tag each.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    config: TaggerConfig = field(default_factory=TaggerConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args, recipe = parse_training(Arguments, Tagger.verb, argv, prog)
    if not args.config.corpus.data:
        raise ConfigError("no training data: give --data FILE, --data @ud_english-ewt/train, or --recipe")
    return train(Tagger(args.config), args, recipe)
