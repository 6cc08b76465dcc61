"""Options for reading a file whose format differs from that of the training data."""

from dataclasses import asdict, dataclass
from typing import Literal, TypeVar

from unrolled.config import option_names, with_options
from unrolled.errors import ConfigError

C = TypeVar("C")


@dataclass(frozen=True)
class ReadingOptions:
    """File format options. Options that are not given are as in training."""

    text_column: str = ""
    """Column with the text: its name, or its number from 1."""

    label_column: str = ""
    """Column with the label: its name, or its number from 1."""

    separator: str = ""
    """Column separator."""

    header: Literal["", "auto", "yes", "no"] = ""
    """Whether the first line names the columns."""

    encoding: str = ""
    """Encoding of the file, such as cp1252 or latin-1."""


def apply_reading_options(config: C, options: ReadingOptions, verb: str) -> C:
    """Return the configuration of a task with the options.

    Args:
        config: the configuration.
        options: options that were given.
        verb: name of the task, for the message.

    Raises:
        ConfigError: if the task does not have an option.
    """
    task_options = {name for _, name in option_names(type(config))}
    user_options = {name: value for name, value in asdict(options).items() if value}
    for name in user_options:
        if name not in task_options:
            raise ConfigError(f"--{name.replace('_', '-')} is not an option of a {verb} run")
    changed: C = with_options(config, user_options)
    return changed
