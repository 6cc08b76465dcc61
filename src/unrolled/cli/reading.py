"""How a file that is given to a trained model is written, where it differs from the training data."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from unrolled.config import option_names, with_options
from unrolled.errors import ConfigError
from unrolled.tasks import Task


@dataclass(frozen=True)
class ReadingOptions:
    """Options of reading; what is not given is as in training."""

    text_column: str = ""
    """Column with the text, by name, or by number from 1."""

    label_column: str = ""
    """Column with the label, by name, or by number from 1."""

    separator: str = ""
    """Separator between the cells of a line."""

    header: Literal["", "auto", "yes", "no"] = ""
    """Whether the first line names the columns."""

    encoding: str = ""
    """Encoding of the file, such as cp1252 or latin-1."""


def read_as(task: Task[Any, Any], options: ReadingOptions) -> None:
    """Let a task read its next files as the options say.

    Raises:
        ConfigError: if the task has no such option.
    """
    known = {name for _, name in option_names(type(task.config))}
    given = {name: value for name, value in asdict(options).items() if value}
    for name in given:
        if name not in known:
            raise ConfigError(f"--{name.replace('_', '-')} is no option of a run of {task.spec.verb}")
    task.config = with_options(task.config, given)
