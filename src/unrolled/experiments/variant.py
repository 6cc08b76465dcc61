"""Variants of a recipe: its configuration with some options changed."""

from dataclasses import dataclass, field
from typing import Any

from unrolled.tasks.base.options import parse_options

PRETRAIN = "pretrain"
"""Option of a variant, not of a task: recipe of a language model to pretrain on the same texts."""

UNCHANGED = "as it stands"
"""Name of the unchanged recipe in the list of variants."""
BASELINE = "tf-idf regression"
"""Name of the bag-of-words baseline in the list of variants."""


@dataclass(frozen=True)
class Variant:
    """A named set of options that replace those of a recipe; with no options the recipe is unchanged."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def task_options(self) -> dict[str, Any]:
        """The options that belong to the task's configuration: all but :data:`PRETRAIN`."""
        return {name: value for name, value in self.options.items() if name != PRETRAIN}


def parse_variant(text: str) -> Variant:
    """Parse a variant written as ``OPTION=VALUE,OPTION=VALUE``; the text is also its name.

    Raises:
        ConfigError: if a part of the text is not OPTION=VALUE.
    """
    return Variant(text, parse_options(text))
