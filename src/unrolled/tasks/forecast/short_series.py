"""Leave out series that are too short to train on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from unrolled.data.series import Series
from unrolled.errors import DataError
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.defaults import MIN_HORIZONS, fill_defaults
from unrolled.tasks.forecast.parts import held_out_steps, steps_before

MAX_NAMES = 5
"""Maximum number of names in a note."""
LEFT_OUT_KEY = "left_out"
"""Key in ``facts`` of the names of the series left out."""


@dataclass(frozen=True)
class ResolvedSeries:
    """The series to train on, and the configuration with all options resolved for them."""

    series: list[Series]
    config: ForecasterConfig
    left_out: list[str]
    """Names of the series that are too short."""
    notes: tuple[str, ...]


def resolve_series(config: ForecasterConfig, series: Sequence[Series]) -> ResolvedSeries:
    """Resolve open options, and leave out series that are too short for them.

    If all series are too short, all are kept; a later step raises the error.

    Raises:
        DataError: see :func:`fill_defaults`.
    """
    selected, resolved = _long_enough(series, config), config
    while True:
        resolved, choices = fill_defaults(config, selected)
        longer = _long_enough(selected, resolved)
        if len(longer) == len(selected):
            break
        selected = longer
    left_out = [s.name for s in series if all(s is not k for k in selected)]
    if not left_out:
        return ResolvedSeries(selected, resolved, [], choices)
    short = "too short" + (" or end before --test-start" if config.data.test_start else "")
    note = f"{len(left_out):,} of {len(series):,} series are {short} and left out: {_list_names(left_out)}"
    return ResolvedSeries(selected, resolved, left_out, (note, *choices))


def drop_left_out(series: Sequence[Series], left_out: Collection[str]) -> list[Series]:
    """Return the series that training did not leave out.

    Raises:
        DataError: if it left out all of them.
    """
    selected = [s for s in series if s.name not in left_out]
    if not selected:
        raise DataError(
            f"series {_list_names([s.name for s in series])}: left out of training as too short, "
            "so that no scale is known"
        )
    return selected


def left_out_notes(left_out: Collection[str]) -> list[str]:
    """Return a note that names the series that training left out; empty if there are none."""
    return [f"left out here, as in training: series {_list_names(list(left_out))}"] if left_out else []


def _long_enough(series: Sequence[Series], config: ForecasterConfig) -> list[Series]:
    """Return the series with enough steps, or all if none has; open options count as their minimum."""
    selected = [s for s in series if _is_long_enough(s, config)] if len(series) > 1 else []
    return selected or list(series)


def _is_long_enough(s: Series, config: ForecasterConfig) -> bool:
    if s.steps < MIN_HORIZONS:
        return False
    end, horizon = s.steps, config.forecast.horizon or 1
    if config.data.test_start:
        end = steps_before(s, config.data.test_start)
        if end == s.steps:
            return False
    training = end - held_out_steps(end, config.data, horizon)
    lost_steps = max(config.features.difference, 0) + max(config.features.lags, default=0)
    return end >= MIN_HORIZONS and training > lost_steps + 1


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(f"{name!r:.60}" for name in names[:MAX_NAMES])
    return f"{shown}, …" if len(names) > MAX_NAMES else shown
