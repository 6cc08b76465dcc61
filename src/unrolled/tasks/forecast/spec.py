"""Specification of the forecasting task."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.ladder import Ladder
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service


def _config() -> type[Any]:
    from unrolled.tasks.forecast.config import ForecasterConfig

    return ForecasterConfig


def _artifacts() -> "type[Artifacts]":
    from unrolled.tasks.forecast.artifacts import ForecasterArtifacts

    return ForecasterArtifacts


def _parts() -> TaskParts:
    from unrolled.tasks.forecast.report import print_scores
    from unrolled.tasks.forecast.task import Forecaster

    return TaskParts(Forecaster, print_scores)


def _runtime() -> "type[Runtime[Any, Any]]":
    from unrolled.tasks.forecast.runtime import ForecasterRuntime

    return ForecasterRuntime


def _service() -> "type[Service[Any]]":
    from unrolled.tasks.forecast.service import ForecasterService

    return ForecasterService


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
    import_artifacts=_artifacts,
    import_parts=_parts,
    import_runtime=_runtime,
    import_service=_service,
    import_ladder=_ladder,
)
