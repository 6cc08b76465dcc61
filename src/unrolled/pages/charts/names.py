"""Layers as parts of file names."""

import re


def stem(*parts: str) -> str:
    """Return parts as one file name: ``stem("matrix", "encoder.l0 h")`` is ``"matrix-encoder-l0-h"``."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(parts)).strip("-")[:80]
