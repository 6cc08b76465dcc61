"""A finding as data: what was found, how serious it is, and what would help."""

from dataclasses import dataclass
from typing import Literal, get_args

from unrolled.errors import ConfigError, suggestion
from unrolled.short_repr import short_repr

Level = Literal["good", "notice", "bad"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Remedy:
    """What would help (``"scale gradients down to a norm of 1"``) and the option that does it.

    ``flag`` (``"--clip-norm 1.0"``) may be empty where no option does it.
    """

    what: str
    flag: str = ""


@short_repr
@dataclass(frozen=True)
class Verdict:
    """One finding: how serious it is, where, the number behind it, and what would help.

    Args:
        title: the finding in a few words.
        level: ``"good"``, ``"notice"`` or ``"bad"``.
        says: one to three sentences.
        where: the layer, parameter or time it is about; may be empty.
        number: the number that the finding rests on, or None where there is no single one.
        number_name: the name of that number.
        remedies: the most helpful first.

    Raises:
        ConfigError: if the level is none of the three, or a number has no name.
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
            raise ConfigError(f"verdict {self.title!r}: say in number_name what {self.number} is")
