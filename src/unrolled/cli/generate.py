"""``unrolled generate RUN``: generate text with a trained model."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unrolled.cli.arguments import RunFolder, decode_argument, parse
from unrolled.cli.trained import Precision, load_trained
from unrolled.decoding import SamplingConfig
from unrolled.errors import ConfigError
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.lm.spec import SPEC

if TYPE_CHECKING:
    from unrolled.tasks.lm.runtime import LanguageRuntime
    from unrolled.tasks.lm.task import LanguageModel


@dataclass(frozen=True)
class Arguments:
    """Generate text with a trained model. The text is printed while it is generated."""

    run: RunFolder
    """Run folder."""

    prompt: str = ""
    """Text to continue. It is printed first."""

    length: int = 300
    """Number of tokens to generate."""

    seed: int = 0
    """Random seed. The same seed gives the same text."""

    beams: int = 0
    """Number of beams to search for the most probable text; 0: sample instead."""

    nbest: int = 1
    """With beams: number of results to print, with their scores."""

    normalisation: float = 1.0
    """With beams: length normalisation, α in score = log p / length^α."""

    precision: Precision = "float32"
    """Precision of the products; bfloat16 and int8 are faster."""

    sampling: SamplingConfig = field(default_factory=SamplingConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    prompt = decode_argument(args.prompt)
    lm = load_trained(args.run, SPEC, args.precision, needs_torch="--beams" if args.beams else "")
    show_notes(lm.prompt_notes(prompt))
    if args.beams:
        return _search(lm, prompt, args)
    pieces = lm.stream_text(prompt, args.length, args.sampling, seed=args.seed)
    first = next(pieces, "")  # so that an error is raised before anything is printed
    sys.stdout.write(prompt + _separator(lm, prompt) + first)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    print()
    return 0


def _search(lm: "LanguageModel", prompt: str, args: Arguments) -> int:
    if not 1 <= args.nbest <= args.beams:
        raise ConfigError(f"--nbest {args.nbest}: must lie in 1..{args.beams} (--beams)")
    results = lm.beam(prompt, args.length, beams=args.beams, normalisation=args.normalisation)
    for text, hypothesis in results[: args.nbest]:
        print(f"{hypothesis.score:.4f}\t{prompt}{_separator(lm, prompt)}{text}".rstrip("\n"))
    return 0


def _separator(lm: "LanguageRuntime | LanguageModel", prompt: str) -> str:
    """Return the separator between prompt and text: a space for words, nothing for characters and pieces."""
    needs_space = lm.tokenizer.kind == "word" and prompt and not prompt[-1].isspace()
    return " " if needs_space else ""
