"""Series cut in time: what is learnt from, what is held out, and the test part."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unrolled.data.series import Series
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.tasks.forecast.artifacts import ForecasterArtifacts, SeriesArtifacts
from unrolled.tasks.forecast.baselines import fit_autoregression
from unrolled.tasks.forecast.config import ForecasterConfig, SeriesConfig
from unrolled.tasks.forecast.data import Scales, prepare
from unrolled.tasks.forecast.job import Split
from unrolled.tasks.forecast.metrics import naive_error
from unrolled.tasks.forecast.score import brief

with extra("forecast", "a forecaster"):
    import pandas as pd

SEASONS = {"Q": 4, "M": 12, "B": 5}
"""Steps of the usual season of what is no fixed time, by the first letter of the frequency; of years 1."""


@dataclass(frozen=True)
class SeriesParts:
    """Every series and where its parts end, what was learned from them, and facts for the report."""

    splits: list[Split]
    learned: ForecasterArtifacts
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def cut(s: Series, config: SeriesConfig) -> tuple[int, int]:
    """Return where the training part and the held-out part of a series end.

    Raises:
        DataError: if the test part would be empty or everything.
    """
    end = s.steps
    if config.test_start:
        end = int((s.index[: s.steps] < time_stamp(config.test_start)).sum())
        if not 0 < end < s.steps:
            raise DataError(
                f"test_start={config.test_start!r}: must lie within the series {s.name!r}, which runs from "
                f"{brief(s.index[0])} to {brief(s.index[s.steps - 1])}"
            )
    return end - int(end * config.valid_fraction), end


def divide(series: Sequence[Series], scales: Scales, config: ForecasterConfig) -> SeriesParts:
    """Bring every series on the scale of the network and say what was found."""
    season = config.features.season or usual_season(series[0])
    ends = [cut(s, config.data) for s in series]
    splits = [
        Split(prepare(s, scales, config, 0), train, valid)
        for s, (train, valid) in zip(series, ends, strict=True)
    ]
    learned = {
        split.series.series.name: SeriesArtifacts(
            learnt_until=str(split.series.series.index[split.valid - 1]),
            mase_scale=_mase_scale(split.series.series, split.valid, season),
            autoregression=fit_autoregression(split.series, split.train, season),
        )
        for split in splits
    }
    sha256 = _fingerprint(series)
    facts = {"sha256": sha256, "held_out_sha256": sha256, "season": season}
    facts["series"] = {
        s.name: {
            "steps": s.steps,
            "frequency": s.index.freqstr or "rows",
            "first": brief(s.index[0]),
            "last": brief(s.index[s.steps - 1]),
            "train": train,
            "valid": valid - train,
            "test": s.steps - valid,
            **asdict(learned[s.name]),
            "notes": s.notes.describe(config.rules),
        }
        for s, (train, valid) in zip(series, ends, strict=True)
    }
    return SeriesParts(splits, ForecasterArtifacts(scales, season, learned), facts)


def usual_season(s: Series) -> int:
    """Return the steps of the usual season of a series' frequency: of a year, a week or a day."""
    freq = s.index.freq
    if freq is None:
        return 1
    months = getattr(freq, "kwds", {}).get("months")
    if months:
        return max(1, 12 // months)
    try:
        step = pd.Timedelta(freq)
    except ValueError:  # months and the like are no fixed time
        return SEASONS.get(freq.freqstr.lstrip("0123456789")[:1], 1)
    day = pd.Timedelta("1D")
    if step < day:
        return int(day / step) if day % step == pd.Timedelta(0) else 1
    return {day: 7, 7 * day: 52}.get(step, 1)


def time_stamp(text: Any) -> pd.Timestamp:
    """Return a time stamp; ConfigError if it is none."""
    try:
        return pd.Timestamp(text)
    except ValueError as error:
        raise ConfigError(f"{text!r}: is not a time stamp ({error}); write it as 2003-12-31") from None


def _mase_scale(s: Series, end: int, season: int) -> float | None:
    """Return the error of the seasonal naive forecast before the test; None where there is none."""
    value = naive_error(s.target[:end], season)
    return value if np.isfinite(value) and value > 0 else None


def _fingerprint(series: Sequence[Series]) -> str:
    found = hashlib.sha256()
    for s in series:
        for part in (s.index.asi8, s.target, s.known, s.past):
            found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()
