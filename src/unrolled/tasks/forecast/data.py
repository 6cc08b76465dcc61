"""Prepare series for the network: scaled, with calendar features, one row of numbers per step."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unrolled.data.calendar import KINDS, calendar_features
from unrolled.data.scaling import Scaling, check_positive
from unrolled.data.series import Numbers, Series
from unrolled.errors import DataError
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.linear_part import LinearPart


@dataclass(frozen=True)
class Scales:
    """Scales of every series and covariate, fitted on the training part.

    Raises:
        ValueError: if a number is not finite, or a width is not positive.
    """

    series: dict[str, Scaling]
    covariates: dict[str, tuple[float, float]]
    """(centre, width) of each covariate, over all series."""

    def __post_init__(self) -> None:
        spans = [*self.covariates.values(), *((s.centre, s.width) for s in self.series.values())]
        if not all(math.isfinite(centre) and 0 < width < math.inf for centre, width in spans):
            raise ValueError("a scale is not a finite centre and a width above 0")

    def to_json(self) -> dict[str, Any]:
        """Return the values for JSON, from which msgspec can rebuild this object."""
        return asdict(self)


def fit_scales(series: Sequence[Series], ends: Sequence[int], config: ForecasterConfig) -> Scales:
    """Fit the scales on the first ``ends[i]`` steps of series i.

    Raises:
        DataError: if a value has no logarithm or square root, or a training part is too short.
    """
    features, transform, scalings = config.features, config.resolved_transform, {}
    for s, end in zip(series, ends, strict=True):
        check_positive(s.target, transform, f"series {s.name!r}")
        if end <= features.difference + 1:
            raise DataError(
                f"series {s.name!r}: {end} training steps are too few for difference={features.difference}"
            )
        scalings[s.name] = Scaling.fit(s.target[:end], transform, features.difference, features.scale)
    covariates = {}
    for kind, names in (("known", config.columns.known), ("past", config.columns.past)):
        for column, name in enumerate(names):
            values = np.concatenate([getattr(s, kind)[:e, column] for s, e in zip(series, ends, strict=True)])
            covariates[name] = (float(values.mean()), float(values.std()) or 1.0)
    return Scales(scalings, covariates)


@dataclass(frozen=True, eq=False)
class PreparedSeries:
    """A series as inputs x_t and targets of the network, in scaled units z.

    recursive: x_t = (z_{t−1}, known_t) with target z_t. direct: x_t = (z_t, past_t, known_t) with targets
    z_{t+1} … z_{t+H}, NaN beyond the end of the series.
    """

    series: Series
    scaling: Scaling
    inputs: Numbers
    """(rows, I)"""
    targets: Numbers
    """(T,) or (T, H)"""
    known: Numbers
    """(N, K): calendar features and covariates known in advance, as far as they are known."""
    first: int
    """First row without missing numbers."""
    recursive: bool
    linear_part: LinearPart | None = None
    """Linear part. If set, the targets and the inputs of a recursive network are its residuals."""
    linear_forecasts: Numbers | None = None
    """(T, H), forecasts of the linear part at each row; only for direct forecasts."""

    def to_data_units(self, z: Numbers, origin: int) -> Numbers:
        """Convert forecasts of the network (…, H) from ``origin`` on to data units."""
        target, part = self.series.target, self.linear_part
        if part is not None and self.linear_forecasts is not None:
            z = self.linear_forecasts[origin - 1, : z.shape[-1]] + part.spread * z
        elif part is not None:
            d = self.scaling.difference
            z = part.path(self.scaling.apply(target[origin - part.order - d : origin])[d:], z)
        return self.scaling.invert(z, target[:origin], cumulative=self.recursive)

    def end_of_input(self, origin: int) -> int:
        """Return the end of the rows that a forecast may read if its first step is ``origin``."""
        return origin + 1 if self.recursive else origin

    def known_from(self, origin: int, horizon: int) -> Numbers:
        """Return the known features (H, K) of the steps from ``origin`` on.

        Raises:
            DataError: if known covariates are missing for some of these steps.
        """
        if len(self.known) < origin + horizon:
            raise DataError(
                f"series {self.series.name!r}: forecasting {horizon} steps needs the known covariates "
                f"up to step {origin + horizon}, but the table has them only up to step {len(self.known)}; "
                "add rows with an empty target"
            )
        return self.known[origin : origin + horizon]


def prepare(series: Series, scales: Scales, config: ForecasterConfig, ahead: int) -> PreparedSeries:
    """Scale a series and add calendar features, for ``ahead`` steps beyond its end too.

    Raises:
        DataError: if the series is too short, or was not in training, so that its scale is unknown.
    """
    if series.name not in scales.series:
        raise DataError(
            f"series {series.name!r}: was not in training, so its scale is unknown; known series: "
            f"{', '.join(list(scales.series)[:8])}"
        )
    lost = config.features.difference + max(config.features.lags, default=0)
    if series.steps <= lost:
        raise DataError(
            f"series {series.name!r}: {series.steps} steps are too few: differences and lags of the model "
            f"reach {lost} steps back"
        )
    check_positive(series.target, config.resolved_transform, f"series {series.name!r}")
    scaling = scales.series[series.name]
    z = scaling.apply(series.target)
    known = _known_features(series, scales, config, ahead)
    lags = config.features.lags
    known = np.concatenate([known, *(_lagged(z, lag, len(known)) for lag in lags)], axis=1)
    past = _scale_covariates(series.past, config.columns.past, scales)
    difference, horizon = config.features.difference, config.forecast.horizon
    if config.forecast.strategy == "recursive":
        previous = np.concatenate([[np.nan], z])[: len(known)]
        inputs = np.concatenate([previous[:, None], known[: len(previous)]], axis=1)
        return PreparedSeries(series, scaling, inputs, z, known, difference + max((1, *lags)), True)
    inputs = np.concatenate([z[:, None], past, known[: len(z)]], axis=1)
    targets = scaling.direct_targets(series.target, horizon)
    return PreparedSeries(series, scaling, inputs, targets, known, difference + max((0, *lags)), False)


def known_size(config: ForecasterConfig) -> int:
    """Return K, the number of features of a step that are known in advance."""
    calendar = sum(KINDS[name] for name in config.features.calendar)
    return calendar + len(config.columns.known) + len(config.features.lags)


def _known_features(series: Series, scales: Scales, config: ForecasterConfig, ahead: int) -> Numbers:
    end = len(series.index) if config.columns.known else series.steps + ahead
    features = calendar_features(series.stamps(end), config.features.calendar)
    if not config.columns.known:
        return features
    return np.concatenate([features, _scale_covariates(series.known, config.columns.known, scales)], axis=1)


def _lagged(z: Numbers, lag: int, rows: int) -> Numbers:
    """Return z_(t−lag) for t = 0 … rows − 1, shape (rows, 1); NaN if there is none."""
    return np.concatenate([np.full(lag, np.nan), z, np.full(rows, np.nan)])[:rows, None]


def _scale_covariates(values: Numbers, names: Sequence[str], scales: Scales) -> Numbers:
    if not names:
        return np.empty((len(values), 0))
    centre, width = np.array([scales.covariates[name] for name in names]).T
    return np.asarray((values - centre) / width)
