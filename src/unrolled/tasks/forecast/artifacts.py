"""Artifacts of a forecaster, for rebuilding it and for scoring its forecasts."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from unrolled.extras import extra
from unrolled.reading import MalformedError
from unrolled.short_repr import short_repr
from unrolled.tasks.base.artifacts import Artifacts, Positive, Stored, parse_artifact_values
from unrolled.tasks.forecast.data import Scales
from unrolled.tasks.forecast.linear_part import LinearPart
from unrolled.training.tensor_files import read_json_as

SCALES = "scales.json"


@short_repr
@dataclass(frozen=True)
class FittedAutoregression:
    """Coefficients of an autoregression fitted to the training part, in scaled units."""

    intercept: float
    coefficients: list[float]


@short_repr
@dataclass(frozen=True)
class SeriesArtifacts:
    """Values computed from the part of a series before the test part."""

    learnt_until: str
    """Time stamp or number of the last step before the test part."""
    mase_scale: float | None
    """Mean error of the seasonal naive forecast before the test part, the unit of MASE; None if undefined."""
    autoregression: FittedAutoregression | None = None
    fitted_until: str = ""
    """Time stamp of the last step before the held-out part; "" if nothing was held out."""
    linear: LinearPart | None = None
    """Linear part of the forecast; None if the network learns the targets themselves."""

    def __post_init__(self) -> None:
        with extra("forecast", "a forecaster"):
            import pandas as pd

        for stamp in filter(None, (self.learnt_until, self.fitted_until)):
            if not stamp.isdecimal() and pd.isna(pd.Timestamp(stamp)):
                raise ValueError("learnt_until or fitted_until is not a time stamp")


class _Values(msgspec.Struct):
    season: Positive
    series: dict[str, SeriesArtifacts]


@short_repr
@dataclass(frozen=True)
class ForecasterArtifacts(Artifacts):
    """Scales of the series, and values from before the test part for scores and baselines."""

    scales: Scales
    season: int
    """Length of a season, in steps."""
    series: dict[str, SeriesArtifacts]
    """Artifacts of each series, by its name."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        series = {name: asdict(artifacts) for name, artifacts in self.series.items()}
        return Stored({"season": self.season, "series": series}, {SCALES: self.scales.to_json()})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        stored = parse_artifact_values(values, _Values)
        scales = read_json_as(folder / SCALES, Scales)
        if scales.series.keys() != stored.series.keys():
            raise MalformedError(f"{SCALES} and config.json have different series")
        return cls(scales, stored.season, stored.series)

    def check(self, config: Any) -> None:
        """See :meth:`Artifacts.check`."""
        features = config.features
        for s in self.scales.series.values():
            if (s.difference, s.transform) != (features.difference, features.transform):
                raise MalformedError(f"{SCALES} and config.json have a different difference or transform")
