"""Checksum of data, to detect whether the data changed."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np


def fingerprint(*parts: Iterable[Any]) -> str:
    """Return the SHA-256 of the values of all parts; arrays are hashed by their bytes, others by ``repr``."""
    digest = hashlib.sha256()
    for part in parts:
        for value in part:
            data = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            digest.update(len(data).to_bytes(8, "little") + data)
        digest.update(b"end")
    return digest.hexdigest()
