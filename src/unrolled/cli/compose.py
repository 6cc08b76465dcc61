"""``unrolled compose RUN --out FILE``: music from a trained model, as a MIDI file."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import RunFolder, parse
from unrolled.config import require
from unrolled.data.piano import open_pieces
from unrolled.extras import require_extra
from unrolled.storage.output import check_output, named_file
from unrolled.tasks.music.task import PianoRoll


@dataclass(frozen=True)
class Arguments:
    """Write a piece of music with a trained model."""

    run: RunFolder
    """Run folder."""

    out: str
    """MIDI file to write."""

    length: int = 64
    """Steps to write."""

    opening: str = ""
    """MIDI file to go on from; the piece begins with it."""

    temperature: float = 1.0
    """Below 1 takes probable keys more often."""

    tempo: int = 90
    """Quarter notes a minute."""

    seed: int = 0
    """The same seed gives the same piece."""

    overwrite: bool = False
    """Replace the file."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("music", prog)
    out = named_file(args.out)
    check_output(out, overwrite=args.overwrite)
    require(args.tempo > 0, f"--tempo {args.tempo}: must be positive")
    task = PianoRoll.load(args.run)
    beat = task.config.pieces.steps_per_beat
    opening = open_pieces(args.opening, beat)["train"][0] if args.opening else None
    piece = task.compose(args.length, opening=opening, temperature=args.temperature, seed=args.seed)
    task.write_midi(piece, out, tempo=args.tempo)
    print(f"{out}: {len(piece)} steps, {sum(map(len, piece))} notes")
    return 0
