"""The configuration of a forecaster: one tree for the command line, recipes and config.json."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most
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
from unrolled.tasks.base.sources import absolute
from unrolled.training import OptimizerConfig, TrainingConfig

AUTO_CALENDAR = ("auto",)


@dataclass(frozen=True)
class SeriesConfig:
    """The series to learn from, and the parts that are held out."""

    data: str = ""
    """Table with a time column: a CSV file, or a data set such as @timeseries/airline-passengers."""

    test_start: str = ""
    """Time stamp (ISO 8601) from which on nothing is learnt: forecasts of that part are scored at the end."""

    valid_fraction: float = 0.1
    """Share of what is before test_start, the last of it in time and at least one horizon, whose forecasts
    decide which weights are kept; 0 holds out nothing."""

    backtest_stride: int = 1
    """Steps between the origins of the final rolling backtest."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")
        require_at_least(self, {"backtest_stride": 1})

    def with_source(self, data: str | Path | None) -> "SeriesConfig":
        """Apply the given source. A path is made absolute, so that the run resumes from any directory."""
        return replace(self, data=absolute(self.data if data is None else data))


@dataclass(frozen=True)
class FeaturesConfig:
    """What the network reads of a series, and on what scale. All is fitted on the training part."""

    transform: Literal["auto"] | Transform = "auto"
    """log or sqrt of the target, undone in forecasts. auto takes the logarithm where an autoregression of it
    explains the training part clearly better (Box & Cox 1964)."""

    difference: int = -1
    """Learn the change from so many steps before: 1 for a series that wanders, the season for one that
    repeats; undone in forecasts. 0 learns the values. -1 chooses by the errors of an autoregression on the
    end of the training part."""

    scale: Scale = "standard"
    """standard: mean 0, standard deviation 1. minmax: [0, 1]."""

    calendar: tuple[Literal["auto", "hour", "weekday", "month", "day-of-year"], ...] = ("auto",)
    """Features of each time stamp: hour, weekday and month are one-hot, day-of-year is two waves a year. auto
    takes those that change from step to step and that the training part covers twice; none is an empty
    list."""

    lags: tuple[int, ...] = ()
    """Values so many steps before each step, as features known ahead: 12 is last year's of a month. Each is
    at least the horizon, so that none would have to be forecast itself."""

    season: int = 0
    """Steps of a season, for MASE, the seasonal naive forecast and the order of the autoregression. 0 takes
    the usual one of the frequency (12 of months, 4 of quarters, 7 of days, 24 or 168 of hours) that the
    autocorrelation of the training part shows, else 1."""

    def __post_init__(self) -> None:
        require_at_least(self, {"difference": -1, "season": 0})
        require(
            "auto" not in self.calendar or len(self.calendar) == 1,
            f"calendar={self.calendar}: auto leaves no room for others",
        )
        require(list(self.lags) == sorted(set(self.lags)), f"lags={self.lags}: must rise")
        require(max(self.lags, default=0) <= LARGEST_SIZE, f"lags={self.lags}: at most {LARGEST_SIZE} steps")


@dataclass(frozen=True)
class HorizonConfig:
    """What is said of the steps to come."""

    horizon: int = 0
    """Steps to forecast. 0 takes what suits the frequency (12 of months, 8 of quarters, 6 of years, 7 of
    days, 24 of hours), and no more than a fifth of the series."""

    strategy: Literal["auto", "recursive", "direct"] = "auto"
    """recursive: one step ahead, again and again, each reading the forecast before it. direct: all steps of
    the horizon at once from the last state. auto is direct, and recursive for a
    distribution, which then has paths."""

    linear: Literal["auto", "none", "autoregression", "naive", "best"] = "auto"
    """autoregression: the network learns what an autoregression, fitted by least squares beforehand, leaves
    over; the forecast is their sum (a linear skip, as in LSTNet, Lai et al. 2018). naive: the same with the
    value one season before. best: of each series the autoregression, or naive where that forecasts the end
    of a long training part as well. auto is best."""

    output: Literal["point", "quantile", "gaussian", "student-t"] = "point"
    """One value; the quantiles; or a distribution, from which paths are drawn."""

    loss: Literal["squared", "absolute"] = "squared"
    """Of output=point: its value is the mean or the median. The others have losses of their own."""

    members: int = 1
    """Networks trained side by side, each from a start of its own, whose forecasts are averaged on the scale
    of the network; of a distribution each draws its share of the paths."""

    quantiles: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    """Levels of output=quantile, and of the intervals of distributions."""

    samples: int = 200
    """Paths drawn of a distribution for its mean, quantiles and CRPS."""

    def __post_init__(self) -> None:
        require_at_least(self, {"horizon": 0, "members": 1, "samples": 2})
        require_at_most(self, {"horizon": 100_000, "members": 1000, "samples": 1_000_000})
        q = self.quantiles
        require(bool(q) and all(0 < x < 1 for x in q), f"quantiles={q}: give levels between 0 and 1")
        require(list(q) == sorted(set(q)), f"quantiles={q}: must rise")
        require(
            self.output != "quantile" or self.strategy != "recursive",
            "output='quantile' needs strategy='direct': quantiles cannot be fed back step by step; take "
            "output='gaussian' or 'student-t' for sampled paths",
        )
        require(
            self.loss == "squared" or self.output == "point",
            f"loss={self.loss!r} is an option of output='point', not of output={self.output!r}",
        )

    @property
    def beside_linear(self) -> bool:
        """Whether weights are kept by the error beside that of the linear part, which is where they begin."""
        return self.linear != "none" and self.output == "point"

    def build(self) -> ForecastOutput:
        """Return what reads the network's numbers."""
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
    """How long, on what pieces of the series, and what is kept."""

    mode: Literal["windows", "stream"] = "windows"
    """windows: pieces of the series in random order, each read from a state of zeros. stream: the series in
    order, the state carried from piece to piece (truncated backpropagation through time)."""

    window: int = 0
    """Steps of a piece. Forecasts read as many with mode=windows, and the whole past with mode=stream. 0
    takes two seasons or horizons, from 24 to 168 steps, as far as the series is long enough."""

    stride: int = 0
    """Steps between the beginnings of windows; 0 takes about as many windows as a few minutes can read."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"window": 0, "stride": 0})
        require(self.stride <= 1 or self.mode == "windows", "stride is an option of mode='windows'")
        require(not self.label_smoothing, "label_smoothing is for labels: numbers have none")


def _small_stack() -> StackConfig:
    return StackConfig(hidden=32)


@dataclass(frozen=True)
class ForecasterConfig:
    """A forecaster and its training."""

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
            f"linear={self.forecast.linear!r} goes with difference=0: naive repeats values, not changes",
        )
        lags, horizon = self.features.lags, self.forecast.horizon
        require(
            not lags or lags[0] >= horizon,
            f"lags={lags}: each must be at least the horizon of {horizon}, or it would have to be forecast",
        )
        require(
            self.features.calendar in ((), AUTO_CALENDAR) or self.rules.frequency != "rows",
            "calendar needs a frequency: with frequency='rows' the stamps of steps to come are unknown",
        )

    @property
    def settled_transform(self) -> Transform:
        """The transform, once it is no longer left open; ConfigError before that."""
        transform = self.features.transform
        if transform == "auto":
            raise ConfigError("transform='auto' is settled by fit")
        return transform

    def steps_to_forecast(self, horizon: int | None) -> int:
        """Return the steps from each origin of a backtest; None takes the horizon of training.

        Raises:
            ConfigError: if the model cannot forecast so far.
        """
        steps = self._known_steps(horizon)
        require(
            steps <= self.forecast.horizon or self.forecast.strategy == "recursive",
            f"horizon={steps}: a direct forecaster knows the {self.forecast.horizon} steps that it was "
            "trained for and no more",
        )
        return steps

    def steps_after_the_end(self, horizon: int | None) -> int:
        """Return the steps of a forecast after the end of a series, where a direct network of one value may
        go on from its own forecasts; None takes the horizon of training.

        Raises:
            ConfigError: if the model cannot forecast so far.
        """
        goes_on = self.forecast.output == "point" and not self.columns.past
        return self._known_steps(horizon) if goes_on else self.steps_to_forecast(horizon)

    def _known_steps(self, horizon: int | None) -> int:
        lags = self.features.lags
        steps = self.forecast.horizon if horizon is None else horizon
        require(steps >= 1, f"horizon={steps}: must be at least 1")
        require(
            not lags or steps <= lags[0],
            f"horizon={steps}: lags={lags} are known for so many steps and no more",
        )
        return steps
