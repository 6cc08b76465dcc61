"""Parsing of JSON with type checks; errors give the position of the wrong value."""

import json
from typing import Any, TypeVar, overload

import msgspec

from unrolled.reading.malformed import MalformedError

T = TypeVar("T")


@overload
def parse_json(text: bytes | str, kind: type[T]) -> T: ...


@overload
def parse_json(text: bytes | str, kind: Any) -> Any: ...


def parse_json(text: bytes | str, kind: Any) -> Any:
    """Parse JSON as a type supported by msgspec, strictly: strings are not converted to numbers.

    Python's JSON parser is used, because file names that are not UTF-8 are written with lone surrogates,
    which msgspec's parser rejects.

    Args:
        text: JSON; bytes must be UTF-8.
        kind: the type of the result.

    Raises:
        MalformedError: if the text is not JSON, is nested too deep, or has other types.
    """
    try:
        values = json.loads(text.decode("utf-8", "surrogatepass") if isinstance(text, bytes) else text)
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise MalformedError(f"not JSON ({wrong.msg} at {place})") from None
    except UnicodeDecodeError as wrong:
        raise MalformedError(f"not JSON (byte {wrong.start} is not UTF-8)") from None
    except ValueError:  # Python's limit on digits
        raise MalformedError("too large: it holds a number of more than 4,300 digits") from None
    except RecursionError:
        raise MalformedError("nested too deep") from None
    return convert(values, kind)


@overload
def convert(values: Any, kind: type[T]) -> T: ...


@overload
def convert(values: Any, kind: Any) -> Any: ...


def convert(values: Any, kind: Any) -> Any:
    """Convert nested lists and dictionaries to a type supported by msgspec; see :func:`parse_json`."""
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as wrong:
        reason = str(wrong).replace("`", "").replace(" - at $.", " at ").replace(" - at $", " at ")
        raise MalformedError(f"not of the expected form: {reason[:1].lower()}{reason[1:]}") from None
    except UnicodeError:
        raise MalformedError("not plain text: it holds half of a surrogate pair") from None
    except (OverflowError, RecursionError) as wrong:
        raise MalformedError(f"out of range: {wrong}") from None
