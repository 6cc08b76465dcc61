"""A variant: a configuration with some of its options changed."""

from dataclasses import dataclass, field
from typing import Any

from unrolled.tasks.base.options import parse_options

PRETRAIN = "pretrain"
"""Option of a variant, not of a task: the recipe of a language model to train first, on the same texts."""


UNCHANGED = "as it stands"
"""Name of the recipe itself among its variants."""
BASELINE = "tf-idf regression"
"""Name of bag of words among the variants of a classifier."""


@dataclass(frozen=True)
class Variant:
    """A name, and the options that differ; without options the configuration is used unchanged."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def own(self) -> dict[str, Any]:
        """Options of the task's configuration, without :data:`PRETRAIN`."""
        return {name: value for name, value in self.options.items() if name != PRETRAIN}


def parse_variant(text: str) -> Variant:
    """Return the variant that ``OPTION=VALUE,OPTION=VALUE`` names.

    Raises:
        ConfigError: if a part is not OPTION=VALUE.
    """
    return Variant(text, parse_options(text))
