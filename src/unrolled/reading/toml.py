"""Parsing of TOML with limits on size and depth."""

import re
from typing import Any

from unrolled.reading.malformed import MalformedError

LARGEST_TOML = 1 << 18
"""Largest number of characters of a TOML text. The parser takes up to 2 KiB for each part of a key."""
DEEPEST = 64
"""Largest number of parts of a dotted key."""

_PART = r"(?:(?<![\w-])[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
_DEEP_KEY = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{DEEPEST}}}", re.ASCII)


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        MalformedError: if the text is not TOML, is too large, or is nested too deep.
    """
    import tomllib  # a trained model is read without TOML

    if len(text) > LARGEST_TOML:
        raise MalformedError(f"too large: it holds more than {LARGEST_TOML >> 10} KiB")
    match = _DEEP_KEY.search(text)
    if match:
        line = text.count("\n", 0, match.start()) + 1
        raise MalformedError(f"nested too deep: a key on line {line} has more than {DEEPEST} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise MalformedError("nested too deep") from None
    except tomllib.TOMLDecodeError as wrong:
        raise MalformedError(f"not valid TOML ({wrong})") from None
    except ValueError:  # Python's limit on digits; the parser itself checks dates
        raise MalformedError("too large: it holds a number of more than 4,300 digits") from None
