"""Plot the forecast from the end of every series, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.data.series import Series
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.tasks.forecast.plot import HISTORY_LENGTH_IN_HORIZONS, draw_bands
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_SERIES = 40
"""Maximum number of series in a plot."""


@dataclass(frozen=True, eq=False)
class Future:
    """A series and the forecast of H steps from its end."""

    series: Series
    forecast: Forecasts


def draw_future(futures: Sequence[Future], levels: Sequence[float]) -> "Figure":
    """Return a figure with a panel for each of the first 40 series.

    Args:
        futures: series and forecasts.
        levels: quantile levels, if the forecasts have quantiles.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    shown = futures[:MAX_SERIES]
    height = 5.0 if len(shown) == 1 else 2.4 * len(shown)
    figure = Figure(figsize=(10, height), layout="constrained")
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axes, future in zip(panels, shown, strict=True):
        _draw(axes, future, levels)
    panels[0].legend(loc="upper left", fontsize=9, framealpha=0.6)
    steps = shown[0].forecast.point.shape[1]
    more = f"; the first {MAX_SERIES} of {len(futures):,} series" if len(futures) > MAX_SERIES else ""
    panels[0].set_title(f"forecast of the next {counted(steps, 'step')}{more}", fontsize=10)
    return figure


def _draw(axes: "Axes", future: Future, levels: Sequence[float]) -> None:
    s, forecast = future.series, future.forecast
    steps = forecast.point.shape[1]
    begin = max(0, s.steps - max(HISTORY_LENGTH_IN_HORIZONS * steps, 24))
    positions = _x_positions(s, s.steps + steps)
    past, ahead = positions[begin : s.steps], positions[s.steps - 1 :]
    axes.plot(past, s.target[begin:], color="black", linewidth=1.2, label="observed")
    if forecast.quantiles is not None:
        last_value = np.full((1, forecast.quantiles.shape[-1]), s.target[-1])
        draw_bands(axes, ahead, np.concatenate([last_value, forecast.quantiles[0]]), levels, labelled=True)
    line = np.concatenate([s.target[-1:], forecast.point[0]])
    axes.plot(ahead, line, color="tab:orange", linewidth=1.5, marker=".", label="forecast")
    axes.set_ylabel(label_text(s.name))
    axes.grid(alpha=0.3)
    if not isinstance(positions, np.ndarray):
        _format_date_axis(axes)


def _x_positions(s: Series, end: int) -> Any:
    """Return the x position of each step: its time stamp, or its number if a stamp is unknown."""
    stamps = s.stamps(end)
    return np.arange(1, end + 1) if stamps.hasnans or not hasattr(stamps, "as_unit") else stamps


def _format_date_axis(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.xaxis.set_major_locator(locator := AutoDateLocator())
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
