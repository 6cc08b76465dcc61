"""``unrolled compose RUN --out FILE``: generate music with a trained model, as a MIDI file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.trained import Precision, load_trained
from unrolled.config import require
from unrolled.data.piano import Collection, open_pieces
from unrolled.errors import DataError
from unrolled.extras import require_extra
from unrolled.storage.output import check_output, parse_output_path
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.music.spec import SPEC
from unrolled.wording import counted

if TYPE_CHECKING:
    from unrolled.tasks.music.runtime import MusicRuntime
    from unrolled.tasks.music.task import MusicModel


@dataclass(frozen=True)
class Arguments:
    """Generate a piece of music with a trained model."""

    run: RunFolder
    """Run folder."""

    out: str
    """MIDI file to write."""

    length: int = 64
    """Number of time steps."""

    opening: str = ""
    """MIDI file to continue. The piece begins with it."""

    temperature: float = 1.0
    """Sampling temperature. Below 1, probable keys are chosen more often."""

    tempo: float = 0
    """Quarter notes per minute; 0: as in the opening, or else as in the training pieces, or else 90."""

    seed: int = 0
    """Random seed. The same seed gives the same piece."""

    precision: Precision = "float32"
    """Precision of the products."""

    overwrite: bool = False
    """Replace the file."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("music", prog)
    out = parse_output_path(args.out)
    check_output(out, overwrite=args.overwrite)
    require(args.tempo >= 0, f"--tempo {args.tempo}: must be positive, or 0")
    task = load_trained(args.run, SPEC, args.precision)
    opening = _read_opening(task, args.opening) if args.opening else None
    opening_steps = opening.parts["train"][0] if opening else None
    piece = task.compose(args.length, opening=opening_steps, temperature=args.temperature, seed=args.seed)
    tempo = args.tempo or (opening.tempo if opening else 0)
    task.write_midi(piece, out, tempo=tempo or None, metre=opening.metre if opening else None)
    suffix = f", of which {len(opening_steps)} are the opening" if opening_steps else ""
    print(f"{out}: {counted(len(piece), 'step')}{suffix}, {sum(map(len, piece))} keys down")
    return 0


def _read_opening(task: "MusicRuntime | MusicModel", path: str) -> Collection:
    """Return the opening piece, on the model's grid of time steps.

    Raises:
        DataError: if the file cannot be read, or has several pieces.
    """
    pieces = task.config.pieces
    opening = open_pieces(path, pieces.steps_per_beat or 1, sustain=pieces.sustain)
    show_notes(opening.notes)
    count = sum(map(len, opening.parts.values()))
    if count > 1:
        raise DataError(f"--opening {path}: has {counted(count, 'piece')}; give a file with one")
    return opening
