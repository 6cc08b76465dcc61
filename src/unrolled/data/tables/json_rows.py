"""Tables in JSON: an object a line, or one array of objects."""

from pathlib import Path
from typing import Any

from unrolled.errors import DataError
from unrolled.reading import MalformedError, parse_json


def json_objects(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects of a file and the line (of an array: the number) of each.

    Raises:
        DataError: if a line is not a JSON object, or the array holds anything else.
    """
    if path.suffix.lower() == ".json" and text.lstrip().startswith("["):
        try:
            return list(enumerate(parse_json(text, list[dict[str, Any]]), 1))
        except MalformedError as error:
            raise DataError(f"{path}: is {error}; one array of objects, or an object a line") from None
    objects = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            objects.append((number, parse_json(line, dict[str, Any])))
        except MalformedError as error:
            raise DataError(f"{path}: line {number} is {error}") from None
    return objects
