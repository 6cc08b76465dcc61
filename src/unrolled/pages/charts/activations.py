"""Activations: σ′, saturated units and gates, gates and states over time."""

from collections.abc import Mapping, Sequence

import numpy as np

from unrolled.diagnostics.activation_courses import GateCourse, StateCourse, TimeConstants
from unrolled.diagnostics.activation_saturation import Saturation
from unrolled.diagnostics.activations import SlopeDistribution
from unrolled.pages.charts.names import stem
from unrolled.pages.parts import Chart, Table
from unrolled.pages.style import HALF, INK, PALETTE, new_figure


def slopes_chart(found: Sequence[SlopeDistribution]) -> Chart:
    """Draw the distribution of σ′ of every nonlinearity of one layer."""
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    for number, one in enumerate(found):
        share = one.counts / max(one.counts.sum(), 1)
        axes.stairs(share, one.edges / one.edges[-1], color=PALETTE[number % len(PALETTE)], label=one.name)
    axes.set_yscale("log")
    axes.set_xlabel("σ′(a) as a share of the largest possible")
    axes.set_ylabel("share of steps and units")
    axes.legend(fontsize=8)
    layer = found[0].layer
    return Chart(
        stem("slopes", layer),
        f"σ′, {layer}",
        "What passes back through a nonlinearity is multiplied by its σ′: near the left end next to nothing "
        "passes. In gated cells the kept state goes past it.",
        figure,
        {
            one.name: {
                "largest_possible": float(one.edges[-1]),
                "edges": one.edges,
                "counts": one.counts,
                "mean": one.mean,
                "q10": one.low,
                "median": one.median,
                "q90": one.high,
                "largest": one.largest,
            }
            for one in found
        },
    )


def saturation_chart(found: Sequence[Saturation]) -> Chart:
    """Draw each unit by the fraction of time that it is right- and left-saturated, one panel a gate."""
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    for number, one in enumerate(found):
        colour, marker = PALETTE[number % len(PALETTE)], "os^Dv"[number % 5]
        axes.scatter(
            one.right, one.left, s=10, color=colour, marker=marker, alpha=0.5, linewidths=0, label=one.name
        )
    axes.plot([0, 1], [1, 0], color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("fraction of time right-saturated")
    axes.set_ylabel("fraction of time left-saturated")
    axes.legend(fontsize=8)
    layer = found[0].layer
    return Chart(
        stem("saturation", layer),
        f"Saturated units, {layer}",
        "Each mark is a unit, after Karpathy et al. (2015). Near the dotted line it is saturated at every "
        "step; a "
        "forget gate at the lower right remembers, an input gate at the upper left lets nothing in.",
        figure,
        {
            one.name: {
                "left": one.left,
                "right": one.right,
                "always": one.always,
                "dead": one.dead,
                "constant": one.constant,
            }
            for one in found
        },
    )


def gates_chart(found: Sequence[GateCourse]) -> Chart:
    """Draw the mean of each gate over the steps, with a band over the units."""
    return _courses_chart(
        stem("gates", found[0].layer),
        f"Gates over time, {found[0].layer}",
        "Mean over rows and units, and a band from the 10% to the 90% quantile of the units.",
        "gate",
        {one.gate: one for one in found},
    )


def norms_chart(found: Sequence[StateCourse]) -> Chart:
    """Draw the norms of the states over the steps, with a band over the rows."""
    return _courses_chart(
        stem("state-norms", found[0].layer),
        f"States over time, {found[0].layer}",
        "Euclidean norm, mean over rows, and a band from the 10% to the 90% quantile.",
        "‖state‖",
        {one.state: one for one in found},
    )


def _courses_chart(
    name: str, title: str, caption: str, label: str, courses: Mapping[str, GateCourse | StateCourse]
) -> Chart:
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    for number, (what, one) in enumerate(courses.items()):
        colour, steps = PALETTE[number % len(PALETTE)], np.arange(len(one.mean))
        axes.plot(steps, one.mean, color=colour, label=what)
        axes.fill_between(steps, one.low, one.high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xlabel("step")
    axes.set_ylabel(label)
    axes.legend(fontsize=8, ncols=2)
    numbers = {
        what: {"mean": one.mean, "q10": one.low, "median": one.median, "q90": one.high}
        for what, one in courses.items()
    }
    return Chart(name, title, caption, figure, numbers)


def time_constants_table(found: Sequence[TimeConstants]) -> Table:
    """Return after how many steps the gates of each layer leave 1/e of the old state."""
    return Table(
        "How long the gates keep",
        "Steps after which the mean gate of a unit leaves 1/e of its old state: the units at 10%, 50% and "
        "90%, and "
        "the longest.",
        ("layer", "gate", "10%", "median", "90%", "longest"),
        [
            (t.layer, t.gate, *(f"{q:,.1f}" for q in t.quantiles), f"{float(np.max(t.steps)):,.1f}")
            for t in found
        ],
    )
