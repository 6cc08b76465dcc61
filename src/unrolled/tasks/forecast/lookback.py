"""Number of steps before a forecast that it depends on."""

from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.linear_part import LinearPart


def first_row(config: ForecasterConfig, part: LinearPart | None) -> int:
    """Return the first row of a prepared series without missing numbers, :attr:`PreparedSeries.first`."""
    recursive = config.forecast.strategy == "recursive"
    lost, previous = config.features.difference, 1 if recursive else 0
    first = lost + max((previous, *config.features.lags))
    if part is None:
        return first
    lookback = part.order + lost + previous
    return max(first, lookback if recursive else lookback - 1)


def fewest_steps(config: ForecasterConfig, part: LinearPart | None) -> int:
    """Return the number of steps that a series must have to be forecast."""
    lost = config.features.difference + max(config.features.lags, default=0)
    return max(lost + 1, first_row(config, part) + (0 if config.forecast.strategy == "recursive" else 1))


def steps_read(config: ForecasterConfig, part: LinearPart | None) -> int | None:
    """Return the number of last steps that a forecast depends on; None if it is all of them."""
    if config.training.mode == "stream":
        return None
    return first_row(config, part) + 1 + config.training.window
