"""Figures that several lessons draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unrolled.labels import label_updates
from unrolled.pages.parts import Chart
from unrolled.pages.style import INK, PALETTE, WIDE, new_figure
from unrolled.tutorials.looking import WayBack
from unrolled.tutorials.practice import Trained

SMALLEST = 2.0**-149
"""The least positive number of float32."""
FURTHEST = 90
"""Decades below the largest value that are shown."""
LINES = ("-", "--", ":", "-.")


def way_back_chart(name: str, title: str, seen: Mapping[str, WayBack]) -> Chart:
    """Draw the gradient of the last loss over the distance back, one line a network."""
    figure = new_figure(WIDE, 3.8)
    axes = figure.subplots()
    for number, (label, way) in enumerate(seen.items()):
        norm = np.where(way.norm > 0, way.norm, np.nan)
        axes.plot(way.distance, norm, **line(number), label=label)
    axes.set_yscale("log")
    largest = max(float(way.norm.max()) for way in seen.values())
    least = min(float(way.norm[way.norm > 0].min()) for way in seen.values())
    bottom = max(least / 10, largest * 10.0**-FURTHEST)
    axes.set_ylim(bottom, largest * 10)
    if bottom < SMALLEST:
        axes.axhline(SMALLEST, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom"}
        axes.annotate("float32 ends here", (1, SMALLEST), **place, fontsize=8)
    axes.set_xlabel("distance back in steps")
    axes.set_ylabel("‖∂E/∂state‖")
    axes.legend(fontsize=8, ncols=2)
    numbers = {
        label: {"distance": w.distance, "norm": w.norm, "factor": w.factor} for label, w in seen.items()
    }
    caption = (
        "Median over sequences of the norm of the gradient of the last loss with respect to the state, by "
        "how "
        "far the state lies back. A straight line is a constant factor a step."
    )
    return Chart(name, title, caption, figure, numbers)


def learning_chart(name: str, title: str, runs: Sequence[Trained]) -> Chart:
    """Draw the held-out loss over the updates, and what the problem costs without memory."""
    problem = runs[0].model.problem
    figure = new_figure(WIDE, 3.4)
    axes = figure.subplots()
    for number, run in enumerate(runs):
        if not run.validated:
            continue
        steps, losses = zip(*run.validated, strict=True)
        axes.plot(steps, losses, **line(number), marker="o", markersize=3.5, label=run.name)
    axes.axhline(problem.baseline, color=INK, alpha=0.6, linewidth=0.8, linestyle=":", label="without memory")
    seen = [loss for run in runs for _, loss in run.validated]
    if min(seen, default=1.0) < problem.baseline / 10:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.1 * max([*seen, problem.baseline]))
    axes.set_xlim(left=0)
    label_updates(axes)
    measure = "mean squared error" if problem.measure == "squared error" else "nats an answer"
    axes.set_ylabel(f"held-out loss, {measure}")
    axes.legend(fontsize=8, ncols=2)
    numbers = {run.name: {"validated": run.validated, "accuracy": run.accuracy} for run in runs}
    caption = "A line ends early where the problem is solved: training stops there."
    if any(not run.validated for run in runs):
        caption += f" Broken before a first validation: {', '.join(r.name for r in runs if not r.validated)}."
    return Chart(name, title, caption, figure, numbers)


def line(number: int) -> dict[str, Any]:
    """Return colour and style of a line by its number: lines that coincide are seen all the same."""
    return {"color": PALETTE[number % len(PALETTE)], "linestyle": LINES[number % len(LINES)]}
