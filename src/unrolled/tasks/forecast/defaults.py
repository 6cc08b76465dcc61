"""Resolve the options that the user left open, from the series, before training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from unrolled.baselines.autoregression import default_order
from unrolled.data.series import Numbers, Series
from unrolled.data.series.axis import ROWS
from unrolled.tasks.forecast.config import AUTO_CALENDAR, ForecasterConfig
from unrolled.tasks.forecast.frequency import DAY, ROW, FrequencyDefaults, defaults_for_index
from unrolled.tasks.forecast.parts import split_points, steps_before_test
from unrolled.tasks.forecast.scale_choice import choose_difference, choose_transform, naive_is_as_good
from unrolled.tasks.forecast.seasons import find_season
from unrolled.wording import counted

MIN_HORIZONS = 5
"""Minimum length of the shortest series, in horizons."""
WINDOW = (24, 168)
"""Minimum and maximum steps of a window, if the series is long enough."""
MIN_CYCLES = 2
"""Minimum number of cycles of a calendar feature in the training part."""
TOTAL_PREDICTIONS = 10_000_000
"""Approximate number of steps forecast in a whole training: a minute or two on one thread."""
EPOCHS = (10, 60)
"""Minimum and maximum number of epochs."""


@dataclass(frozen=True)
class OpenOptions:
    """A configuration whose open options are being resolved, and a note on each choice."""

    config: ForecasterConfig
    notes: tuple[str, ...] = ()

    def resolve(self, group: str, note: str, **values: Any) -> "OpenOptions":
        """Return a copy with options of a group resolved; an empty note is not added."""
        changed = replace(getattr(self.config, group), **values)
        config = replace(self.config, **{group: changed})
        return OpenOptions(config, self.notes + ((note,) if note else ()))


def fill_defaults(
    config: ForecasterConfig, series: Sequence[Series]
) -> tuple[ForecasterConfig, tuple[str, ...]]:
    """Resolve open options from the frequency, the length and the values before the held-out part.

    Args:
        config: configuration; options that were given are kept.
        series: the series, all of one frequency.

    Returns:
        The configuration without open options, and notes on the choices with the options that change them.

    Raises:
        DataError: if the parts that the configuration asks for do not fit the series.
    """
    usual = _get_usual(series[0])
    filled = _fill_horizon(_fill_strategy(OpenOptions(config)), series, usual)
    horizon = filled.config.forecast.horizon
    ends = [split_points(s, config.data, horizon)[0] for s in series]
    training = [s.target[:end] for s, end in zip(series, ends, strict=True)]
    filled = _fill_transform(_fill_season(filled, training, usual), training)
    filled = _fill_difference(_fill_linear(filled, training), training)
    filled = _fill_calendar(filled, series, usual)
    filled = _fill_windows(filled, ends)
    return filled.config, filled.notes


def _get_usual(s: Series) -> FrequencyDefaults:
    """Return the defaults for the frequency of a series; rows have the season of the table, if any."""
    usual = defaults_for_index(s.index[: s.steps]) if s.axis.shown != "steps" else ROW
    if s.axis.frequency != ROWS or s.axis.season == 1:
        return usual
    return replace(usual, seasons=(s.axis.season,))


def _fill_strategy(filled: OpenOptions) -> OpenOptions:
    forecast = filled.config.forecast
    if forecast.strategy != "auto":
        return filled
    can_sample_paths = forecast.output in ("gaussian", "student-t") and not filled.config.columns.past
    return filled.resolve("forecast", "", strategy="recursive" if can_sample_paths else "direct")


def _fill_horizon(filled: OpenOptions, series: Sequence[Series], usual: FrequencyDefaults) -> OpenOptions:
    if filled.config.forecast.horizon:
        return filled
    data, lags = filled.config.data, filled.config.features.lags
    lengths = [steps_before_test(s, data) for s in series]
    longest = min(lengths) // MIN_HORIZONS
    if data.test_start:
        longest = min(longest, *(s.steps - end for s, end in zip(series, lengths, strict=True)))
    horizon = max(1, min([usual.horizon, longest, *lags[:1]]))
    return filled.resolve("forecast", f"horizon: {counted(horizon, 'step')} (--horizon)", horizon=horizon)


def _fill_season(filled: OpenOptions, training: Sequence[Numbers], usual: FrequencyDefaults) -> OpenOptions:
    if filled.config.features.season:
        return filled
    season = find_season(training, usual.seasons)
    candidates = " or ".join(map(str, usual.seasons))
    note = (
        f"season: {counted(season, 'step')} (--season)"
        if season > 1
        else f"season: none of {candidates} steps (--season)"
    )
    return filled.resolve("features", note if usual.seasons else "", season=season)


def _fill_transform(filled: OpenOptions, training: Sequence[Numbers]) -> OpenOptions:
    features = filled.config.features
    if features.transform != "auto":
        return filled
    transform = choose_transform(training, features.season)
    note = "scale: the logarithm (--transform)" if transform == "log" else ""
    return filled.resolve("features", note, transform=transform)


def _fill_linear(filled: OpenOptions, training: Sequence[Numbers]) -> OpenOptions:
    forecast, features = filled.config.forecast, filled.config.features
    if forecast.linear != "auto":
        return filled
    transform = filled.config.resolved_transform
    naive = [
        features.difference <= 0 and naive_is_as_good([y], transform, features.season, forecast.horizon)
        for y in training
    ]
    linear = "naive" if all(naive) else "best" if any(naive) else "autoregression"
    naive_value = "the last value" if features.season == 1 else "the value one season before"
    linear_part = {"naive": naive_value, "autoregression": "an autoregression"}.get(
        linear, f"an autoregression, or {naive_value} for {sum(naive)} of {len(naive)} series,"
    )
    note = f"model: the network learns the difference from {linear_part} (--linear none: the values)"
    return filled.resolve("forecast", note, linear=linear)


def _fill_difference(filled: OpenOptions, training: Sequence[Numbers]) -> OpenOptions:
    features, forecast = filled.config.features, filled.config.forecast
    if features.difference >= 0:
        return filled
    if forecast.linear in ("naive", "best"):
        return filled.resolve("features", "", difference=0)
    transform = filled.config.resolved_transform
    difference = choose_difference(training, transform, features.season, forecast.horizon)
    note = f"scale: changes from {counted(difference, 'step')} before (--difference)" if difference else ""
    return filled.resolve("features", note, difference=difference)


def _fill_calendar(filled: OpenOptions, series: Sequence[Series], usual: FrequencyDefaults) -> OpenOptions:
    if filled.config.features.calendar != AUTO_CALENDAR:
        return filled
    chosen: tuple[str, ...] = ()
    if all(s.axis.frequency != ROWS and s.axis.shown != "steps" for s in series):
        longest = max((s.index[s.steps - 1] - s.index[0]).total_seconds() / DAY for s in series)
        chosen = tuple(name for name, days in usual.calendar if longest >= MIN_CYCLES * days)
    note = f"calendar: {', '.join(chosen)} (--calendar)" if chosen else ""
    return filled.resolve("features", note, calendar=chosen)


def _fill_windows(filled: OpenOptions, ends: Sequence[int]) -> OpenOptions:
    training, features, forecast = filled.config.training, filled.config.features, filled.config.forecast
    lost_steps = features.difference + max(features.lags, default=0)
    ahead = 0
    if forecast.strategy == "direct":
        ahead = forecast.horizon
    available_steps = min(end - ahead - lost_steps - (_linear_lookback(filled.config, end)) for end in ends)
    window, stride, epochs = training.window, training.stride, training.epochs
    if not window:
        usual = max(WINDOW[0], min(WINDOW[1], 2 * max(features.season, forecast.horizon)))
        window = max(1, min(usual, available_steps // 2))
    window_predictions = window * max(1, ahead) * forecast.members
    if not stride:
        stride = 1
        if training.mode == "windows":
            max_windows = max(1, TOTAL_PREDICTIONS // EPOCHS[0] // window_predictions)
            stride = max(1, min(window, sum(ends) // max_windows))
    if not epochs and not training.minutes:
        per_epoch = (
            sum(ends) // stride * window_predictions
            if training.mode == "windows"
            else sum(ends) * max(1, ahead)
        )
        epochs = max(EPOCHS[0], min(EPOCHS[1], TOTAL_PREDICTIONS // max(per_epoch, 1)))
    return filled.resolve("training", "", window=window, stride=stride, epochs=epochs)


def _linear_lookback(config: ForecasterConfig, steps: int) -> int:
    """Return the maximum number of steps that the linear part reads before its first forecast."""
    match config.forecast.linear:
        case "none":
            return 0
        case "naive":
            return config.features.season
    return max(default_order(steps, config.features.season), config.features.season)
