"""``unrolled generate RUN``: text from a trained model."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.arguments import RunFolder, parse, utf8
from unrolled.decoding import SamplingConfig
from unrolled.errors import ConfigError
from unrolled.tasks import LanguageModel
from unrolled.tasks.base.show_notes import show_notes


@dataclass(frozen=True)
class Arguments:
    """Write text with a trained model, as it is made."""

    run: RunFolder
    """Run folder."""

    prompt: str = ""
    """Text to go on from; it is printed first."""

    length: int = 300
    """Tokens to write."""

    seed: int = 0
    """The same seed gives the same text."""

    beams: int = 0
    """Search for the most probable text with so many beams, instead of drawing."""

    nbest: int = 1
    """With beams: how many results to print, with their scores."""

    normalisation: float = 1.0
    """With beams: α of score = log p / length^α."""

    sampling: SamplingConfig = field(default_factory=SamplingConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    prompt = utf8(args.prompt)
    lm = LanguageModel.load(args.run)
    show_notes(lm.prompt_notes(prompt))
    if args.beams:
        return _search(lm, prompt, args)
    stream = lm.stream(prompt, args.length, args.sampling, seed=args.seed)
    pieces = iter(stream)
    first = next(pieces, "")  # an error comes before anything is printed
    sys.stdout.write(prompt + _joint(lm, prompt) + first)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    print()
    return 0


def _search(lm: LanguageModel, prompt: str, args: Arguments) -> int:
    if not 1 <= args.nbest <= args.beams:
        raise ConfigError(f"--nbest {args.nbest}: must lie in 1..{args.beams} (--beams)")
    found = lm.beam(prompt, args.length, beams=args.beams, normalisation=args.normalisation)
    for text, hypothesis in found[: args.nbest]:
        print(f"{hypothesis.score:.4f}\t{prompt}{_joint(lm, prompt)}{text}".rstrip("\n"))
    return 0


def _joint(lm: LanguageModel, prompt: str) -> str:
    """Words are joined by a space; characters and pieces bring their own."""
    needs_space = lm.tokenizer.kind == "word" and prompt and not prompt[-1].isspace()
    return " " if needs_space else ""
