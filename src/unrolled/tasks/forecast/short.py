"""Series that are too short to train on, among others that are not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from unrolled.data.series import Series
from unrolled.errors import DataError
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.defaults import SHARE, fill_defaults
from unrolled.tasks.forecast.parts import held_out_steps, steps_before

SHOWN = 5
FACT = "left_out"
"""Name of the fact that holds the names of the series left out."""


@dataclass(frozen=True)
class Settled:
    """The series to train on, and the configuration without open options that fits them."""

    series: list[Series]
    config: ForecasterConfig
    left_out: list[str]
    """Names of the series that are too short."""
    notes: tuple[str, ...]


def settle(config: ForecasterConfig, series: Sequence[Series]) -> Settled:
    """Fill in the options left open, and leave out series that are too short for them.

    If all are too short, all are kept: what comes next says why they are refused.

    Raises:
        DataError: see :func:`fill_defaults`.
    """
    kept, settled = _long_enough(series, config), config
    while True:
        settled, choices = fill_defaults(config, kept)
        fewer = _long_enough(kept, settled)
        if len(fewer) == len(kept):
            break
        kept = fewer
    left_out = [s.name for s in series if all(s is not k for k in kept)]
    if not left_out:
        return Settled(kept, settled, [], choices)
    short = "too short" + (" or end before --test-start" if config.data.test_start else "")
    note = f"{len(left_out):,} of {len(series):,} series are {short} and left out: {_named(left_out)}"
    return Settled(kept, settled, left_out, (note, *choices))


def without(series: Sequence[Series], left_out: Collection[str]) -> list[Series]:
    """Return the series that were not left out of the training.

    Raises:
        DataError: if all were.
    """
    kept = [s for s in series if s.name not in left_out]
    if not kept:
        raise DataError(
            f"series {_named([s.name for s in series])}: too short in the training data, where it was left "
            "out: its scale is not known"
        )
    return kept


def left_out_notes(left_out: Collection[str]) -> list[str]:
    """Return a line that names the series that training left out, for other data; none if there are none."""
    return [f"left out here, as in training: series {_named(list(left_out))}"] if left_out else []


def _long_enough(series: Sequence[Series], config: ForecasterConfig) -> list[Series]:
    """Return the series with enough steps, all if none has them; what is open counts as little as it can."""
    kept = [s for s in series if _is_long_enough(s, config)] if len(series) > 1 else []
    return kept or list(series)


def _is_long_enough(s: Series, config: ForecasterConfig) -> bool:
    if s.steps < SHARE:
        return False
    end, horizon = s.steps, config.forecast.horizon or 1
    if config.data.test_start:
        end = steps_before(s, config.data.test_start)
        if end == s.steps:
            return False
    training = end - held_out_steps(end, config.data, horizon)
    lost = max(config.features.difference, 0) + max(config.features.lags, default=0)
    return end >= SHARE and training > lost + 1


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"{name!r:.60}" for name in names[:SHOWN])
    return f"{shown}, …" if len(names) > SHOWN else shown
