"""``unrolled train lm``: a language model from a text."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from unrolled.cli.arguments import flag_value, parse
from unrolled.cli.report import print_result
from unrolled.errors import ConfigError
from unrolled.recipes import load_recipe
from unrolled.tasks import LanguageModel, LanguageModelConfig
from unrolled.training import CHECKPOINT


@dataclass(frozen=True)
class Arguments:
    """Train a recurrent language model on a text.

    Give --data and --out, or --recipe and --out; every other option has a default.
    """

    out: str
    """Run folder to make: model, checkpoints, log, plots."""

    recipe: str = ""
    """Start from a recipe (unrolled recipes lists them) or a .toml file; other options override it."""

    overwrite: bool = False
    """Replace the run that the folder holds."""

    config: LanguageModelConfig = field(default_factory=LanguageModelConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    name = flag_value(argv, "--recipe")
    recipe = load_recipe(name) if name else None
    default = None
    if recipe is not None:
        # The folder is still required: tyro keeps a field without a value as missing.
        default = Arguments(out=tyro.MISSING, config=recipe.config)
    args = parse(Arguments, argv, prog=prog, default=default)
    if not args.config.corpus.data:
        raise ConfigError("no training text: give --data FILE_OR_FOLDER, --data @stdlib, or --recipe")
    if args.config.corpus.data == "@stdlib":
        print(f"corpus: standard library of Python {platform.python_version()}", file=sys.stderr)
    folder = Path(args.out)
    try:
        lm = LanguageModel(args.config).fit(out=folder, overwrite=args.overwrite)
    except KeyboardInterrupt:
        if (folder / CHECKPOINT).exists():
            print(f"\nstopped; go on with: unrolled resume {folder}", file=sys.stderr)
        raise
    print_result(lm, folder)
    if recipe is not None:
        line = recipe.verdict(lm.result)
        if line:
            print(line)
    return 0
