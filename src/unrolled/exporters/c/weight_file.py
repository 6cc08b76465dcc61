"""Weights in a file of their own, for models too large for constant arrays in a source."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.exporters.c.literals import comment_line
from unrolled.exporters.c.weights import Array

ALIGNMENT = 16
HEADER = 16
"""Bytes before the first array: the fingerprint, then zeros."""


@dataclass(frozen=True)
class WeightFile:
    """The content of the file, and where each array begins."""

    content: bytes
    fingerprint: int
    offsets: dict[str, int]


def make_weight_file(arrays: Sequence[Array]) -> WeightFile:
    """Return the file of the arrays: little-endian, each at a multiple of 16 bytes."""
    content, offsets = bytearray(), {}
    for array in arrays:
        content += bytes(-len(content) % ALIGNMENT)
        offsets[array.name] = HEADER + len(content)
        kind = np.int8 if array.values.dtype == np.int8 else np.dtype("<f4")
        content += array.values.astype(kind).tobytes()
    fingerprint = zlib.crc32(content)
    header = fingerprint.to_bytes(4, "little") + bytes(HEADER - 4)
    return WeightFile(header + bytes(content), fingerprint, offsets)


def load_function(prefix: str, file: WeightFile) -> str:
    """Return the source of the function that takes the content of the file."""
    return f"""\
int {prefix}_load({prefix}_state *s, const void *weights, size_t size)
{{
    const uint32_t *words = (const uint32_t *)weights;
    if (weights == NULL || size != {prefix.upper()}_WEIGHT_FILE_SIZE || (uintptr_t)weights % 4 != 0)
        return {prefix.upper()}_BAD_WEIGHTS;
    if (words[0] != {file.fingerprint}u)
        return {prefix.upper()}_BAD_WEIGHTS;
    s->weights = (const unsigned char *)weights;
    return 0;
}}
"""


def pointers(arrays: Sequence[Array], file: WeightFile) -> list[str]:
    """Return the local variables of a step that point to the arrays in the file."""
    lines = []
    for array in arrays:
        kind = "int8_t" if array.values.dtype == np.int8 else "float"
        place = f"(const {kind} *)(s->weights + {file.offsets[array.name]})"
        lines.append(f"const {kind} *const {array.name} = {place}; {comment_line(array.comment)}")
    return lines
