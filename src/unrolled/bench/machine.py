"""Description of the machine on which a benchmark runs."""

import contextlib
import platform
from collections.abc import Iterator
from pathlib import Path

import torch

from unrolled import extension
from unrolled.cores import usable_cores
from unrolled.threads import describe_waiting
from unrolled.version import __version__


def describe_machine() -> dict[str, str | int | float]:
    """Return the processor, threads, versions and instruction sets of this machine."""
    return {
        "processor": processor_name(),
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "waiting": describe_waiting(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torch_instruction_set": torch.backends.cpu.get_cpu_capability(),
        "unrolled": __version__,
        "extension": extension.describe(),
    }


def processor_name() -> str:
    """Return the name of the processor."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@contextlib.contextmanager
def use_threads(count: int) -> Iterator[int]:
    """Set torch's number of threads inside a ``with`` block; 0 keeps it. Yields the number in use."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
