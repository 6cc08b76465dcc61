"""Parse options given as one string: ``hidden=100,lr=0.002``."""

from typing import Any

from unrolled.data.path_lists import split_paths
from unrolled.errors import ConfigError
from unrolled.reading import MalformedError, parse_toml


def parse_options(text: str) -> dict[str, Any]:
    """Parse ``OPTION=VALUE,OPTION=VALUE``; return the values by their names in Python.

    Numbers and booleans are converted; every other value stays a string.

    Raises:
        ConfigError: if a part is not OPTION=VALUE.
    """
    options: dict[str, Any] = {}
    for part in split_paths(text):
        name, equals, value = part.strip().partition("=")
        if not (name and equals and value):
            raise ConfigError(f"variant {text!r}: {part!r} is not OPTION=VALUE")
        options[name.strip().replace("-", "_")] = _parse_value(value.strip())
    return options


def _parse_value(text: str) -> Any:
    try:
        return parse_toml(f"value = {text}")["value"]
    except MalformedError:
        return text
