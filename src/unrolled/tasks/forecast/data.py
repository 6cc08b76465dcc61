"""Series as the network reads them: scaled, with calendar features, in rows of numbers a step."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unrolled.data.calendar import calendar_features
from unrolled.data.scaling import Scaling, check_positive
from unrolled.data.series import Numbers, Series
from unrolled.errors import DataError
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.linear_part import LinearPart


@dataclass(frozen=True)
class Scales:
    """What the training part says of every series and covariate.

    Raises:
        ValueError: if a number is not finite, or a width is not positive.
    """

    series: dict[str, Scaling]
    covariates: dict[str, tuple[float, float]]
    """Centre and width of each, over all series."""

    def __post_init__(self) -> None:
        spans = [*self.covariates.values(), *((s.centre, s.width) for s in self.series.values())]
        if not all(math.isfinite(centre) and 0 < width < math.inf for centre, width in spans):
            raise ValueError("a scale is not a finite centre and a width above 0")

    def to_json(self) -> dict[str, Any]:
        """Return the values for JSON, from which msgspec makes this type again."""
        return asdict(self)


def fit_scales(series: Sequence[Series], ends: Sequence[int], config: ForecasterConfig) -> Scales:
    """Fit every scale on the first ``ends[i]`` steps of series i.

    Raises:
        DataError: if a value has no logarithm or root, or a training part is too short.
    """
    f, transform, found = config.features, config.settled_transform, {}
    for s, end in zip(series, ends, strict=True):
        check_positive(s.target, transform, f"series {s.name!r}")
        if end <= f.difference + 1:
            raise DataError(
                f"series {s.name!r}: {end} steps to learn from are too few for difference={f.difference}"
            )
        found[s.name] = Scaling.fit(s.target[:end], transform, f.difference, f.scale)
    covariates = {}
    for kind, names in (("known", config.columns.known), ("past", config.columns.past)):
        for place, name in enumerate(names):
            values = np.concatenate([getattr(s, kind)[:e, place] for s, e in zip(series, ends, strict=True)])
            covariates[name] = (float(values.mean()), float(values.std()) or 1.0)
    return Scales(found, covariates)


@dataclass(frozen=True, eq=False)
class PreparedSeries:
    """A series in rows of numbers: row t is x_t of the model, target t what is to be said at row t.

    recursive: x_t = (z_{t−1}, known_t) with target z_t. direct: x_t = (z_t, past_t, known_t) with targets
    z_{t+1} … z_{t+H}, NaN where they lie beyond the series.
    """

    series: Series
    scaling: Scaling
    inputs: Numbers
    """(rows, I)"""
    targets: Numbers
    """(T,) or (T, H)"""
    known: Numbers
    """(N, K): calendar and covariates known ahead, as far as they are."""
    first: int
    """First row whose numbers are all there."""
    recursive: bool
    part: LinearPart | None = None
    """The targets, and what a recursive network reads, are what it leaves over."""
    linear: Numbers | None = None
    """(T, H), of a direct series: what the part says at each row."""

    def values(self, z: Numbers, origin: int) -> Numbers:
        """Return what the network says (…, H) of the steps from ``origin`` on, on the scale of the data."""
        target, part = self.series.target, self.part
        if part is not None and self.linear is not None:
            z = self.linear[origin - 1, : z.shape[-1]] + part.spread * z
        elif part is not None:
            d = self.scaling.difference
            z = part.path(self.scaling.apply(target[origin - part.order - d : origin])[d:], z)
        return self.scaling.invert(z, target[:origin], cumulative=self.recursive)

    def rows_before(self, origin: int) -> int:
        """Return the end of the rows that a forecast whose first step is ``origin`` may read."""
        return origin + 1 if self.recursive else origin

    def known_from(self, origin: int, horizon: int) -> Numbers:
        """Return known (H, K) of the steps from ``origin`` on.

        Raises:
            DataError: if they are not known so far.
        """
        if len(self.known) < origin + horizon:
            raise DataError(
                f"series {self.series.name!r}: forecasting {horizon} steps needs the known covariates "
                f"up to step {origin + horizon}, the table has them up to step {len(self.known)}; add rows "
                "with an empty target"
            )
        return self.known[origin : origin + horizon]


def prepare(series: Series, scales: Scales, config: ForecasterConfig, ahead: int) -> PreparedSeries:
    """Bring a series on the scale of the network, with calendar features ``ahead`` steps beyond its end.

    Raises:
        DataError: if the series was not in training, so that its scale is not known, or is too short.
    """
    if series.name not in scales.series:
        raise DataError(
            f"series {series.name!r}: was not in training, its scale is not known; there are "
            f"{', '.join(list(scales.series)[:8])}"
        )
    lost = config.features.difference + max(config.features.lags, default=0)
    if series.steps <= lost:
        raise DataError(
            f"series {series.name!r}: {series.steps} steps are too few: differences and lags of the model "
            f"reach {lost} steps back"
        )
    check_positive(series.target, config.settled_transform, f"series {series.name!r}")
    scaling = scales.series[series.name]
    z = scaling.apply(series.target)
    known = _known(series, scales, config, ahead)
    lags = config.features.lags
    known = np.concatenate([known, *(_lagged(z, lag, len(known)) for lag in lags)], axis=1)
    past = _standard(series.past, config.columns.past, scales)
    d, horizon = config.features.difference, config.forecast.horizon
    if config.forecast.strategy == "recursive":
        before = np.concatenate([[np.nan], z])[: len(known)]
        inputs = np.concatenate([before[:, None], known[: len(before)]], axis=1)
        return PreparedSeries(series, scaling, inputs, z, known, d + max((1, *lags)), True)
    inputs = np.concatenate([z[:, None], past, known[: len(z)]], axis=1)
    targets = scaling.direct_targets(series.target, horizon)
    return PreparedSeries(series, scaling, inputs, targets, known, d + max((0, *lags)), False)


def _known(series: Series, scales: Scales, config: ForecasterConfig, ahead: int) -> Numbers:
    end = len(series.index) if config.columns.known else series.steps + ahead
    features = calendar_features(series.stamps(end), config.features.calendar)
    if not config.columns.known:
        return features
    return np.concatenate([features, _standard(series.known, config.columns.known, scales)], axis=1)


def _lagged(z: Numbers, lag: int, rows: int) -> Numbers:
    """Return z_(t−lag) of the steps t = 0 … rows − 1, (rows, 1); NaN where there is none."""
    return np.concatenate([np.full(lag, np.nan), z, np.full(rows, np.nan)])[:rows, None]


def _standard(values: Numbers, names: Sequence[str], scales: Scales) -> Numbers:
    if not names:
        return np.empty((len(values), 0))
    centre, width = np.array([scales.covariates[name] for name in names]).T
    return np.asarray((values - centre) / width)
