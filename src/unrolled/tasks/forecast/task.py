"""The recurrent forecaster: fit, predict, backtest, evaluate, save, load."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, Union

from numpy.typing import NDArray
from torch import nn

from unrolled.data.series import Series
from unrolled.data.series_tables import read_series
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.models.forecast_ensemble import ForecastModel
from unrolled.storage.picture import save_figure
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
from unrolled.tasks.forecast.backtest import Backtest, Span, Steps, run_backtest, series_notes
from unrolled.tasks.forecast.build import build_model
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import Scales, fit_scales
from unrolled.tasks.forecast.forecasting import Forecasting
from unrolled.tasks.forecast.future_plot import Future, draw_future
from unrolled.tasks.forecast.intervals import fit_intervals
from unrolled.tasks.forecast.job import ForecastJob, Split
from unrolled.tasks.forecast.notes import LEFT_OUT_KEY, left_out_notes
from unrolled.tasks.forecast.parts import SeriesParts, split_points, split_series, steps_before
from unrolled.tasks.forecast.plot import plot_forecasts
from unrolled.tasks.forecast.rolling import ForecastNetwork, forecast
from unrolled.tasks.forecast.sample import cut_windows, held_out_spans
from unrolled.tasks.forecast.score import ForecastScore, format_stamp
from unrolled.tasks.forecast.short_series import resolve_series
from unrolled.tasks.forecast.spec import SPEC
from unrolled.tasks.forecast.torch_network import TorchNetwork
from unrolled.training import Callback
from unrolled.training.progress_display import spinner

with extra("forecast", "a forecaster"):
    import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from unrolled.engine import Precision
    from unrolled.tasks.forecast.stream import ForecastStream

Table: TypeAlias = Union[pd.DataFrame, "pd.Series[Any]", NDArray[Any], Sequence[Any]]
Source: TypeAlias = str | Path | Table


class Forecaster(Forecasting, Task[ForecasterConfig, SeriesParts]):
    """A recurrent forecaster of one or many series.

    ``Forecaster(horizon=6, calendar=("month",), transform="log", difference=1)`` takes any option of
    :class:`ForecasterConfig` by name.

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
        progress: bool | Callback = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on the series before ``test_start``, and keep the weights with the best held-out forecasts.

        Args:
            data: a CSV file, or a data set such as ``"@timeseries/airline-passengers"``; a DataFrame or
                Series with time stamps, periods or integers as its index, or with time stamps in a column; an
                array (T,) or (T, F), or a list of numbers, one row per step. Each column is one series. None
                takes the config's.
            out: run folder for checkpoints, log and plots; None keeps everything in memory.
            overwrite: replace a run in ``out``.
            progress: True shows a progress bar; a callback is called instead.
            watch: record diagnostics every ``watch`` steps: how far back gradients reach, which units are
                saturated, how far weights move (docs/training.md). True chooses the interval.

        Raises:
            DataError: if the series cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        is_source = data is None or isinstance(data, str | Path)
        self._table = None if is_source else data
        source: Any = data if is_source else ""
        self.config = dataclasses.replace(self._user_config, data=self.config.data.with_source(source))
        if self._table is None and not self.config.data.data:
            raise ConfigError("no series: give data (a CSV file, @timeseries/NAME, or a DataFrame)")
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """Noun for one prediction."""
        return "step"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.data.data, ""

    def _prepare_data(self) -> SeriesParts:
        source = self._table if self._table is not None else self.config.data.data
        table = read_series(source, self.config.columns, self.config.rules, self.config.table)
        config = dataclasses.replace(self.config, columns=table.columns, rules=table.rules)
        resolved = resolve_series(config, table.series)
        self.config, series = resolved.config, resolved.series
        horizon = self.config.forecast.horizon
        ends = [split_points(s, self.config.data, horizon) for s in series]
        scales = fit_scales(series, [train for train, _ in ends], self.config)
        data_notes = [note for s in series for note in series_notes(s, self.config.rules)]
        notes = (*table.notes, *data_notes, *resolved.notes)
        parts = split_series(series, scales, self.config)
        data_info = parts.data_info | {LEFT_OUT_KEY: resolved.left_out}
        self._parts = dataclasses.replace(parts, data_info=data_info, notes=notes)
        self._artifacts = self._parts.artifacts
        return self._parts

    def _reload_data(self) -> SeriesParts:
        self._parts = split_series(self._read(self.config.data.data), self.artifacts.scales, self.config)
        return self._parts

    def _check_before_training(self, data: SeriesParts) -> None:
        horizon = self.config.forecast.horizon
        for s in data.splits:
            if self.config.data.test_start and s.series.series.steps - s.valid_end < horizon:
                raise DataError(
                    f"series {s.series.series.name!r}: {s.series.series.steps - s.valid_end} steps from "
                    f"test_start on are fewer than the horizon of {horizon}"
                )
        job = ForecastJob(self._make_model(start=False), data.splits, self.config)
        if self.config.data.valid_fraction:
            for s in data.splits:
                job.origins(s)

    def _make_model(self, *, start: bool) -> ForecastModel:
        return build_model(self.config)

    def _should_validate_start(self) -> bool:
        return self.config.forecast.selects_against_linear

    def _make_job(self, data: SeriesParts) -> ForecastJob:
        return ForecastJob(self.model, data.splits, self.config)

    def _final_scores(self, data: SeriesParts, *, shown: bool) -> dict[str, Any]:
        backtests: dict[str, Backtest] = {}
        with spinner("forecasting", shown=shown):
            if self.config.data.valid_fraction:
                backtests["valid"] = self._run_backtest(
                    data.splits, [(s.train_end, s.valid_end) for s in data.splits]
                )
            if self.config.data.test_start:
                spans = [(s.valid_end, s.series.series.steps) for s in data.splits]
                backtests["test"] = self._run_backtest(data.splits, spans)
        scores: dict[str, Any] = {part: backtest.score.to_json() for part, backtest in backtests.items()}
        for last_backtest in list(backtests.values())[-1:]:
            if self.config.forecast.output == "point":
                scores["intervals"] = fit_intervals(last_backtest.table, self.config.forecast.quantiles)
            scores |= last_backtest.score.baseline_comparison
        return scores

    def backtest(
        self,
        data: Source | None = None,
        *,
        start: Any = None,
        horizon: int | None = None,
        stride: int | None = None,
    ) -> Backtest:
        """Forecast from one origin after another without retraining, and compare with actual values.

        Args:
            data: series in the form of the training data; None takes those that the model was trained on.
            start: time stamp of the first step to forecast; None takes the first after the training data.
            horizon: steps from each origin; None takes the configuration's.
            stride: steps between origins; None takes ``backtest_stride``.

        Raises:
            DataError: if the series cannot be used, are too short for a forecast, or (without ``start``) have
                no steps after the training data.
            ConfigError: if the model cannot forecast that far.
        """
        self._require_model(nn.Module)
        steps = self.config.steps_to_forecast(horizon)
        series = self._get_series(data)
        splits, spans = [], []
        for s in series:
            splits.append(Split(self._prepare(s), 0, s.steps))
            first = steps_before(s, start) if start is not None else self._first_unseen_step(s, steps)
            spans.append((first, s.steps))
        result = self._run_backtest(splits, spans, steps, stride or 0)
        notes = (*left_out_notes(self.data_info.get(LEFT_OUT_KEY, ())), *result.score.notes)
        return dataclasses.replace(result, score=dataclasses.replace(result.score, notes=notes))

    def score(self, data: Source) -> float:
        """Return −MASE of :meth:`evaluate` (−MAE if MASE is undefined), so that higher is better."""
        figures = self.evaluate(data).figures
        return -float(figures["mae" if figures["mase"] is None else "mase"] or 0.0)

    def evaluate(self, data: Source, *, progress: bool = False) -> ForecastScore:
        """Score forecasts of the steps after the training data; see :meth:`backtest`."""
        with spinner("forecasting", shown=progress):
            return self.backtest(data).score

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[ForecastJob, Sample]:
        if data is None:
            parts = self._parts or self._reload_training_data()
            spans, source = held_out_spans(parts.splits), self._held_out_source()
        else:
            series = [self._prepare(s) for s in self._read(data)]
            spans, source = [(s, s.first, s.series.steps) for s in series], str(data)
        if not spans:
            raise self._no_held_out_error()
        pieces, names = cut_windows(spans, size, 1 if spans[0][0].recursive else self.config.forecast.horizon)
        batch = (pieces,) * self.config.forecast.members
        return ForecastJob(self.model, [], self.config), Sample(batch, names, source)

    def _first_unseen_step(self, s: Series, horizon: int) -> int:
        """Return the first step after the training data.

        A series that ends with the held-out part is scored on that part, which only selected the weights.
        """
        artifacts = self.artifacts.series[s.name]
        for stamp in filter(None, (artifacts.learnt_until, artifacts.fitted_until)):
            first = s.steps_up_to(stamp)
            if s.steps - first >= horizon:
                return first
        end, learnt_until = format_stamp(s.index[s.steps - 1]), format_stamp(artifacts.learnt_until)
        raise DataError(
            f"series {s.name!r}: ends at {end}, and the model has learnt from it up to {learnt_until}: "
            f"no {horizon} steps are left to score; give later data, or the first step to score: start="
        )

    def _get_series(self, data: Source | None) -> list[Series]:
        """See :meth:`Forecasting._get_series`; series in memory are not read again."""
        self._require_model(nn.Module)
        if data is None and self._parts is not None:
            return [s.series.series for s in self._parts.splits]
        return super()._get_series(data)

    def _network(self) -> ForecastNetwork:
        return TorchNetwork(self.model, self.config)

    def _run_backtest(
        self, splits: list[Split], spans: list[Span], horizon: int = 0, stride: int = 0
    ) -> Backtest:
        horizon, stride = horizon or self.config.forecast.horizon, stride or self.config.data.backtest_stride
        steps = Steps(horizon, stride)
        return run_backtest(self._network(), splits, spans, self.config, self.artifacts, steps)

    def stream(
        self,
        *,
        batch: int = 1,
        precision: "Precision" = "float32",
        data: Source | None = None,
        series: str = "",
    ) -> "ForecastStream":
        """Return a stream: one series that is continued observation by observation.

        It runs in the native runtime, with a copy of the weights.

        Args:
            batch: must be 1; make a stream for each series.
            precision: precision of the products: ``"float32"``, ``"bfloat16"`` or ``"int8"``.
            data: the series up to the present, as for :meth:`predict`.
            series: name of the series, if there are several.

        Raises:
            DataError: if the series cannot be used, or there is no such series.
            ConfigError: if ``batch`` is not 1, or there are several series and no name is given.
            BackendError: if the compiled extension is missing.
        """
        from unrolled.tasks.forecast.runtime import ForecasterRuntime
        from unrolled.tasks.forecast.stream import check_single, find_series

        check_single(batch)
        runtime = self.runtime(precision)
        assert isinstance(runtime, ForecasterRuntime)
        return runtime.stream_series(find_series(self._get_series(data), series))

    def plot(
        self, out: str | Path | None = None, *, horizon: int | None = None, data: Source | None = None
    ) -> "Figure":
        """Plot the forecast of every series with intervals; see :meth:`predict`.

        Args:
            out: PNG file to write; None only returns the figure, which a notebook shows.
            horizon: number of steps; None takes the configuration's.
            data: the series up to the present; None takes those that the model was trained on.

        Raises:
            MissingExtraError: if the plotting packages are not installed.
            RunError: if the file cannot be written.
        """
        self._require_model(nn.Module)
        steps = self.config.steps_after_the_end(horizon)
        series = self._get_series(data)
        network = self._network()
        futures = [
            Future(s, self._add_intervals(s, self._forecast_from_end(network, s, steps))) for s in series
        ]
        figure = draw_future(futures, self.config.forecast.quantiles)
        if out is not None:
            save_figure(figure, Path(out))
        return figure

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        if self._parts is None:
            return
        if not self.config.columns.known:  # their future values may be missing
            self.plot(folder / "plots" / "future.png")
        split = self._parts.splits[0]
        start = split.valid_end if self.config.data.test_start else split.train_end
        horizon = self.config.forecast.horizon
        origins = split.origins(start, split.series.series.steps, horizon, horizon)
        if origins:
            forecasts = forecast(self._network(), split.series, list(origins), horizon, self.config)
            plot_forecasts(
                split.series.series,
                list(origins),
                forecasts,
                self.config.forecast.quantiles,
                folder / "plots",
            )

    @property
    def model(self) -> ForecastModel:
        """The torch module. Raises NotFittedError before ``fit``."""
        model: nn.Module = self._require_model(nn.Module)
        assert isinstance(model, ForecastModel)
        return model

    @property
    def artifacts(self) -> ForecasterArtifacts:
        """The artifacts. Raises NotFittedError before ``fit``."""
        return self._require_artifacts(ForecasterArtifacts)

    @property
    def scales(self) -> Scales:
        """The scales of the series. Raises NotFittedError before ``fit``."""
        return self.artifacts.scales
