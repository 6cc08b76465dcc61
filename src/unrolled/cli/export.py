"""``unrolled export RUN --to FORMAT --out DIR``: write a trained model for other programs."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import RunFolder, parse
from unrolled.exporters import Format
from unrolled.exporters.options import Precision, WeightsIn


@dataclass(frozen=True)
class Arguments:
    """Write a trained model for other programs, and compare it with the original."""

    run: RunFolder
    """Run folder."""

    to: Format
    """onnx: for ONNX Runtime, phones and browsers. c: C99 source without dependencies, with a Makefile that
    checks it. Both add a web page to a language model over characters or words. torch: programs of
    torch.export, for torch without unrolled. nam and rtneural: LSTMs with one input and one output, for
    audio plug-ins."""

    out: str
    """Folder to write."""

    precision: Precision = "float32"
    """Precision of the products: int8 stores the weights in a quarter of the bytes."""

    name: str = "model"
    """Beginning of the names of files and functions in C."""

    weights: WeightsIn = "auto"
    """Weights in C: as arrays in the source, in a file of their own, or (auto) in a file from 1 MiB on."""

    overwrite: bool = False
    """Replace an earlier export in this folder."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    from unrolled.exporters.export import export

    options = {"precision": args.precision, "name": args.name, "weights": args.weights}
    print(export(args.run, args.to, args.out, overwrite=args.overwrite, **options))
    return 0
