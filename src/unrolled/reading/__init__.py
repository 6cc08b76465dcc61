"""Files read within bounds: their bytes, JSON and TOML of a known type, numbers in plain form.

Every reader of the package uses it, so that a damaged or hostile file ends in an error that names it.
"""

from unrolled.reading.malformed import MalformedError
from unrolled.reading.numbers import plain_float, plain_int
from unrolled.reading.raw import decode, decode_utf8, open_file, read_bytes
from unrolled.reading.toml import LARGEST_TOML, parse_toml
from unrolled.reading.typed import convert, parse_json

__all__ = [
    "LARGEST_TOML",
    "MalformedError",
    "convert",
    "decode",
    "decode_utf8",
    "open_file",
    "parse_json",
    "parse_toml",
    "plain_float",
    "plain_int",
    "read_bytes",
]
