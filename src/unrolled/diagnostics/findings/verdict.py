"""Verdicts as data: title, level of severity, explanation and remedies."""

from dataclasses import dataclass
from typing import Literal, get_args

from unrolled.errors import ConfigError, suggestion
from unrolled.short_repr import short_repr

Level = Literal["good", "notice", "bad"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Remedy:
    """A suggestion (``"clip the gradient norm to 1"``) and its command-line option (``"--clip-norm 1.0"``).

    ``flag`` is empty if there is no such option.
    """

    what: str
    flag: str = ""


@short_repr
@dataclass(frozen=True)
class Verdict:
    """A verdict on one aspect: level, place, the number behind it, and remedies.

    Args:
        title: the verdict in a few words.
        level: ``"good"``, ``"notice"`` or ``"bad"``.
        says: explanation in one to three sentences.
        where: layer, parameter or step that it refers to; may be empty.
        number: the number that the verdict is based on; None if there is no single one.
        number_name: name of that number.
        remedies: remedies, the most helpful first.

    Raises:
        ConfigError: if the level is invalid, or a number has no name.
    """

    title: str
    level: Level
    says: str
    where: str = ""
    number: float | None = None
    number_name: str = ""
    remedies: tuple[Remedy, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            near = suggestion(str(self.level), LEVELS)
            raise ConfigError(
                f"verdict {self.title!r}: the level is {self.level!r}, not one of {', '.join(LEVELS)}{near}"
            )
        if self.number is not None and not self.number_name:
            raise ConfigError(f"verdict {self.title!r}: number_name must name the number {self.number}")
