"""Charts of gradients through time: matrix over (t, k), curves by distance, contributions of steps."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from unrolled.diagnostics.contributions import Contributions
from unrolled.diagnostics.findings.reach import VANISHED
from unrolled.diagnostics.gradients import DistanceCurve, Floats, GradientMatrices, StateGradients
from unrolled.pages.charts.names import file_stem
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, WIDE, new_figure

DECADES = 12
"""Colour range of a matrix: decades below its largest value."""
WEIGHTS = {"weight_ih": "W", "weight_hh": "U", "bias_ih": "b"}


def matrix_chart(gradients: StateGradients) -> Chart:
    """Draw the mean over the rows of ‖∂Eₜ/∂sₖ‖, losses down and steps across, on a log scale."""
    matrix = gradients.matrix()
    figure = new_figure(HALF, 3.6)
    axes = figure.subplots()
    shown = np.where(matrix > 0, matrix, np.nan)
    top = float(np.nanmax(shown)) if np.isfinite(shown).any() else 1.0
    smallest = float(np.nanmin(shown)) if np.isfinite(shown).any() else 1.0
    low = max(smallest, top * 10.0**-DECADES)
    norm = LogNorm(min(low, top / 10), top)
    image = axes.imshow(np.maximum(shown, low), norm=norm, aspect="auto", interpolation="nearest")
    axes.set_xlabel(f"step k of the state {gradients.state}")
    axes.set_ylabel("loss t")
    below = "; smaller values have the lowest colour" if smallest < low else ""
    figure.colorbar(image, label=f"‖∂Eₜ/∂{gradients.state}ₖ‖, mean over rows")
    return Chart(
        file_stem("gradient-matrix", gradients.name),
        f"∂Eₜ/∂{gradients.state}ₖ, {gradients.layer}",
        f"How much the loss at step t depends on the state {gradients.state} at step k{below}. On the "
        "diagonal k = t; the further from it a row stays coloured, the further back its gradient reaches.",
        figure,
        {"mean_norm": matrix, "of_summed_loss": np.nan_to_num(gradients.total).mean(1)},
    )


def distance_chart(curves: Sequence[DistanceCurve]) -> Chart:
    """Draw medians and 10–90% bands of the norms by distance, on a log scale."""
    figure = new_figure(WIDE, 3.8)
    axes = figure.subplots()
    for number, curve in enumerate(curves):
        _curve(axes, curve, PALETTE[number % len(PALETTE)], ("-", "--", ":")[number // len(PALETTE) % 3])
    axes.set_yscale("log")
    floor = min((float(c.median[c.median > 0].min()) for c in curves if (c.median > 0).any()), default=1e-12)
    top = max(float(c.high.max()) for c in curves)
    axes.set_ylim(max(floor / 3, top * 1e-30) if top > 0 else 1e-12, top * 3 if top > 0 else 1.0)
    first = max((float(c.median[c.median > 0][0]) for c in curves if (c.median > 0).any()), default=1.0)
    axes.axhline(first * VANISHED, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    if first * VANISHED > axes.get_ylim()[0]:
        position = (1, first * VANISHED)
        axes.annotate(
            "1/1000", position, xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8
        )
    axes.set_xlabel("distance t − k in steps")
    axes.set_ylabel("‖∂Eₜ/∂sₖ‖")
    axes.legend()
    return Chart(
        "gradients-over-distance",
        "Gradients by distance",
        "Median gradient norm over all losses and rows, by the distance from the loss back to the state, "
        "with bands from the 10% to the 90% quantile. A straight line is a constant factor per step.",
        figure,
        {
            c.name: {
                "distance": c.distance,
                "mean": c.mean,
                "q10": c.low,
                "median": c.median,
                "q90": c.high,
                "count": c.count,
            }
            for c in curves
        },
    )


def _curve(axes: Axes, curve: DistanceCurve, colour: str, line: str) -> None:
    positive = np.where(curve.median > 0, curve.median, np.nan)
    axes.plot(curve.distance, positive, color=colour, linestyle=line, label=curve.name)
    low = np.where(curve.low > 0, curve.low, np.finfo(np.float32).tiny)
    axes.fill_between(curve.distance, low, np.maximum(curve.high, low), color=colour, alpha=0.15, linewidth=0)


def total_chart(matrices: GradientMatrices) -> Chart:
    """Draw ‖∂(Σ E)/∂s_k‖ by step, mean over the rows."""
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    numbers: dict[str, Floats] = {}
    for state in matrices.states:
        counts = (~np.isnan(state.total)).sum(1)
        numbers[state.name] = np.nansum(state.total, 1) / np.maximum(counts, 1)
        axes.plot(np.where(numbers[state.name] > 0, numbers[state.name], np.nan), label=state.name)
    axes.set_yscale("log")
    axes.set_xlabel("step k")
    axes.set_ylabel("‖∂E/∂sₖ‖ of the summed loss")
    axes.legend(fontsize=8)
    return Chart(
        "gradient-of-the-sum",
        "Gradient of the summed loss",
        "How much the sum of all losses depends on the state at each step (mean over the rows): the gradient "
        "used in training. Near the end, few losses follow.",
        figure,
        numbers,
    )


def contribution_chart(contributions: Contributions) -> Chart:
    """Draw the contribution of each step to the gradients of W, U and b."""
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    for name, letter in WEIGHTS.items():
        if name in contributions.norms:
            norms = contributions.norms[name]
            axes.plot(np.where(norms > 0, norms, np.nan), label=f"{letter} ({name})")
    axes.set_yscale("log")
    axes.set_xlabel("step k")
    axes.set_ylabel("‖∂E/∂w at step k‖")
    axes.legend(fontsize=8)
    return Chart(
        file_stem("contributions", contributions.layer),
        f"Contributions of the steps, {contributions.layer}",
        "The gradient of a weight is a sum over the steps that use it; this is the norm of each term.",
        figure,
        dict(contributions.norms),
    )
