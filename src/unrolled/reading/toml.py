"""TOML as tables."""

import tomllib
from typing import Any

from unrolled.reading.malformed import MalformedError


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        MalformedError: if it is not TOML, or is nested too deep.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise MalformedError("nested too deep") from None
    except tomllib.TOMLDecodeError as wrong:
        raise MalformedError(f"not valid TOML ({wrong})") from None
    except ValueError:  # Python converts no longer ones; dates are checked by the parser
        raise MalformedError("too large: it holds a number of more than 4,300 digits") from None
