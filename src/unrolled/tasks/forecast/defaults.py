"""The options that the user left open, settled by the series before training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from unrolled.baselines.autoregression import default_order
from unrolled.data.series import Numbers, Series
from unrolled.data.series.axis import ROWS
from unrolled.tasks.forecast.config import AUTO_CALENDAR, ForecasterConfig
from unrolled.tasks.forecast.frequency import DAY, ROW, Usual, usual_for
from unrolled.tasks.forecast.parts import before_test, cut
from unrolled.tasks.forecast.scale_choice import choose_difference, choose_transform, naive_is_as_good
from unrolled.tasks.forecast.seasons import find_season
from unrolled.wording import counted

SHARE = 5
"""Horizons that the shortest series holds at least."""
WINDOW = (24, 168)
"""Steps of a window, at least and at most, as far as the series is long enough."""
ROUNDS = 2
"""Times that a calendar feature has come round in the training part, at least."""
PREDICTIONS = 10_000_000
"""Steps forecast in a whole training, about: a minute or two on one thread."""
EPOCHS = (10, 60)


@dataclass(frozen=True)
class Filled:
    """A configuration with nothing left open, and a line about each choice."""

    config: ForecasterConfig
    notes: tuple[str, ...] = ()

    def settle(self, group: str, note: str, **values: Any) -> "Filled":
        """Return it with options of a group settled; an empty note says nothing."""
        changed = replace(getattr(self.config, group), **values)
        config = replace(self.config, **{group: changed})
        return Filled(config, self.notes + ((note,) if note else ()))


def fill_defaults(
    config: ForecasterConfig, series: Sequence[Series]
) -> tuple[ForecasterConfig, tuple[str, ...]]:
    """Settle what is left open by the frequency, the length and the values before the held-out part.

    Args:
        config: an option that was given is kept.
        series: all of one frequency.

    Returns:
        The configuration without open options, and a note on each choice with the option that changes it.

    Raises:
        DataError: if the parts that the configuration asks for do not fit the series.
    """
    usual = _usual(series[0])
    filled = _fill_horizon(_fill_strategy(Filled(config)), series, usual)
    horizon = filled.config.forecast.horizon
    ends = [cut(s, config.data, horizon)[0] for s in series]
    training = [s.target[:end] for s, end in zip(series, ends, strict=True)]
    filled = _fill_transform(_fill_season(filled, training, usual), training)
    filled = _fill_difference(_fill_linear(filled, training), training)
    filled = _fill_calendar(filled, series, usual)
    filled = _fill_windows(filled, ends)
    return filled.config, filled.notes


def _usual(s: Series) -> Usual:
    """Return what is usual for the steps of a series; rows have the season that the table tells, if any."""
    usual = usual_for(s.index[: s.steps]) if s.axis.shown != "steps" else ROW
    if s.axis.frequency != ROWS or s.axis.season == 1:
        return usual
    return replace(usual, seasons=(s.axis.season,))


def _fill_strategy(filled: Filled) -> Filled:
    forecast = filled.config.forecast
    if forecast.strategy != "auto":
        return filled
    paths = forecast.output in ("gaussian", "student-t") and not filled.config.columns.past
    return filled.settle("forecast", "", strategy="recursive" if paths else "direct")


def _fill_horizon(filled: Filled, series: Sequence[Series], usual: Usual) -> Filled:
    if filled.config.forecast.horizon:
        return filled
    data, lags = filled.config.data, filled.config.features.lags
    before = [before_test(s, data) for s in series]
    most = min(before) // SHARE
    if data.test_start:
        most = min(most, *(s.steps - end for s, end in zip(series, before, strict=True)))
    horizon = max(1, min([usual.horizon, most, *lags[:1]]))
    return filled.settle("forecast", f"horizon: {counted(horizon, 'step')} (--horizon)", horizon=horizon)


def _fill_season(filled: Filled, training: Sequence[Numbers], usual: Usual) -> Filled:
    if filled.config.features.season:
        return filled
    season = find_season(training, usual.seasons)
    tried = " or ".join(map(str, usual.seasons))
    note = (
        f"season: {counted(season, 'step')} (--season)"
        if season > 1
        else f"season: none of {tried} steps (--season)"
    )
    return filled.settle("features", note if usual.seasons else "", season=season)


def _fill_transform(filled: Filled, training: Sequence[Numbers]) -> Filled:
    features = filled.config.features
    if features.transform != "auto":
        return filled
    transform = choose_transform(training, features.season)
    note = "scale: the logarithm (--transform)" if transform == "log" else ""
    return filled.settle("features", note, transform=transform)


def _fill_linear(filled: Filled, training: Sequence[Numbers]) -> Filled:
    forecast, features = filled.config.forecast, filled.config.features
    if forecast.linear != "auto":
        return filled
    transform = filled.config.settled_transform
    naive = [
        features.difference <= 0 and naive_is_as_good([y], transform, features.season, forecast.horizon)
        for y in training
    ]
    linear = "naive" if all(naive) else "best" if any(naive) else "autoregression"
    before = "the last value" if features.season == 1 else "the value one season before"
    what = {"naive": before, "autoregression": "an autoregression"}.get(
        linear, f"an autoregression, or {before} for {sum(naive)} of {len(naive)} series,"
    )
    note = f"model: the network learns what {what} leaves over (--linear none: all of it)"
    return filled.settle("forecast", note, linear=linear)


def _fill_difference(filled: Filled, training: Sequence[Numbers]) -> Filled:
    features, forecast = filled.config.features, filled.config.forecast
    if features.difference >= 0:
        return filled
    if forecast.linear in ("naive", "best"):
        return filled.settle("features", "", difference=0)
    transform = filled.config.settled_transform
    difference = choose_difference(training, transform, features.season, forecast.horizon)
    note = f"scale: changes from {counted(difference, 'step')} before (--difference)" if difference else ""
    return filled.settle("features", note, difference=difference)


def _fill_calendar(filled: Filled, series: Sequence[Series], usual: Usual) -> Filled:
    if filled.config.features.calendar != AUTO_CALENDAR:
        return filled
    chosen: tuple[str, ...] = ()
    if all(s.axis.frequency != ROWS and s.axis.shown != "steps" for s in series):
        longest = max((s.index[s.steps - 1] - s.index[0]).total_seconds() / DAY for s in series)
        chosen = tuple(name for name, days in usual.calendar if longest >= ROUNDS * days)
    note = f"calendar: {', '.join(chosen)} (--calendar)" if chosen else ""
    return filled.settle("features", note, calendar=chosen)


def _fill_windows(filled: Filled, ends: Sequence[int]) -> Filled:
    training, features, forecast = filled.config.training, filled.config.features, filled.config.forecast
    lost = features.difference + max(features.lags, default=0)
    ahead = 0
    if forecast.strategy == "direct":
        ahead = forecast.horizon
    room = min(end - ahead - lost - (_looks_back(filled.config, end)) for end in ends)
    window, stride, epochs = training.window, training.stride, training.epochs
    if not window:
        usual = max(WINDOW[0], min(WINDOW[1], 2 * max(features.season, forecast.horizon)))
        window = max(1, min(usual, room // 2))
    each = window * max(1, ahead) * forecast.members
    if not stride:
        stride = 1
        if training.mode == "windows":
            most = max(1, PREDICTIONS // EPOCHS[0] // each)
            stride = max(1, min(window, sum(ends) // most))
    if not epochs and not training.minutes:
        reads = sum(ends) // stride * each if training.mode == "windows" else sum(ends) * max(1, ahead)
        epochs = max(EPOCHS[0], min(EPOCHS[1], PREDICTIONS // max(reads, 1)))
    return filled.settle("training", "", window=window, stride=stride, epochs=epochs)


def _looks_back(config: ForecasterConfig, steps: int) -> int:
    """Return the steps that the linear part reads before its first forecast, at most."""
    match config.forecast.linear:
        case "none":
            return 0
        case "naive":
            return config.features.season
    return max(default_order(steps, config.features.season), config.features.season)
