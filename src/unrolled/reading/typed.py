"""JSON of a known type: anything else is refused, with its place."""

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
    """Return JSON as a type that msgspec knows, strictly: a text is not taken for a number.

    Python's parser reads it, since a file name that is not UTF-8 is written with half surrogate pairs, which
    msgspec's own refuses.

    Args:
        text: JSON, in UTF-8 if it is bytes.
        kind: the type of the values in it.

    Raises:
        MalformedError: if it is not JSON, is nested too deep, or holds something else.
    """
    try:
        values = json.loads(text.decode("utf-8", "surrogatepass") if isinstance(text, bytes) else text)
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise MalformedError(f"not JSON ({wrong.msg} at {place})") from None
    except UnicodeDecodeError as wrong:
        raise MalformedError(f"not JSON (byte {wrong.start} is not UTF-8)") from None
    except ValueError:  # Python converts no longer ones
        raise MalformedError("too large: it holds a number of more than 4,300 digits") from None
    except RecursionError:
        raise MalformedError("nested too deep") from None
    return convert(values, kind)


@overload
def convert(values: Any, kind: type[T]) -> T: ...


@overload
def convert(values: Any, kind: Any) -> Any: ...


def convert(values: Any, kind: Any) -> Any:
    """Return nested lists and dictionaries as a type that msgspec knows; see :func:`parse_json`."""
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as wrong:
        said = str(wrong).replace("`", "").replace(" - at $.", " at ").replace(" - at $", " at ")
        raise MalformedError(f"not of its form: {said[:1].lower()}{said[1:]}") from None
    except UnicodeError:
        raise MalformedError("not plain text: it holds half of a surrogate pair") from None
    except (OverflowError, RecursionError) as wrong:
        raise MalformedError(f"out of range: {wrong}") from None
