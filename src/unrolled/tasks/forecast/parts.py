"""Split series in time into training, held-out and test parts."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from unrolled.data.series import Series
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.forecast.artifacts import FittedAutoregression, ForecasterArtifacts, SeriesArtifacts
from unrolled.tasks.forecast.baselines import fit_autoregression
from unrolled.tasks.forecast.config import ForecasterConfig, SeriesConfig
from unrolled.tasks.forecast.data import Scales, prepare
from unrolled.tasks.forecast.linear import fit_spread, with_linear
from unrolled.tasks.forecast.linear_part import LinearPart, naive_part
from unrolled.tasks.forecast.metrics import naive_error
from unrolled.tasks.forecast.scale_choice import naive_is_as_good
from unrolled.tasks.forecast.score import format_stamp
from unrolled.tasks.forecast.split import Split


@dataclass(frozen=True)
class SeriesParts:
    """All series with the ends of their parts, the artifacts, and facts for the report."""

    splits: list[Split]
    artifacts: ForecasterArtifacts
    data_info: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`TaskData`."""


def steps_before_test(s: Series, config: SeriesConfig) -> int:
    """Return the number of steps before the test part of a series.

    Raises:
        DataError: if the test part would be empty or the whole series.
    """
    end = s.steps
    if config.test_start:
        end = steps_before(s, config.test_start)
        if not 0 < end < s.steps:
            raise DataError(
                f"test_start={config.test_start!r}: must lie within the series {s.name!r}, which runs from "
                f"{format_stamp(s.index[0])} to {format_stamp(s.index[s.steps - 1])}"
            )
    return end


def split_points(s: Series, config: SeriesConfig, horizon: int) -> tuple[int, int]:
    """Return the ends of the training part and of the held-out part of a series.

    The held-out part is ``valid_fraction`` of the steps before the test, at least one horizon unless it is 0.

    Raises:
        DataError: if the test part would be empty or the whole series, or the training part empty.
    """
    end = steps_before_test(s, config)
    held_out = held_out_steps(end, config, horizon)
    if held_out and held_out >= end:
        smaller = "take a smaller horizon, or " if horizon > 1 else ""
        raise DataError(
            f"series {s.name!r}: {end} {'step is' if end == 1 else 'steps are'} too few to hold out one "
            f"horizon of {horizon} and train on the others; {smaller}hold out nothing: valid_fraction=0"
        )
    return end - held_out, end


def held_out_steps(end: int, config: SeriesConfig, horizon: int) -> int:
    """Return the number of held-out steps among the ``end`` steps before the test part."""
    return max(int(end * config.valid_fraction), horizon) if config.valid_fraction else 0


def split_series(series: Sequence[Series], scales: Scales, config: ForecasterConfig) -> SeriesParts:
    """Scale and split every series, and compute the artifacts and the facts for the report."""
    season = config.features.season or series[0].axis.season
    ends = [split_points(s, config.data, config.forecast.horizon) for s in series]
    unadjusted = [
        Split(prepare(s, scales, config, 0), train, valid)
        for s, (train, valid) in zip(series, ends, strict=True)
    ]
    artifacts = {split.series.series.name: _compute_artifacts(split, season, config) for split in unadjusted}
    splits = [
        replace(s, series=with_linear(s.series, artifacts[s.series.series.name].linear)) for s in unadjusted
    ]
    sha256 = _fingerprint(series)
    data_info = {"sha256": sha256, "held_out_sha256": sha256, "season": season}
    data_info["series"] = {
        s.name: {
            "steps": s.steps,
            "frequency": s.axis.frequency,
            "first": format_stamp(s.index[0]),
            "last": format_stamp(s.index[s.steps - 1]),
            "train": train,
            "valid": valid - train,
            "test": s.steps - valid,
            **asdict(artifacts[s.name]),
            "notes": s.notes.describe(config.rules),
        }
        for s, (train, valid) in zip(series, ends, strict=True)
    }
    return SeriesParts(splits, ForecasterArtifacts(scales, season, artifacts), data_info)


def _compute_artifacts(split: Split, season: int, config: ForecasterConfig) -> SeriesArtifacts:
    p, fitted = split.series, fit_autoregression(split.series, split.train_end, season)
    linear = None
    if config.forecast.linear != "none":
        linear = fit_spread(p, _choose_linear_part(split, fitted, season, config), split.train_end)
    return SeriesArtifacts(
        learnt_until=str(p.series.index[split.valid_end - 1]),
        mase_scale=_mase_scale(p.series, split.valid_end, season),
        autoregression=fitted,
        fitted_until=str(p.series.index[split.train_end - 1]) if split.train_end < split.valid_end else "",
        linear=linear,
    )


def _choose_linear_part(
    split: Split, fitted: FittedAutoregression | None, season: int, config: ForecasterConfig
) -> LinearPart:
    if fitted is None:  # the series is too short for an autoregression
        return naive_part(season if config.forecast.linear == "naive" else 1)
    training, horizon = split.series.series.target[: split.train_end], config.forecast.horizon
    if config.forecast.linear == "naive" or (
        config.forecast.linear == "best"
        and naive_is_as_good([training], config.resolved_transform, season, horizon)
    ):
        return naive_part(season)
    return LinearPart(fitted.intercept, fitted.coefficients)


def steps_before(s: Series, stamp: Any) -> int:
    """Return the number of observed steps before a time stamp.

    Raises:
        ConfigError: if it is not a time stamp.
    """
    try:
        return s.steps_before(stamp)
    except ValueError as error:
        example = "119" if s.axis.shown == "steps" else "2003-12-31"
        raise ConfigError(f"{stamp!r}: is not a time stamp ({error}); write it as {example}") from None


def _mase_scale(s: Series, end: int, season: int) -> float | None:
    """Return the error of the seasonal naive forecast before the test; None if undefined or 0."""
    value = naive_error(s.target[:end], season)
    return value if np.isfinite(value) and value > 0 else None


def _fingerprint(series: Sequence[Series]) -> str:
    digest = hashlib.sha256()
    for s in series:
        for part in (s.index.to_numpy(), s.target, s.known, s.past):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
