"""Specification of the forecasting task."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.ladder import Ladder


def _config() -> type[Any]:
    from unrolled.tasks.forecast.config import ForecasterConfig

    return ForecasterConfig


def _parts() -> TaskParts:
    from unrolled.tasks.forecast.artifacts import ForecasterArtifacts
    from unrolled.tasks.forecast.report import print_scores
    from unrolled.tasks.forecast.task import Forecaster

    return TaskParts(ForecasterArtifacts, Forecaster, print_scores)


def _ladder() -> "type[Ladder]":
    from unrolled.tasks.forecast.ladder import ForecastLadder

    return ForecastLadder


SPEC = TaskSpec(
    verb="forecast",
    summary="train a forecaster on series of numbers",
    description="Train a recurrent forecaster on series of numbers.",
    missing_data="no series: give --data FILE.csv, --data @timeseries/NAME, or --recipe",
    metrics=(
        "mae",
        "rmse",
        "mape",
        "smape",
        "mase",
        "relative_mase",
        "crps",
        "last_step_mape",
        "last_step_mae",
    ),
    counted="steps",
    loss_unit="scaled units",
    files=("scales.json",),
    plots=("forecast", "future"),
    old_defaults={"forecast": {"linear": "none"}},
    import_config=_config,
    import_parts=_parts,
    import_ladder=_ladder,
)
