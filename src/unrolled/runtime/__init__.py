"""The runtime: trained models without torch, from a run folder.

``unrolled.runtime.load(RUN, precision="int8").stream()`` needs numpy and the compiled extension, no torch.
"""

from unrolled.runtime.load import load

__all__ = ["load"]


def __dir__() -> list[str]:
    return sorted(__all__)
