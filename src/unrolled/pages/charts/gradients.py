"""Gradients through time: the matrix over (t, k), curves over the distance, and what steps add."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from unrolled.diagnostics.contributions import Contributions
from unrolled.diagnostics.findings.reach import VANISHED
from unrolled.diagnostics.gradients import DistanceCurve, Floats, GradientMatrices, StateGradients
from unrolled.pages.charts.names import stem
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, WIDE, new_figure

DECADES = 12
"""Of a matrix that are shown below its largest value."""
WEIGHTS = {"weight_ih": "W", "weight_hh": "U", "bias_ih": "b"}


def matrix_chart(one: StateGradients) -> Chart:
    """Draw the mean over the rows of ‖∂Eₜ/∂sₖ‖, losses down and steps across, on a log scale."""
    matrix = one.matrix()
    figure = new_figure(HALF, 3.6)
    axes = figure.subplots()
    shown = np.where(matrix > 0, matrix, np.nan)
    top = float(np.nanmax(shown)) if np.isfinite(shown).any() else 1.0
    seen = float(np.nanmin(shown)) if np.isfinite(shown).any() else 1.0
    low = max(seen, top * 10.0**-DECADES)
    norm = LogNorm(min(low, top / 10), top)
    image = axes.imshow(np.maximum(shown, low), norm=norm, aspect="auto", interpolation="nearest")
    axes.set_xlabel(f"step k of the state {one.state}")
    axes.set_ylabel("loss t")
    below = "; below the scale drawn as its end" if seen < low else ""
    figure.colorbar(image, label=f"‖∂Eₜ/∂{one.state}ₖ‖, mean over rows")
    return Chart(
        stem("gradient-matrix", one.name),
        f"∂Eₜ/∂{one.state}ₖ, {one.layer}",
        f"How much the loss at step t depends on the state {one.state} at step k{below}. The diagonal "
        "is a step's own state; the further from it a row stays coloured, the further back this loss "
        "teaches.",
        figure,
        {"mean_norm": matrix, "of_summed_loss": np.nan_to_num(one.total).mean(1)},
    )


def distance_chart(curves: Sequence[DistanceCurve]) -> Chart:
    """Draw medians and 10–90% bands of the norms over the distance, on a logarithmic axis."""
    figure = new_figure(WIDE, 3.8)
    axes = figure.subplots()
    for number, curve in enumerate(curves):
        _curve(axes, curve, PALETTE[number % len(PALETTE)], ("-", "--", ":")[number // len(PALETTE) % 3])
    axes.set_yscale("log")
    floor = min((float(c.median[c.median > 0].min()) for c in curves if (c.median > 0).any()), default=1e-12)
    top = max(float(c.high.max()) for c in curves)
    axes.set_ylim(max(floor / 3, top * 1e-30) if top > 0 else 1e-12, top * 3 if top > 0 else 1.0)
    own = max((float(c.median[c.median > 0][0]) for c in curves if (c.median > 0).any()), default=1.0)
    axes.axhline(own * VANISHED, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    if own * VANISHED > axes.get_ylim()[0]:
        at = (1, own * VANISHED)
        axes.annotate("1/1000", at, xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axes.set_xlabel("distance t − k in steps")
    axes.set_ylabel("‖∂Eₜ/∂sₖ‖")
    axes.legend()
    return Chart(
        "gradients-over-distance",
        "Gradients over the distance",
        "Median over all losses and rows of the norm of the gradient, by how far the state lies back from "
        "the loss; bands from the 10% to the 90% quantile. A straight line down is a constant factor a step.",
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
    """Draw ‖∂(Σ E)/∂s_k‖ over the steps, mean over the rows."""
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    numbers: dict[str, Floats] = {}
    for one in matrices.states:
        counts = (~np.isnan(one.total)).sum(1)
        numbers[one.name] = np.nansum(one.total, 1) / np.maximum(counts, 1)
        axes.plot(np.where(numbers[one.name] > 0, numbers[one.name], np.nan), label=one.name)
    axes.set_yscale("log")
    axes.set_xlabel("step k")
    axes.set_ylabel("‖∂E/∂sₖ‖ of the summed loss")
    axes.legend(fontsize=8)
    return Chart(
        "gradient-of-the-sum",
        "The summed loss",
        "How much the sum of all losses depends on the state at each step, mean over the rows: what training "
        "feels. Near the end few losses are still to come.",
        figure,
        numbers,
    )


def contribution_chart(found: Contributions) -> Chart:
    """Draw what each step adds to the gradients of W, U and b."""
    figure = new_figure(HALF, 3.2)
    axes = figure.subplots()
    for name, letter in WEIGHTS.items():
        if name in found.norms:
            norms = found.norms[name]
            axes.plot(np.where(norms > 0, norms, np.nan), label=f"{letter} ({name})")
    axes.set_yscale("log")
    axes.set_xlabel("step k")
    axes.set_ylabel("‖∂E/∂w at step k‖")
    axes.legend(fontsize=8)
    return Chart(
        stem("contributions", found.layer),
        f"What each step adds, {found.layer}",
        "The gradient of a weight is a sum over the steps at which it is used: the norm of each term.",
        figure,
        dict(found.norms),
    )
