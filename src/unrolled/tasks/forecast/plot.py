"""Plot forecasts with the history and their intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.data.series import Numbers, Series
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.folder import make_inner_folder
from unrolled.storage.picture import save_figure
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_FORECASTS = 8
"""Draw at most this many forecasts: the last ones."""
HISTORY_LENGTH_IN_HORIZONS = 3
"""Length of the history before the first forecast, as a multiple of the horizon (at least 24 steps)."""


def plot_forecasts(
    series: Series, origins: Sequence[int], forecasts: Forecasts, levels: tuple[float, ...], folder: Path
) -> Path:
    """Plot the last forecasts of a series and the actual values; return the path of the PNG.

    Args:
        series: the series.
        origins: the first step of each forecast.
        forecasts: N forecasts of H steps.
        levels: quantile levels.
        folder: folder for ``forecast.png``.
    """
    with extra("plots", "a picture"):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.figure import Figure

    make_inner_folder(folder)
    horizon = forecasts.point.shape[1]
    shown = range(max(0, len(origins) - MAX_FORECASTS), len(origins))
    begin = max(0, origins[shown[0]] - max(HISTORY_LENGTH_IN_HORIZONS * horizon, 24))
    stamps = series.stamps(series.steps)
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots()
    end = origins[-1] + horizon
    axes.plot(stamps[begin:end], series.target[begin:end], color="black", linewidth=1.2, label="observed")
    for i in shown:
        steps = np.arange(origins[i], origins[i] + horizon)
        label = "forecast" if i == shown[0] else None
        axes.plot(
            stamps[steps], forecasts.point[i], color="tab:orange", linewidth=1.5, marker=".", label=label
        )
        axes.axvline(stamps[origins[i] - 1], color="gray", linewidth=1.0, linestyle=":")
        if forecasts.quantiles is not None:
            draw_bands(axes, stamps[steps], forecasts.quantiles[i], levels, labelled=i == shown[0])
    axes.set_ylabel(label_text(series.name))
    axes.xaxis.set_major_locator(locator := AutoDateLocator())
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_title(
        f"last {len(shown)} forecasts, {counted(horizon, 'step')} ahead; dotted lines mark where they start"
        if len(shown) > 1
        else f"last forecast, {counted(horizon, 'step')} ahead; the dotted line marks where it starts",
        fontsize=10,
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="best", fontsize=9, framealpha=0.6)
    return save_figure(figure, folder / "forecast.png")


def draw_bands(
    axes: "Axes", stamps: Any, quantiles: Numbers, levels: Sequence[float], *, labelled: bool
) -> None:
    """Shade the interval between the k-th lowest and the k-th highest quantile, for every k.

    Inner intervals are darker.
    """
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        label = f"{levels[high] - levels[low]:.0%} interval" if labelled else None
        axes.fill_between(
            stamps,
            quantiles[:, low],
            quantiles[:, high],
            color="tab:orange",
            alpha=0.15 * (low + 1),
            linewidth=0,
            label=label,
        )
