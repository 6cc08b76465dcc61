"""A server of trained models: JSON over HTTP, streams of tokens, and a page for each model.

It runs on the native runtime and needs no torch. ``unrolled serve RUN`` starts it.
"""

from unrolled.serve.options import ServeOptions

__all__ = ["ServeOptions"]


def __dir__() -> list[str]:
    return sorted(__all__)
