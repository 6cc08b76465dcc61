"""``unrolled train forecast``: a forecaster from a table with a time column."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.train import TrainArguments, parse_training, train
from unrolled.errors import ConfigError
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.task import Forecaster


@dataclass(frozen=True)
class Arguments(TrainArguments):
    """Train a recurrent forecaster on series of numbers.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    config: ForecasterConfig = field(default_factory=ForecasterConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args, recipe = parse_training(Arguments, Forecaster.verb, argv, prog)
    if not args.config.data.data:
        raise ConfigError("no series: give --data FILE.csv, --data @timeseries/NAME, or --recipe")
    return train(Forecaster(args.config), args, recipe)
