"""Configuration of a forecaster, shared by the command line, recipes and ``config.json``."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most, with_options_repr
from unrolled.data.scaling import Scale, Transform
from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.tables import TableConfig
from unrolled.errors import ConfigError
from unrolled.models import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecast_outputs import (
    ForecastOutput,
    GaussianOutput,
    PointOutput,
    QuantileOutput,
    StudentTOutput,
)
from unrolled.tasks.base.sources import make_absolute
from unrolled.training import OptimizerConfig, TrainingConfig

AUTO_CALENDAR = ("auto",)


@dataclass(frozen=True)
class SeriesConfig:
    """The series, and the parts that are held out."""

    data: str = ""
    """Table with a time column: a CSV file, or a data set such as @timeseries/airline-passengers."""

    test_start: str = ""
    """Start of the test part, a time stamp (ISO 8601). Its forecasts are scored after training."""

    valid_fraction: float = 0.1
    """Fraction of the steps before test_start to hold out: the last ones, and at least one horizon. Their
    forecasts decide which weights are kept. 0 holds out nothing."""

    backtest_stride: int = 1
    """Steps between the origins of the final rolling backtest."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")
        require_at_least(self, {"backtest_stride": 1})

    def with_source(self, data: str | Path | None) -> "SeriesConfig":
        """Apply the given source. A path is made absolute, so that the run resumes from any directory."""
        return replace(self, data=make_absolute(self.data if data is None else data))


@dataclass(frozen=True)
class FeaturesConfig:
    """Input features of the network, and their scale. Everything is fitted on the training part."""

    transform: Literal["auto"] | Transform = "auto"
    """Transform of the target (log or sqrt), undone in forecasts. auto takes log if an autoregression of the
    logarithm explains the training part clearly better (Box & Cox 1964)."""

    difference: int = -1
    """Lag of differencing, undone in forecasts: 1 for a series whose level drifts, the season for a seasonal
    one. 0: no differencing. -1 chooses by the errors of an autoregression on the end of the training part."""

    scale: Scale = "standard"
    """Scaling. standard: mean 0, standard deviation 1. minmax: [0, 1]."""

    calendar: tuple[Literal["auto", "hour", "weekday", "month", "day-of-year"], ...] = ("auto",)
    """Features of each time stamp: hour, weekday and month are one-hot, day-of-year is a sine and a cosine
    with a period of one year. auto takes those that change from step to step and complete two cycles in the
    training part. An empty list gives none."""

    lags: tuple[int, ...] = ()
    """Lagged values as features known in advance: for monthly data, 12 is the value one year before. Each lag
    must be at least the horizon, so that its value is known."""

    season: int = 0
    """Length of a season in steps, for MASE, the seasonal naive forecast and the order of the autoregression.
    0 takes the usual season of the frequency (12 for months, 4 for quarters, 7 for days, 24 or 168 for hours)
    if the autocorrelation of the training part shows it, else 1."""

    def __post_init__(self) -> None:
        require_at_least(self, {"difference": -1, "season": 0})
        require(
            "auto" not in self.calendar or len(self.calendar) == 1,
            f"calendar={self.calendar}: auto cannot be combined with others",
        )
        require(list(self.lags) == sorted(set(self.lags)), f"lags={self.lags}: must increase")
        require(max(self.lags, default=0) <= LARGEST_SIZE, f"lags={self.lags}: at most {LARGEST_SIZE} steps")


@dataclass(frozen=True)
class HorizonConfig:
    """Horizon, output and method of the forecasts."""

    horizon: int = 0
    """Steps to forecast. 0 takes the default of the frequency (12 for months, 8 for quarters, 6 for years,
    7 for days, 24 for hours), but at most a fifth of the series."""

    strategy: Literal["auto", "recursive", "direct"] = "auto"
    """recursive: one step at a time, each reading the previous forecast. direct: all steps of the horizon
    from the last state. auto: recursive for a distribution, so that paths can be sampled; else direct."""

    linear: Literal["auto", "none", "autoregression", "naive", "best"] = "auto"
    """Linear part of the forecast. autoregression: the network learns the residuals of an autoregression
    that is fitted first by least squares; the forecast is their sum (a linear skip, as in LSTNet, Lai et al.
    2018). naive: the same with the value one season before. best: for each series naive, if the training
    part is long and naive forecasts its end at least as well; else the autoregression. auto: best."""

    output: Literal["point", "quantile", "gaussian", "student-t"] = "point"
    """point: one value. quantile: the levels in quantiles. gaussian, student-t: a distribution, from which
    paths are sampled."""

    loss: Literal["squared", "absolute"] = "squared"
    """Loss of output=point: squared forecasts the mean, absolute the median. Other outputs have one loss."""

    members: int = 1
    """Number of networks in an ensemble, each with its own initial weights. Their forecasts are averaged in
    scaled units; for a distribution, each samples its share of the paths."""

    quantiles: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    """Quantile levels of output=quantile, and of the intervals of distributions."""

    samples: int = 200
    """Number of paths sampled from a distribution for its mean, quantiles and CRPS."""

    def __post_init__(self) -> None:
        require_at_least(self, {"horizon": 0, "members": 1, "samples": 2})
        require_at_most(self, {"horizon": 100_000, "members": 1000, "samples": 1_000_000})
        q = self.quantiles
        require(bool(q) and all(0 < x < 1 for x in q), f"quantiles={q}: give levels between 0 and 1")
        require(list(q) == sorted(set(q)), f"quantiles={q}: must increase")
        require(
            self.output != "quantile" or self.strategy != "recursive",
            "output='quantile' needs strategy='direct': quantiles cannot be fed back step by step; use "
            "output='gaussian' or 'student-t' for sampled paths",
        )
        require(
            self.loss == "squared" or self.output == "point",
            f"loss={self.loss!r} is an option of output='point', not of output={self.output!r}",
        )

    @property
    def selects_against_linear(self) -> bool:
        """True if weights are selected by the error relative to the linear part, the initial model."""
        return self.linear != "none" and self.output == "point"

    def build(self) -> ForecastOutput:
        """Return the output layer of the forecast."""
        match self.output:
            case "point":
                return PointOutput(self.loss)
            case "quantile":
                return QuantileOutput(self.quantiles)
            case "gaussian":
                return GaussianOutput()
            case "student-t":
                return StudentTOutput()


@dataclass(frozen=True)
class ForecastTrainingConfig(TrainingConfig):
    """Length of training, pieces of the series to train on, and which weights are kept."""

    mode: Literal["windows", "stream"] = "windows"
    """windows: pieces of the series in random order, each read from a zero state. stream: the series in
    order, with the state carried from piece to piece (truncated backpropagation through time)."""

    window: int = 0
    """Steps of a piece. Forecasts read this many steps with mode=windows, and the whole past with
    mode=stream. 0 takes two seasons or horizons, from 24 to 168 steps, or fewer for a short series."""

    stride: int = 0
    """Steps between the starts of windows; 0 takes about as many windows as can be read in a few minutes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"window": 0, "stride": 0})
        require(self.stride <= 1 or self.mode == "windows", "stride is an option of mode='windows'")
        require(not self.label_smoothing, "label_smoothing is for labels: a forecaster has none")


def _small_stack() -> StackConfig:
    return StackConfig(hidden=32)


@with_options_repr
@dataclass(frozen=True)
class ForecasterConfig:
    """Configuration of a forecaster and its training."""

    data: SeriesConfig = field(default_factory=SeriesConfig)
    table: TableConfig = field(default_factory=TableConfig)
    columns: ColumnsConfig = field(default_factory=ColumnsConfig)
    rules: TimeRulesConfig = field(default_factory=TimeRulesConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    forecast: HorizonConfig = field(default_factory=HorizonConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: StackConfig = field(default_factory=_small_stack)
    dropout: DropoutConfig = field(default_factory=DropoutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: ForecastTrainingConfig = field(default_factory=ForecastTrainingConfig)

    def __post_init__(self) -> None:
        require(
            not self.columns.past or self.forecast.strategy != "recursive",
            "past covariates need strategy='direct': recursive steps would have to forecast them too",
        )
        require(
            self.forecast.linear not in ("naive", "best") or self.features.difference <= 0,
            f"linear={self.forecast.linear!r} needs difference=0: naive repeats values, not changes",
        )
        lags, horizon = self.features.lags, self.forecast.horizon
        require(
            not lags or lags[0] >= horizon,
            f"lags={lags}: each must be at least the horizon of {horizon}, or it would have to be forecast",
        )
        require(
            self.features.calendar in ((), AUTO_CALENDAR) or self.rules.frequency != "rows",
            "calendar needs a frequency: with frequency='rows' the time stamps of future steps are unknown",
        )

    @property
    def resolved_transform(self) -> Transform:
        """The transform, once it is resolved. Raises ConfigError if it is still "auto"."""
        transform = self.features.transform
        if transform == "auto":
            raise ConfigError("transform='auto' is resolved by fit")
        return transform

    def steps_to_forecast(self, horizon: int | None) -> int:
        """Return the number of steps from each origin of a backtest; None takes the training horizon.

        Raises:
            ConfigError: if the model cannot forecast that far.
        """
        steps = self._resolve_horizon(horizon)
        require(
            steps <= self.forecast.horizon or self.forecast.strategy == "recursive",
            f"horizon={steps}: a direct forecaster has only the {self.forecast.horizon} steps that it was "
            "trained for",
        )
        return steps

    def steps_after_the_end(self, horizon: int | None) -> int:
        """Return the number of steps to forecast from the end of a series; None takes the training horizon.

        A direct network with point forecasts may continue from its own forecasts.

        Raises:
            ConfigError: if the model cannot forecast that far.
        """
        can_continue = self.forecast.output == "point" and not self.columns.past
        return self._resolve_horizon(horizon) if can_continue else self.steps_to_forecast(horizon)

    def _resolve_horizon(self, horizon: int | None) -> int:
        lags = self.features.lags
        steps = self.forecast.horizon if horizon is None else horizon
        require(steps >= 1, f"horizon={steps}: must be at least 1")
        require(
            not lags or steps <= lags[0],
            f"horizon={steps}: must not exceed the smallest of lags={lags}",
        )
        return steps
