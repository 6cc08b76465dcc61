"""Checks of requests that several services use."""

from collections.abc import Sequence

from unrolled.errors import ConfigError
from unrolled.tasks.base.service.service import Limits
from unrolled.wording import counted

MOST_PROBABILITIES = 200_000
"""Most probabilities in an answer, which are about five megabytes."""


def check_texts(texts: Sequence[str], limits: Limits, field: str = "texts") -> None:
    """Check the number of texts of a request, and their length together.

    Raises:
        ConfigError: if there are too many or they are too long.
    """
    if len(texts) > limits.items:
        raise ConfigError(f"{field}: {len(texts):,} are too many; send at most {limits.items:,} in a request")
    length = sum(map(len, texts))
    if length > limits.characters:
        raise ConfigError(
            f"{field}: {counted(length, 'character')} are too many; send at most {limits.characters:,} in a "
            "request"
        )


def check_steps(steps: int, limits: Limits, field: str) -> None:
    """Check the number of steps that a request asks for.

    Raises:
        ConfigError: if there are too many.
    """
    if steps > limits.steps:
        raise ConfigError(f"{field}: {steps:,} is too many; ask for at most {limits.steps:,}")


def check_shown(probabilities: int, field: str, instead: str) -> None:
    """Check the number of probabilities that an answer would contain.

    Args:
        probabilities: their number.
        field: the field that asks for them.
        instead: what to send instead.

    Raises:
        ConfigError: if there are too many.
    """
    if probabilities > MOST_PROBABILITIES:
        raise ConfigError(
            f"{field}: {probabilities:,} probabilities are too many for an answer; ask for fewer, or send "
            f"{instead}"
        )
