"""How fast one core reads memory: the limit of a model that reads all its weights in every step."""

from unrolled.engine.core import load_core

SECONDS = 0.05


def read_bandwidth(megabytes: float, seconds: float = SECONDS) -> float:
    """Return the GB/s at which one core reads the same block of memory again and again.

    A small block stays in the caches of the core.

    Args:
        megabytes: size of the block.
        seconds: how long to measure.
    """
    return float(load_core().read_bandwidth(max(4096, int(megabytes * 1e6)), seconds)) / 1e9
