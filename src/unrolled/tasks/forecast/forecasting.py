"""Use of a trained forecaster, with torch or in the native runtime: forecasts of the future."""

import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from unrolled.data.series import Series
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.extras import extra
from unrolled.tasks.forecast.beyond_horizon import forecast_far
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries, prepare
from unrolled.tasks.forecast.intervals import intervals_of
from unrolled.tasks.forecast.linear import with_linear
from unrolled.tasks.forecast.notes import LEFT_OUT_KEY, drop_left_out, left_out_notes, series_notes
from unrolled.tasks.forecast.rolling import ForecastNetwork, Forecasts, forecast

if TYPE_CHECKING:
    import pandas as pd

    from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
    from unrolled.tasks.forecast.task import Source


class Forecasting(ABC):
    """The methods of a forecaster that use trained networks."""

    config: ForecasterConfig
    data_info: dict[str, Any]
    result: dict[str, Any]

    if TYPE_CHECKING:

        @property
        def artifacts(self) -> ForecasterArtifacts:
            """The scales of the series, and what was computed from them."""

    @abstractmethod
    def _network(self) -> ForecastNetwork:
        """Return the trained networks."""

    def predict(
        self,
        horizon: int | None = None,
        *,
        data: "Source | None" = None,
        samples: int = 0,
        seed: int = 0,
    ) -> "pd.DataFrame":
        """Forecast the steps after the end of the series.

        Args:
            horizon: number of steps; None takes the configuration's. Beyond that, a direct forecaster with
                point forecasts continues from its own forecasts; with quantiles or distributions it cannot.
            data: the series up to the present, in the form of the training data; None takes the series that
                the model was trained on, including their test part. Covariates known in advance are given in
                rows at the end with an empty target.
            samples: return this many sampled paths, columns "path 0", …, instead of their summary.
            seed: seed of the paths. The paths of a seed differ between torch and the native runtime.

        Returns:
            A row for each step, indexed by time (by 1, 2, … if the frequency is "rows"). Columns: series, if
            there are several; prediction (the network's forecast, or the median); mean, for distributions;
            quantiles ("q0.1"), which for point forecasts come from the errors on the held-out or test part.
            ``attrs["notes"]`` describes problems in the rows and how they were handled.

        Raises:
            DataError: if the series cannot be used, or covariates known in advance are missing.
            ConfigError: if the model cannot forecast that far, or ``samples`` is given and it has no paths.
        """
        with extra("forecast", "a forecaster"):
            import pandas as pd

        from unrolled.tasks.forecast.score import forecast_table

        network = self._network()
        steps = self.config.steps_after_the_end(horizon)
        check_samples(self.config, samples)
        frames = []
        series = self._get_series(data)
        for s in series:
            forecasts = self._add_intervals(s, self._forecast_from_end(network, s, steps, samples, seed))
            frame = forecast_table(s, forecasts, self.config.forecast.quantiles, paths=samples > 0)
            if len(series) > 1:
                frame.insert(0, "series", s.name)
            frames.append(frame)
        result = pd.concat(frames)
        data_notes = [note for s in series for note in series_notes(s, self.config.rules)]
        result.attrs["notes"] = [*left_out_notes(self.data_info.get(LEFT_OUT_KEY, ())), *data_notes]
        return result

    def predict_file(self, data: str | Path, out: TextIO) -> None:
        """Write forecasts of the steps after the end of a table as CSV; print notes on standard error.

        An empty ``data`` takes the series that the model was trained on.
        """
        forecasts = self.predict(data=data or None)
        for note in forecasts.attrs["notes"]:
            print(note, file=sys.stderr)
        forecasts.to_csv(out)

    def _get_series(self, data: "Source | None") -> list[Series]:
        """Return the series of a source; None means those that the model was trained on.

        Raises:
            DataError: if the series cannot be used, or the training data have changed.
            RunError: if the training data were in memory.
        """
        if data is not None:
            return self._read(data)
        if not self.config.data.data:
            raise RunError("this model was trained on data from memory, which are gone; give data=FILE")
        series = self._read(self.config.data.data)
        for s in series:
            steps = self.data_info["series"].get(s.name, {}).get("steps", s.steps)
            if s.steps != steps:
                raise DataError(
                    f"{self.config.data.data}: series {s.name!r} has {s.steps:,} steps and had {steps:,} in "
                    "training; to forecast from its current end, give it as data"
                )
        return series

    def _read(self, source: "Source") -> list[Series]:
        from unrolled.data.series_tables import read_series_list

        series = read_series_list(source, self.config.columns, self.config.rules, self.config.table)
        return drop_left_out(series, self.data_info.get(LEFT_OUT_KEY, ()))

    def _prepare(self, s: Series, ahead: int = 0) -> PreparedSeries:
        """Prepare a series for the network, with the known features of ``ahead`` steps beyond its end."""
        p = prepare(s, self.artifacts.scales, self.config, ahead)
        return with_linear(p, self.artifacts.series[s.name].linear)

    def _forecast_from_end(
        self, network: ForecastNetwork, s: Series, steps: int, samples: int = 0, seed: int = 0
    ) -> Forecasts:
        """Forecast the steps after the end of a series, without the intervals of point forecasts.

        Args:
            network: trained networks.
            s: the series.
            steps: number of steps; see :meth:`ForecasterConfig.steps_after_the_end`.
            samples: number of paths to sample from a distribution; 0 takes the configuration's.
            seed: seed of the paths.
        """
        horizon = self.config.forecast.horizon
        if steps > horizon and self.config.forecast.strategy == "direct":
            [far] = forecast_far(
                [s], steps, horizon, lambda series, k: [self._forecast_from_end(network, series[0], k)]
            )
            return far
        p = self._prepare(s, steps)
        return forecast(network, p, [s.steps], steps, self.config, samples=samples, seed=seed)

    def _add_intervals(self, s: Series, forecasts: Forecasts) -> Forecasts:
        """Add the intervals from ``result.json`` to point forecasts, if there are any."""
        intervals = intervals_of(self.result, s.name)
        return intervals.around(forecasts) if intervals and forecasts.quantiles is None else forecasts


def check_samples(config: ForecasterConfig, samples: int) -> None:
    """Raise ConfigError if paths are asked for and the model has none."""
    if samples and not config.forecast.build().sampled:
        raise ConfigError("samples: only output='gaussian' and 'student-t' have paths to sample")
    if samples and config.forecast.strategy == "direct":
        raise ConfigError(
            "samples: strategy='direct' gives each step its own distribution, not paths; use "
            "strategy='recursive'"
        )
