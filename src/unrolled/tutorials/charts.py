"""Charts shared by the lessons."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unrolled.labels import label_update_axis
from unrolled.pages.parts import Chart
from unrolled.pages.style import INK, PALETTE, WIDE, new_figure
from unrolled.tutorials.gradient_flow import GradientFlow
from unrolled.tutorials.trial import TrialResult

SMALLEST_FLOAT32 = 2.0**-149
"""Smallest positive float32 number."""
MAX_DECADES = 90
"""Number of decades shown below the largest value."""
LINES = ("-", "--", ":", "-.")


def gradient_chart(name: str, title: str, flows: Mapping[str, GradientFlow]) -> Chart:
    """Plot the gradient of the last loss against the distance back, one line per network."""
    figure = new_figure(WIDE, 3.8)
    axes = figure.subplots()
    for number, (label, flow) in enumerate(flows.items()):
        norm = np.where(flow.norm > 0, flow.norm, np.nan)
        axes.plot(flow.distance, norm, **line_style(number), label=label)
    axes.set_yscale("log")
    largest = max(float(flow.norm.max()) for flow in flows.values())
    smallest = min(float(flow.norm[flow.norm > 0].min()) for flow in flows.values())
    bottom = max(smallest / 10, largest * 10.0**-MAX_DECADES)
    axes.set_ylim(bottom, largest * 10)
    if bottom < SMALLEST_FLOAT32:
        axes.axhline(SMALLEST_FLOAT32, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
        position: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom"}
        axes.annotate("smallest float32", (1, SMALLEST_FLOAT32), **position, fontsize=8)
    axes.set_xlabel("distance back in steps")
    axes.set_ylabel("‖∂E/∂state‖")
    axes.legend(fontsize=8, ncols=2)
    numbers = {
        label: {"distance": f.distance, "norm": f.norm, "factor": f.factor} for label, f in flows.items()
    }
    caption = (
        "Norm of the gradient of the last loss with respect to an earlier state, by the distance back to "
        "that state; median over sequences. A straight line means a constant factor per step."
    )
    return Chart(name, title, caption, figure, numbers)


def learning_chart(name: str, title: str, runs: Sequence[TrialResult]) -> Chart:
    """Plot held-out loss against updates, one line per run, with the baseline."""
    problem = runs[0].model.problem
    figure = new_figure(WIDE, 3.4)
    axes = figure.subplots()
    for number, run in enumerate(runs):
        if not run.validations:
            continue
        steps, losses = zip(*run.validations, strict=True)
        axes.plot(steps, losses, **line_style(number), marker="o", markersize=3.5, label=run.name)
    axes.axhline(
        problem.baseline, color=INK, alpha=0.6, linewidth=0.8, linestyle=":", label="baseline: no memory"
    )
    held_out = [loss for run in runs for _, loss in run.validations]
    if min(held_out, default=1.0) < problem.baseline / 10:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.1 * max([*held_out, problem.baseline]))
    axes.set_xlim(left=0)
    label_update_axis(axes)
    measure = "mean squared error" if problem.loss_kind == "squared error" else "nats per answer"
    axes.set_ylabel(f"held-out loss, {measure}")
    axes.legend(fontsize=8, ncols=2)
    numbers = {run.name: {"validated": run.validations, "accuracy": run.accuracy} for run in runs}
    caption = "A line ends early if the problem is solved, because training stops then."
    if any(not run.validations for run in runs):
        caption += (
            f" Failed before the first validation: {', '.join(r.name for r in runs if not r.validations)}."
        )
    return Chart(name, title, caption, figure, numbers)


def line_style(number: int) -> dict[str, Any]:
    """Return colour and dash style of a line by its number, so that coinciding lines remain visible."""
    return {"color": PALETTE[number % len(PALETTE)], "linestyle": LINES[number % len(LINES)]}
