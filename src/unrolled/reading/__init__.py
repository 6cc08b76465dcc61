"""Safe reading of files: size limits, typed JSON and TOML, and strict parsing of numbers.

All readers of the package use it, so that a damaged or hostile file leads to an error that names the file.
"""

from unrolled.reading.malformed import MalformedError
from unrolled.reading.numbers import plain_float, plain_int
from unrolled.reading.raw import decode, decode_utf8, marked_encoding, open_file, read_bytes
from unrolled.reading.toml import LARGEST_TOML, parse_toml
from unrolled.reading.typed import convert, parse_json

__all__ = [
    "LARGEST_TOML",
    "MalformedError",
    "convert",
    "decode",
    "decode_utf8",
    "marked_encoding",
    "open_file",
    "parse_json",
    "parse_toml",
    "plain_float",
    "plain_int",
    "read_bytes",
]


def __dir__() -> list[str]:
    return sorted(__all__)
