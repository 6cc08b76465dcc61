"""What a forecaster needs to be built again, and to score forecasts."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from unrolled.extras import extra
from unrolled.reading import MalformedError
from unrolled.tasks.base.artifacts import Artifacts, Positive, Stored, artifact_values
from unrolled.tasks.forecast.data import Scales
from unrolled.tasks.forecast.linear_part import LinearPart
from unrolled.training.files import read_json_as

SCALES = "scales.json"


@dataclass(frozen=True)
class FittedAutoregression:
    """A baseline fitted to the training part, on the scale of the network."""

    intercept: float
    coefficients: list[float]


@dataclass(frozen=True)
class SeriesArtifacts:
    """What the part of a series before the test says."""

    learnt_until: str
    """Time stamp, or number, of the last step before the test part."""
    mase_scale: float | None
    """Error of the seasonal naive forecast; None where there is none."""
    autoregression: FittedAutoregression | None = None
    fitted_until: str = ""
    """Time stamp of the last step before the held-out part; "" where nothing was held out."""
    linear: LinearPart | None = None
    """None where the network learns the targets themselves."""

    def __post_init__(self) -> None:
        with extra("forecast", "a forecaster"):
            import pandas as pd

        for stamp in filter(None, (self.learnt_until, self.fitted_until)):
            if not stamp.isdecimal() and pd.isna(pd.Timestamp(stamp)):
                raise ValueError("learnt_until or fitted_until is not a time stamp")


class _Values(msgspec.Struct):
    season: Positive
    series: dict[str, SeriesArtifacts]


@dataclass(frozen=True)
class ForecasterArtifacts(Artifacts):
    """The scales of the series, and what their training parts say for scores and baselines."""

    scales: Scales
    season: int
    """Steps."""
    series: dict[str, SeriesArtifacts]
    """By name."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        series = {name: asdict(learned) for name, learned in self.series.items()}
        return Stored({"season": self.season, "series": series}, {SCALES: self.scales.to_json()})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        known = artifact_values(values, _Values)
        scales = read_json_as(folder / SCALES, Scales)
        if scales.series.keys() != known.series.keys():
            raise MalformedError(f"{SCALES} and config.json are of different series")
        return cls(scales, known.season, known.series)

    def check(self, config: Any) -> None:
        """See :meth:`Artifacts.check`."""
        features = config.features
        for s in self.scales.series.values():
            if (s.difference, s.transform) != (features.difference, features.transform):
                raise MalformedError(f"{SCALES} and config.json have another difference or transform")
