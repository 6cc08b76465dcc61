"""``unrolled info``: show versions and hardware, for bug reports."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from unrolled import extension
from unrolled.cli.arguments import parse
from unrolled.threads import choose_threads
from unrolled.version import __version__
from unrolled.wording import counted


@dataclass(frozen=True)
class Arguments:
    """Print versions, threads, the compiled core and this machine's peak arithmetic speed."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    parse(Arguments, argv, prog=prog)
    print(f"unrolled {__version__}, torch {torch.__version__}, Python {platform.python_version()}")
    print(
        f"{platform.platform()}, {counted(os.cpu_count() or 1, 'core')}, torch uses "
        f"{counted(torch.get_num_threads(), 'thread')}"
    )
    print(f"a training that starts now uses {choose_threads()}")
    print(extension.describe())
    if extension.core is not None:
        rates = [f"{extension.core.peak_gflops(d, 0.2):.0f} GFLOP/s {d}" for d in ("float32", "float64")]
        print(f"multiply-adds of one core, in registers: {', '.join(rates)}")
    return 0
