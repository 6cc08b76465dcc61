"""Print the scores of a forecaster and of baselines, and notes on the series."""

from typing import Any

from rich.console import Console
from rich.table import Table

from unrolled.console import print_table
from unrolled.tasks.forecast.score import BASELINES, ForecastScore
from unrolled.tasks.forecast.task import Forecaster
from unrolled.wording import counted

METRIC_LABELS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE %",
    "smape": "sMAPE %",
    "mase": "MASE",
    "last_step_mape": "MAPE % of the last step",
    "crps": "CRPS",
}
MAX_SERIES = 5
"""Maximum number of series that are described individually."""


def print_scores(task: Forecaster, console: Console) -> str:
    """Print notes on the series and the scores; return the next command to try."""
    for name, info in list(task.data_info["series"].items())[:MAX_SERIES]:
        console.print(
            f"{name}: {info['steps']:,} steps ({info['frequency']}), {info['first']} to {info['last']}: "
            f"{info['train']:,} training, {info['valid']:,} held out, {info['test']:,} test",
            markup=False,
        )
        for note in info["notes"]:
            console.print(f"  {note}", markup=False)
    if len(task.data_info["series"]) > MAX_SERIES:
        console.print(f"… and {len(task.data_info['series']) - MAX_SERIES:,} more series")
    for part, title in (("valid", "held-out part"), ("test", "test part")):
        if part in task.result:
            _print_part(task, task.result[part], title, console)
    return "unrolled evaluate {run} --data FILE.csv"


def _print_part(task: Forecaster, values: dict[str, Any], title: str, console: Console) -> None:
    fields = {n: values[n] for n in ("baselines", "versus", "origins", "horizon", "first", "last", "season")}
    score = ForecastScore(values, **fields)
    table = Table(
        title=f"{title}: {counted(score.origins, 'forecast')} of {counted(score.horizon, 'step')}, "
        f"{score.first} to {score.last}",
        title_justify="left",
    )
    table.add_column("model")
    columns = [k for k in METRIC_LABELS if k in values and (k != "crps" or task.model.output.sampled)]
    for key in columns:
        table.add_column(METRIC_LABELS[key], justify="right")
    rows = {_baseline_label(name, task): score.baselines[name] for name in score.distinct_baselines}
    rows[f"this {task.config.cell.name}"] = values
    for name, metrics in rows.items():
        table.add_row(name, *(_cell(metrics.get(k)) for k in columns))
    print_table(table, console)
    for name in score.distinct_baselines:
        console.print(score.verdict(name), markup=False)


def _baseline_label(name: str, task: Forecaster) -> str:
    """Return the name of a baseline with its season, or with its order if there is only one series."""
    detail = ""
    if name == "seasonal_naive":
        detail = f" ({counted(task.artifacts.season, 'step')})"
    elif name == "autoregression":
        fitted = [artifacts.autoregression for artifacts in task.artifacts.series.values()]
        if len(fitted) == 1 and fitted[0]:
            detail = f" ({len(fitted[0].coefficients)})"
    return BASELINES[name] + detail


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
