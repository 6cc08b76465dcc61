"""A configuration with some of its options changed."""

from dataclasses import dataclass, field
from typing import Any

from unrolled.data.commas import split_paths
from unrolled.errors import ConfigError
from unrolled.reading import MalformedError, parse_toml

PRETRAIN = "pretrain"
"""Option of a variant, not of a task: recipe of a language model trained on the same texts first."""


@dataclass(frozen=True)
class Variant:
    """Options by their own names; none of them is the configuration as it stands."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


def parse_variant(text: str) -> Variant:
    """Return the variant that ``OPTION=VALUE,OPTION=VALUE`` names.

    Raises:
        ConfigError: if it is written otherwise.
    """
    options: dict[str, Any] = {}
    for part in split_paths(text):
        name, equals, value = part.strip().partition("=")
        if not (name and equals and value):
            raise ConfigError(f"variant {text!r}: {part!r} is not OPTION=VALUE")
        options[name.strip().replace("-", "_")] = _value(value.strip())
    return Variant(text, options)


def _value(text: str) -> Any:
    """Return a number or a truth value where the text is one, else the text."""
    try:
        return parse_toml(f"value = {text}")["value"]
    except MalformedError:
        return text
