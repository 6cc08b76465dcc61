"""The series that a request sends, checked and cut to the steps that the forecast depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unrolled.config import require
from unrolled.data.series import Numbers, Series
from unrolled.data.series.gaps import fill
from unrolled.errors import ConfigError, DataError, RunError, suggestion
from unrolled.extras import extra
from unrolled.tasks.base.service import Limits
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import known_size
from unrolled.tasks.forecast.forecasting import check_samples
from unrolled.tasks.forecast.history import History
from unrolled.tasks.forecast.lookback import fewest_steps, steps_read
from unrolled.tasks.forecast.notes import series_notes
from unrolled.tasks.forecast.runtime import ForecasterRuntime
from unrolled.tasks.forecast.service.messages import ForecastRequest, ReadRequest, Value
from unrolled.tasks.forecast.service.times import times_from, trained_axis

MOST_PREPARED = 20_000_000
"""Maximum number of floats of one prepared series."""


@dataclass(frozen=True)
class SeriesRequests:
    """Series of requests to one model.

    Args:
        runtime: the model.
        limits: limits on one request.
    """

    runtime: ForecasterRuntime
    limits: Limits

    @property
    def _config(self) -> ForecasterConfig:
        return self.runtime.config

    @property
    def names(self) -> list[str]:
        """Names of the series of the training."""
        return list(self.runtime.artifacts.series)

    def facts(self, name: str) -> Mapping[str, Any]:
        """Return the facts of the training about a series.

        Raises:
            RunError: if they are missing.
        """
        facts = self.runtime.data_info.get("series", {}).get(name, {})
        if not {"first", "last", "steps", "frequency"} <= facts.keys():
            raise RunError(f"config.json: has no facts about the series {name!r}; train the model again")
        return facts

    def steps(self, horizon: int | None) -> int:
        """Return the number of steps to forecast.

        Raises:
            ConfigError: if the model cannot forecast that far, or the server does not.
        """
        steps = self._config.steps_after_the_end(horizon)
        require(
            steps <= self.limits.steps,
            f"horizon={steps}: this server forecasts at most {self.limits.steps:,} steps",
        )
        return steps

    def samples(self, samples: int, steps: int) -> int:
        """Return the number of paths to sample: at least the configuration's, or 0 for the configuration's.

        Raises:
            ConfigError: if the model has no paths, or they are too many.
        """
        most = self.limits.characters
        check_samples(self._config, samples)
        require(
            samples * steps <= most,
            f"samples={samples}: paths of {steps:,} steps would be more than {most:,} numbers; ask for fewer",
        )
        return max(samples, self._config.forecast.samples) if samples else 0

    def name(self, name: str) -> str:
        """Return the name of a series of the training; "" is the only one."""
        names = self.names
        shown = ", ".join(map(repr, names[:8]))
        if not name:
            require(len(names) == 1, f"series: is missing; the model was trained on {len(names)}: {shown}")
            return names[0]
        if name not in self.runtime.artifacts.series:
            raise DataError(
                f"series={name!r:.100}: is not one of this model{suggestion(name, names)}; it has {shown}"
            )
        return name

    def read(self, request: ForecastRequest) -> Series:
        """Return the series of a request, as its values or its rows give it."""
        steps = self.steps(request.horizon)
        if not request.rows:
            return self.make(request, steps)
        if request.values or request.start or request.known or request.past:
            raise ConfigError("rows: contain the whole series; leave out values, start, known and past")
        return self._from_rows(request, steps)

    def make(self, request: ForecastRequest | ReadRequest, ahead: int) -> Series:
        """Return the series of the values of a request, and the known covariates of ``ahead`` more steps.

        Raises:
            ConfigError: for a wrong name, time or column.
            DataError: for values that the model cannot read.
        """
        name, count = self.name(request.series), len(request.values)
        self._check_length(name, count, "values")
        axis = trained_axis(self.facts(name), self.runtime.artifacts.season)
        times = times_from(request.start, count + ahead, axis, self._config)
        columns = self._config.columns
        index = times.axis.at(times.index, np.arange(count + (ahead if columns.known else 0)))
        return Series(
            name,
            index,
            self.numbers(request.values),
            read_columns(request.known, "known", columns.known, count + ahead),
            read_columns(request.past, "past", columns.past, count),
            axis=times.axis,
        )

    def cut(self, series: Series, ahead: int) -> Series:
        """Return the last steps of a series, those that a forecast of ``ahead`` steps depends on."""
        read = steps_read(self._config, self.runtime.artifacts.series[series.name].linear)
        history = History(series, series.steps if read is None else read)
        history.trim()
        return history.series(ahead)

    def numbers(self, values: Sequence[Value]) -> Numbers:
        """Return the values of a series, the missing ones filled by the rule of the training.

        Raises:
            DataError: if the first or the last is missing, the rule does not allow the gaps, or a value does
                not fit the transform.
        """
        target = np.array([np.nan if v is None else v for v in values], np.float64)
        missing = np.isnan(target)
        if missing.any():
            for position in (0, -1):
                if missing[position]:
                    end = "first" if position == 0 else "last"
                    raise DataError(f"values: the {end} one is null; leave it out")
            target = self._fill(target)
        return self._fitting(target, "values")

    def _fill(self, target: Numbers) -> Numbers:
        with extra("forecast", "a forecaster"):
            import pandas as pd

        table = pd.DataFrame({"target": target}, index=pd.RangeIndex(1, len(target) + 1))
        needed = np.ones((len(target), 1), bool)
        filled, _ = fill(table, needed, self._config.rules, self.runtime.artifacts.season, "values")
        return filled["target"].to_numpy()

    def _fitting(self, target: Numbers, field: str) -> Numbers:
        """Return values that the model can read."""
        transform = self._config.resolved_transform
        bad = ~np.isfinite(target)
        if transform != "none":
            bad |= target <= 0 if transform == "log" else target < 0
        if bad.any():
            position = int(np.argmax(bad))
            need = {"none": "finite", "log": "above 0", "sqrt": "at least 0"}[transform]
            raise DataError(
                f"{field}: value {position + 1} is {target[position]:g}; all values must be {need}"
            )
        return target

    def _check_length(self, name: str, count: int, field: str) -> None:
        """Raise an error if a series is too short or too long."""
        part = self.runtime.artifacts.series[name].linear
        fewest = fewest_steps(self._config, part)
        if count < fewest:
            raise DataError(f"{field}: has {count:,} values; this model forecasts from at least {fewest:,}")
        self.check_most(name, count, field)

    def check_most(self, name: str, count: int, field: str) -> None:
        """Raise ConfigError if there are too many values."""
        most = self.limits.characters
        if steps_read(self._config, self.runtime.artifacts.series[name].linear) is None:
            # All of them are prepared, not only the last ones.
            width = 1 + known_size(self._config) + len(self._config.columns.past)
            most = min(most, MOST_PREPARED // (width + 3 * self._config.forecast.horizon))
        require(
            count <= most, f"{field}: has {count:,} values, and at most {most:,} are read; send the last ones"
        )

    def _from_rows(self, request: ForecastRequest, steps: int) -> Series:
        with extra("forecast", "a forecaster"):
            import pandas as pd

        from unrolled.data.series_tables import read_series

        columns = list(dict.fromkeys(name for row in request.rows for name in row))
        cells, most = len(request.rows) * len(columns), self.limits.characters
        require(
            cells <= most,
            f"rows: {len(request.rows):,} rows of {len(columns):,} columns have more than {most:,} cells",
        )
        frame = pd.DataFrame(request.rows, columns=columns, dtype=object)
        table = read_series(frame, self._config.columns, self._config.rules, self._config.table, longest=most)
        series = self._choose(table.series, request.series)
        self._check_length(series.name, series.steps, "rows")
        self._fitting(series.target, "rows")
        known = self._config.columns.known
        if known and len(series.known) < series.steps + steps:
            raise DataError(
                f"rows: a forecast of {steps} steps needs {steps} rows at the end with a target of null and "
                f"columns {', '.join(map(repr, known))}; there are {len(series.known) - series.steps}"
            )
        return replace(series, known=series.known[: series.steps + steps])

    def _choose(self, series: Sequence[Series], name: str) -> Series:
        """Return the series of a name from those of a table; "" is the only one."""
        found = {s.name: s for s in series}
        if not name:
            require(
                len(found) == 1,
                f"series: is missing; the rows hold {len(found)}, such as {next(iter(found))!r:.100}",
            )
            [name] = found
        self.name(name)
        if name not in found:
            raise DataError(
                f"series={name!r:.100}: is not in the rows, which hold {next(iter(found))!r:.100}"
            )
        return found[name]

    def notes(self, series: Series) -> list[str]:
        """Return notes on problems in the rows of a series."""
        return series_notes(series, self._config.rules)


def read_columns(
    given: Mapping[str, Sequence[float]], field: str, names: Sequence[str], rows: int
) -> Numbers:
    """Return covariates (rows, columns) in the order of ``names``.

    Raises:
        ConfigError: if a column is not one of the model.
        DataError: if a column is missing or has another length.
    """
    for name in given:
        if name not in names:
            has = ", ".join(map(repr, names)) or "none"
            raise ConfigError(f"{field}: {name!r:.100} is not a column of this model; it has {has}")
    for name in names:
        if name not in given:
            raise DataError(f"{field}: column {name!r} is missing; give its {rows:,} numbers")
        if len(given[name]) != rows:
            ahead = ", for the values and for the steps to forecast" if field == "known" else ""
            raise DataError(
                f"{field}: column {name!r} has {len(given[name]):,} numbers and needs {rows:,}{ahead}"
            )
    if not names:
        return np.empty((rows, 0))
    return np.array([given[name] for name in names], np.float64).T
