"""``unrolled train music``: a model of polyphonic music from piano rolls."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.train import TrainArguments, parse_training, train
from unrolled.errors import ConfigError
from unrolled.tasks.music.config import PianoRollConfig
from unrolled.tasks.music.task import PianoRoll


@dataclass(frozen=True)
class Arguments(TrainArguments):
    """Train a recurrent model of piano rolls.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    config: PianoRollConfig = field(default_factory=PianoRollConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args, recipe = parse_training(Arguments, PianoRoll.verb, argv, prog)
    if not args.config.pieces.data:
        raise ConfigError("no pieces: give --data FOLDER_OF_MIDI, --data @music/jsb-chorales, or --recipe")
    return train(PianoRoll(args.config), args, recipe)
