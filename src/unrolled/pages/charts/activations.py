"""Charts of activations: σ′, saturation, gates and states over time."""

from collections.abc import Mapping, Sequence

import numpy as np

from unrolled.diagnostics.activation_saturation import Saturation
from unrolled.diagnostics.activation_trajectories import GateTrajectory, StateTrajectory, TimeConstants
from unrolled.diagnostics.activations import SlopeDistribution
from unrolled.pages.charts.names import file_stem
from unrolled.pages.parts import Chart, Table
from unrolled.pages.style import HALF, INK, PALETTE, new_figure


def slopes_chart(distributions: Sequence[SlopeDistribution]) -> Chart:
    """Draw the distribution of σ′ of every nonlinearity of one layer."""
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    for number, d in enumerate(distributions):
        share = d.counts / max(d.counts.sum(), 1)
        axes.stairs(share, d.edges / d.edges[-1], color=PALETTE[number % len(PALETTE)], label=d.name)
    axes.set_yscale("log")
    axes.set_xlabel("σ′(a) as a fraction of its maximum")
    axes.set_ylabel("fraction of steps and units")
    axes.legend(fontsize=8)
    layer = distributions[0].layer
    return Chart(
        file_stem("slopes", layer),
        f"σ′, {layer}",
        "A nonlinearity multiplies gradients by its σ′: near the left end, gradients vanish. In gated "
        "cells, the retained state bypasses the nonlinearity.",
        figure,
        {
            d.name: {
                "largest_possible": float(d.edges[-1]),
                "edges": d.edges,
                "counts": d.counts,
                "mean": d.mean,
                "q10": d.low,
                "median": d.median,
                "q90": d.high,
                "largest": d.largest,
            }
            for d in distributions
        },
    )


def saturation_chart(saturations: Sequence[Saturation]) -> Chart:
    """Draw each unit at its fractions of right- and left-saturated steps, one colour per gate."""
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    for number, s in enumerate(saturations):
        colour, marker = PALETTE[number % len(PALETTE)], "os^Dv"[number % 5]
        axes.scatter(
            s.right, s.left, s=10, color=colour, marker=marker, alpha=0.5, linewidths=0, label=s.name
        )
    axes.plot([0, 1], [1, 0], color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("fraction of time right-saturated")
    axes.set_ylabel("fraction of time left-saturated")
    axes.legend(fontsize=8)
    layer = saturations[0].layer
    return Chart(
        file_stem("saturation", layer),
        f"Saturated units, {layer}",
        "Each mark is a unit, as in Karpathy et al. (2015). Units near the dotted line are saturated at "
        "every step. A forget gate at the lower right remembers; an input gate at the upper left is closed.",
        figure,
        {
            s.name: {
                "left": s.left,
                "right": s.right,
                "always": s.always,
                "dead": s.dead,
                "constant": s.constant,
            }
            for s in saturations
        },
    )


def gates_chart(gates: Sequence[GateTrajectory]) -> Chart:
    """Draw the mean of each gate over the steps, with a band over the units."""
    return _courses_chart(
        file_stem("gates", gates[0].layer),
        f"Gates over time, {gates[0].layer}",
        "Mean over rows and units, with a band from the 10% to the 90% quantile of the units.",
        "gate",
        {g.gate: g for g in gates},
    )


def norms_chart(states: Sequence[StateTrajectory]) -> Chart:
    """Draw the norms of the states over the steps, with a band over the rows."""
    return _courses_chart(
        file_stem("state-norms", states[0].layer),
        f"States over time, {states[0].layer}",
        "Euclidean norm: mean over rows, with a band from the 10% to the 90% quantile.",
        "‖state‖",
        {s.state: s for s in states},
    )


def _courses_chart(
    name: str, title: str, caption: str, label: str, courses: Mapping[str, GateTrajectory | StateTrajectory]
) -> Chart:
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    for number, (key, course) in enumerate(courses.items()):
        colour, steps = PALETTE[number % len(PALETTE)], np.arange(len(course.mean))
        axes.plot(steps, course.mean, color=colour, label=key)
        axes.fill_between(steps, course.low, course.high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xlabel("step")
    axes.set_ylabel(label)
    axes.legend(fontsize=8, ncols=2)
    numbers = {
        key: {"mean": course.mean, "q10": course.low, "median": course.median, "q90": course.high}
        for key, course in courses.items()
    }
    return Chart(name, title, caption, figure, numbers)


def time_constants_table(constants: Sequence[TimeConstants]) -> Table:
    """Return the table of the time constants of the gates of each layer."""
    return Table(
        "Time constants of the gates",
        "Number of steps after which the mean gate of a unit retains 1/e of its state: quantiles over the "
        "units, and the longest.",
        ("layer", "gate", "10%", "median", "90%", "longest"),
        [
            (t.layer, t.gate, *(f"{q:,.1f}" for q in t.quantiles), f"{float(np.max(t.steps)):,.1f}")
            for t in constants
        ],
    )
