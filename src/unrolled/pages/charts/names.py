"""File name stems of charts."""

import re


def file_stem(*parts: str) -> str:
    """Join parts to one file name stem: ``stem("matrix", "encoder.l0 h")`` is ``"matrix-encoder-l0-h"``."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(parts)).strip("-")[:80]
