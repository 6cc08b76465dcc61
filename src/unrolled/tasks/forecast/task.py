"""The recurrent forecaster as a tool: fit, predict, backtest, evaluate, save, load."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TextIO, TypeAlias, Union

from numpy.typing import NDArray
from torch import nn

from unrolled.data.series import Series
from unrolled.data.series_tables import open_series, read_series
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.extras import extra
from unrolled.models.forecast_ensemble import Forecasting
from unrolled.storage.picture import save_picture
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
from unrolled.tasks.forecast.backtest import Backtest, Span, Steps, notes_of, roll
from unrolled.tasks.forecast.build import build_model
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries, Scales, fit_scales, prepare
from unrolled.tasks.forecast.far import forecast_far
from unrolled.tasks.forecast.future_plot import Future, draw_future
from unrolled.tasks.forecast.intervals import fit_intervals, intervals_of
from unrolled.tasks.forecast.job import ForecastJob, Split
from unrolled.tasks.forecast.linear import with_linear
from unrolled.tasks.forecast.parts import SeriesParts, cut, divide, steps_before
from unrolled.tasks.forecast.plot import plot_forecasts
from unrolled.tasks.forecast.rolling import Forecasts, forecast
from unrolled.tasks.forecast.sample import cut_windows, held_out_spans
from unrolled.tasks.forecast.score import ForecastScore, brief, forecast_table
from unrolled.tasks.forecast.short import FACT, left_out_notes, settle, without
from unrolled.tasks.forecast.spec import SPEC
from unrolled.training import Watcher
from unrolled.training.waiting import spinner

with extra("forecast", "a forecaster"):
    import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Table: TypeAlias = Union[pd.DataFrame, "pd.Series[Any]", NDArray[Any], Sequence[Any]]
Source: TypeAlias = str | Path | Table


class Forecaster(Task[ForecasterConfig, SeriesParts]):
    """A recurrent forecaster of one or many series.

    ``Forecaster(horizon=6, calendar=("month",), transform="log", difference=1)`` takes any option of
    :class:`ForecasterConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _table: Table | None = None
    _parts: SeriesParts | None = None

    def fit(
        self,
        data: Source | None = None,
        *,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on the part of the series before ``test_start`` and keep the weights that forecast best.

        Args:
            data: a CSV file, a data set such as ``"@timeseries/airline-passengers"``; a DataFrame or Series
                with time stamps, periods or whole numbers as its index, or time stamps in a column; an array
                (T,) or (T, F), or a list of numbers, whose rows are steps. Several columns are several
                series. None is the config's.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if the series cannot be used as they are.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        named = data is None or isinstance(data, str | Path)
        self._table = None if named else data
        source: Any = data if named else ""
        self.config = dataclasses.replace(self._asked, data=self.config.data.with_source(source))
        if self._table is None and not self.config.data.data:
            raise ConfigError("no series: give data (a CSV file, @timeseries/NAME, or a DataFrame)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """What is predicted."""
        return "step"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.data.data, ""

    def _learn(self) -> SeriesParts:
        source = self._table if self._table is not None else self.config.data.data
        table = read_series(source, self.config.columns, self.config.rules, self.config.table)
        config = dataclasses.replace(self.config, columns=table.columns, rules=table.rules)
        settled = settle(config, table.series)
        self.config, series = settled.config, settled.series
        horizon = self.config.forecast.horizon
        ends = [cut(s, self.config.data, horizon) for s in series]
        scales = fit_scales(series, [train for train, _ in ends], self.config)
        found = [note for s in series for note in notes_of(s, self.config.rules)]
        notes = (*table.notes, *found, *settled.notes)
        parts = divide(series, scales, self.config)
        facts = parts.facts | {FACT: settled.left_out}
        self._parts = dataclasses.replace(parts, facts=facts, notes=notes)
        self._artifacts = self._parts.learned
        return self._parts

    def _reread(self) -> SeriesParts:
        self._parts = divide(self._read(self.config.data.data), self.artifacts.scales, self.config)
        return self._parts

    def _read(self, source: Source) -> list[Series]:
        series = open_series(source, self.config.columns, self.config.rules, self.config.table)
        return without(series, self.facts.get(FACT, ()))

    def _check_before_training(self, data: SeriesParts) -> None:
        horizon = self.config.forecast.horizon
        for s in data.splits:
            if self.config.data.test_start and s.series.series.steps - s.valid < horizon:
                raise DataError(
                    f"series {s.series.series.name!r}: {s.series.series.steps - s.valid} steps from "
                    f"test_start on are fewer than the horizon of {horizon}"
                )
        job = ForecastJob(self._make_model(start=False), data.splits, self.config)
        if self.config.data.valid_fraction:
            for s in data.splits:
                job.origins(s)

    def _make_model(self, *, start: bool) -> Forecasting:
        return build_model(self.config)

    def _start_is_useful(self) -> bool:
        return self.config.forecast.beside_linear

    def _make_job(self, data: SeriesParts) -> ForecastJob:
        return ForecastJob(self.model, data.splits, self.config)

    def _final_scores(self, data: SeriesParts, *, shown: bool) -> dict[str, Any]:
        rolled: dict[str, Backtest] = {}
        with spinner("forecasting", shown=shown):
            if self.config.data.valid_fraction:
                rolled["valid"] = self._roll(data.splits, [(s.train, s.valid) for s in data.splits])
            if self.config.data.test_start:
                spans = [(s.valid, s.series.series.steps) for s in data.splits]
                rolled["test"] = self._roll(data.splits, spans)
        scores: dict[str, Any] = {part: done.score.to_json() for part, done in rolled.items()}
        for last in list(rolled.values())[-1:]:
            if self.config.forecast.output == "point":
                scores["intervals"] = fit_intervals(last.table, self.config.forecast.quantiles)
            scores |= last.score.beside
        return scores

    def predict(
        self,
        horizon: int | None = None,
        *,
        data: Source | None = None,
        samples: int = 0,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Forecast the steps after the end of the series.

        Args:
            horizon: steps; None takes the configuration's. A direct forecaster of one value goes on from its
                own forecasts beyond that; of quantiles and distributions it has no more.
            data: the series up to the present, in the form of the training data; None takes those that the
                model was trained on, their test part included. Covariates known ahead stand in rows at the
                end whose target is empty.
            samples: return so many sampled paths, columns "path 0", …, instead of their summary.
            seed: of the paths.

        Returns:
            A row for each step, indexed by time (by 1, 2, … where the frequency is "rows"): series, where
            there are several; prediction (the network's value, or the median); mean of distributions;
            quantiles ("q0.1"), of one value by the errors of the held-out or test part. ``attrs["notes"]``
            says what was found in the rows and what was done about it.

        Raises:
            DataError: if the series cannot be used, or covariates known ahead do not reach far enough.
            ConfigError: if the horizon does not fit, or paths are asked of a model that has none.
        """
        self._trained(nn.Module)
        steps = self.config.steps_after_the_end(horizon)
        if samples and not self.model.output.sampled:
            raise ConfigError("samples: only output='gaussian' and 'student-t' have paths to draw")
        if samples and self.config.forecast.strategy == "direct":
            raise ConfigError(
                "samples: strategy='direct' gives each step a distribution of its own, not paths; take "
                "strategy='recursive'"
            )
        parts = []
        series = self._history(data)
        for s in series:
            found = self._with_interval(s, self._from_end(s, steps, samples, seed))
            frame = forecast_table(s, found, self.config.forecast.quantiles, paths=samples > 0)
            if len(series) > 1:
                frame.insert(0, "series", s.name)
            parts.append(frame)
        whole = pd.concat(parts)
        found_notes = [note for s in series for note in notes_of(s, self.config.rules)]
        whole.attrs["notes"] = [*left_out_notes(self.facts.get(FACT, ())), *found_notes]
        return whole

    def backtest(
        self,
        data: Source | None = None,
        *,
        start: Any = None,
        horizon: int | None = None,
        stride: int | None = None,
    ) -> Backtest:
        """Forecast from one origin after another, without training in between, and compare.

        Args:
            data: series in the form of the training data; None takes those that the model was trained on.
            start: time stamp of the first step to forecast; None is the first step that the model has not
                learnt from.
            horizon: steps from each origin; None takes the configuration's.
            stride: steps between origins; None takes ``backtest_stride``.

        Raises:
            DataError: if the series cannot be used, no forecast fits in them, or without ``start`` they end
                before what the model has learnt from.
            ConfigError: if the horizon does not fit.
        """
        self._trained(nn.Module)
        steps = self.config.steps_to_forecast(horizon)
        series = self._history(data)
        splits, spans = [], []
        for s in series:
            splits.append(Split(self._prepare(s), 0, s.steps))
            first = steps_before(s, start) if start is not None else self._unseen(s, steps)
            spans.append((first, s.steps))
        rolled = self._roll(splits, spans, steps, stride or 0)
        notes = (*left_out_notes(self.facts.get(FACT, ())), *rolled.score.notes)
        return dataclasses.replace(rolled, score=dataclasses.replace(rolled.score, notes=notes))

    def score(self, data: Source) -> float:
        """Return minus the MASE of :meth:`evaluate`: more is better. Minus the MAE where there is no MASE."""
        figures = self.evaluate(data).figures
        return -float(figures["mae" if figures["mase"] is None else "mase"] or 0.0)

    def evaluate(self, data: Source, *, progress: bool = False) -> ForecastScore:
        """Score forecasts of the steps that the model has not learnt from; see :meth:`backtest`."""
        with spinner("forecasting", shown=progress):
            return self.backtest(data).score

    def predict_file(self, data: str | Path, out: TextIO) -> None:
        """Write the forecasts of the steps after the end of a table as CSV; notes go to standard error.

        An empty name takes the series that the model was trained on.
        """
        found = self.predict(data=data or None)
        for note in found.attrs["notes"]:
            print(note, file=sys.stderr)
        found.to_csv(out)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[ForecastJob, Sample]:
        if data is None:
            parts = self._parts or self._read_again()
            spans, source = held_out_spans(parts.splits), self._held_out_source()
        else:
            series = [self._prepare(s) for s in self._read(data)]
            spans, source = [(s, s.first, s.series.steps) for s in series], str(data)
        if not spans:
            raise self._nothing_held_out()
        pieces, names = cut_windows(spans, size, 1 if spans[0][0].recursive else self.config.forecast.horizon)
        batch = (pieces,) * self.config.forecast.members
        return ForecastJob(self.model, [], self.config), Sample(batch, names, source)

    def _unseen(self, s: Series, horizon: int) -> int:
        """Return the first step that is later than what was learnt from.

        A series that ends with the held-out part is scored on that, which only chose the weights.
        """
        learned = self.artifacts.series[s.name]
        for learnt in filter(None, (learned.learnt_until, learned.fitted_until)):
            first = s.steps_up_to(learnt)
            if s.steps - first >= horizon:
                return first
        raise DataError(
            f"series {s.name!r}: ends at {brief(s.index[s.steps - 1])}, and the model has learnt from it up "
            f"to {brief(learned.learnt_until)}: no {horizon} steps are left to score; give later data, or "
            "say from where: start="
        )

    def _history(self, data: Source | None) -> list[Series]:
        self._trained(nn.Module)
        if data is not None:
            return self._read(data)
        if self._parts is not None:
            return [s.series.series for s in self._parts.splits]
        if not self.config.data.data:
            raise RunError("this model was trained on data from memory, which are gone; give data=FILE")
        series = self._read(self.config.data.data)
        for s in series:
            steps = self.facts["series"].get(s.name, {}).get("steps", s.steps)
            if s.steps != steps:
                raise DataError(
                    f"{self.config.data.data}: series {s.name!r} has {s.steps:,} steps and had {steps:,} in "
                    "training; to forecast from its end of today, give it as data"
                )
        return series

    def _prepare(self, s: Series, ahead: int = 0) -> PreparedSeries:
        """Return a series as the network reads it, with the features of ``ahead`` steps beyond its end."""
        p = prepare(s, self.scales, self.config, ahead)
        return with_linear(p, self.artifacts.series[s.name].linear)

    def _roll(self, splits: list[Split], spans: list[Span], horizon: int = 0, stride: int = 0) -> Backtest:
        horizon, stride = horizon or self.config.forecast.horizon, stride or self.config.data.backtest_stride
        return roll(self.model, splits, spans, self.config, self.artifacts, Steps(horizon, stride))

    def _forecast(
        self, p: PreparedSeries, origins: list[int], horizon: int, samples: int = 0, seed: int = 0
    ) -> Forecasts:
        return forecast(self.model, p, origins, horizon, self.config, samples=samples, seed=seed)

    def _from_end(self, s: Series, steps: int, samples: int = 0, seed: int = 0) -> Forecasts:
        """Forecast the steps after the end of a series."""
        own = self.config.forecast.horizon
        if steps > own and self.config.forecast.strategy == "direct":
            return forecast_far(s, steps, own, self._from_end)
        return self._forecast(self._prepare(s, steps), [s.steps], steps, samples, seed)

    def _with_interval(self, s: Series, found: Forecasts) -> Forecasts:
        """Return forecasts of one value with the intervals that training measured, if it did."""
        intervals = intervals_of(self.result, s.name)
        return intervals.around(found) if intervals and found.quantiles is None else found

    def plot(
        self, out: str | Path | None = None, *, horizon: int | None = None, data: Source | None = None
    ) -> "Figure":
        """Draw the steps to come of every series, with intervals; see :meth:`predict`.

        Args:
            out: PNG file to write; None only returns the figure, which a notebook shows.
            horizon: steps; None takes the configuration's.
            data: the series up to the present; None takes those that the model was trained on.

        Raises:
            MissingExtraError: if the packages that draw are not installed.
            RunError: if the file cannot be written.
        """
        self._trained(nn.Module)
        steps = self.config.steps_after_the_end(horizon)
        series = self._history(data)
        futures = [Future(s, self._with_interval(s, self._from_end(s, steps))) for s in series]
        figure = draw_future(futures, self.config.forecast.quantiles)
        if out is not None:
            save_picture(figure, Path(out))
        return figure

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        if self._parts is None:
            return
        if not self.config.columns.known:  # whose values of the steps to come may be missing
            self.plot(folder / "plots" / "future.png")
        split = self._parts.splits[0]
        start = split.valid if self.config.data.test_start else split.train
        horizon = self.config.forecast.horizon
        origins = split.origins(start, split.series.series.steps, horizon, horizon)
        if origins:
            found = self._forecast(split.series, list(origins), horizon)
            plot_forecasts(
                split.series.series, list(origins), found, self.config.forecast.quantiles, folder / "plots"
            )

    @property
    def model(self) -> Forecasting:
        """The torch module inside; RunError before training."""
        model: nn.Module = self._trained(nn.Module)
        assert isinstance(model, Forecasting)
        return model

    @property
    def artifacts(self) -> ForecasterArtifacts:
        """What the training parts of the series say; RunError before training."""
        return self._learned(ForecasterArtifacts)

    @property
    def scales(self) -> Scales:
        """The scale of every series; RunError before training."""
        return self.artifacts.scales
