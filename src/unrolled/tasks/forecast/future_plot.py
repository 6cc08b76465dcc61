"""A picture of the steps to come of every series, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.data.series import Series
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.tasks.forecast.plot import BEFORE, draw_bands
from unrolled.tasks.forecast.rolling import Forecasts
from unrolled.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 40
"""Series that have room in a picture."""


@dataclass(frozen=True, eq=False)
class Future:
    """A series and the forecast from its end, H steps."""

    series: Series
    found: Forecasts


def draw_future(futures: Sequence[Future], levels: Sequence[float]) -> "Figure":
    """Return a figure with a panel for each series; of more than 40 the first.

    Args:
        futures: of every series.
        levels: of the quantiles, where there are any.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    shown = futures[:MOST]
    height = 5.0 if len(shown) == 1 else 2.4 * len(shown)
    figure = Figure(figsize=(10, height), layout="constrained")
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axes, future in zip(panels, shown, strict=True):
        _draw(axes, future, levels)
    panels[0].legend(loc="upper left", fontsize=9, framealpha=0.6)
    steps = shown[0].found.point.shape[1]
    more = f"; the first {MOST} of {len(futures):,} series" if len(futures) > MOST else ""
    panels[0].set_title(f"forecast of the {counted(steps, 'step')} to come{more}", fontsize=10)
    return figure


def _draw(axes: "Axes", future: Future, levels: Sequence[float]) -> None:
    s, found = future.series, future.found
    steps = found.point.shape[1]
    begin = max(0, s.steps - max(BEFORE * steps, 24))
    place = _places(s, s.steps + steps)
    past, ahead = place[begin : s.steps], place[s.steps - 1 :]
    axes.plot(past, s.target[begin:], color="black", linewidth=1.2, label="observed")
    if found.quantiles is not None:
        last = np.full((1, found.quantiles.shape[-1]), s.target[-1])
        draw_bands(axes, ahead, np.concatenate([last, found.quantiles[0]]), levels, labelled=True)
    line = np.concatenate([s.target[-1:], found.point[0]])
    axes.plot(ahead, line, color="tab:orange", linewidth=1.5, marker=".", label="forecast")
    axes.set_ylabel(label_text(s.name))
    axes.grid(alpha=0.3)
    if not isinstance(place, np.ndarray):
        _date_axis(axes)


def _places(s: Series, end: int) -> Any:
    """Return where each step is drawn: at its time stamp, or at its number where one is unknown."""
    stamps = s.stamps(end)
    return np.arange(1, end + 1) if stamps.hasnans or not hasattr(stamps, "as_unit") else stamps


def _date_axis(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.xaxis.set_major_locator(locator := AutoDateLocator())
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
