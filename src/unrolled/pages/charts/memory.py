"""Charts of memory: loss by context length, and by distance of a replaced token."""

import numpy as np

from unrolled.diagnostics.memory_context import STANDARD_ERRORS, TOLERANCE, ContextCurve
from unrolled.diagnostics.memory_replacement import ReplacementCurve
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, new_figure


def context_chart(curve: ContextCurve, unit: str) -> Chart:
    """Draw the excess of the loss over that with the longest context, and the effective context."""
    figure = new_figure(HALF, 3.3)
    axes = figure.subplots()
    limit, (least, most) = curve.tolerance_nats(), curve.effective_range()
    points = (
        curve.contexts[:-1],
        curve.excess[:-1],
        STANDARD_ERRORS * curve.excess_error[:-1],
    )  # the last is 0
    axes.errorbar(*points, color=PALETTE[0], marker="o", markersize=3)
    axes.axhline(limit, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.axvspan(least, most, color=PALETTE[1], alpha=0.15, linewidth=0)
    effective = curve.effective()
    axes.axvline(effective, color=PALETTE[1], linestyle="--", linewidth=1, label=f"effective: {effective:,}")
    axes.set_yscale("symlog", linthresh=limit)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_xlabel(f"{unit}s of context")
    axes.set_ylabel(f"excess of the loss, nats per {unit}")
    axes.legend()
    return Chart(
        "loss-by-context",
        "Loss by context",
        f"Mean loss of {curve.targets} {unit}s by the number of {unit}s of context, minus the loss with the "
        f"longest context ({curve.loss[-1]:.3g} nats); error bars are {STANDARD_ERRORS} standard errors of "
        f"the differences. The dotted line is {TOLERANCE:.0%} of that loss (Khandelwal et al. 2018). The "
        "shaded area covers the effective contexts consistent with the errors.",
        figure,
        {
            "context": curve.contexts,
            "loss": curve.loss,
            "error": curve.error,
            "excess": curve.excess,
            "excess_error": curve.excess_error,
            "effective": effective,
            "effective_least": least,
            "effective_most": most,
        },
    )


def replacement_chart(curve: ReplacementCurve, unit: str) -> Chart:
    """Draw the increase of the loss when one earlier token is replaced, by its distance."""
    figure = new_figure(HALF, 3.3)
    axes = figure.subplots()
    axes.errorbar(curve.distances, curve.increase, curve.error, color=PALETTE[0], marker="o", markersize=3)
    axes.axhline(0.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_yscale("symlog", linthresh=max(float(np.median(curve.error)), 1e-4))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_xlabel(f"distance of the replaced {unit}")
    axes.set_ylabel(f"increase of the loss, nats per {unit}")
    reach = curve.reach()
    significance = f"It is significant up to distance {reach}." if reach else "It is nowhere significant."
    return Chart(
        "loss-by-replaced-token",
        "One earlier token replaced",
        f"Increase of the loss when the {unit} at this distance before the target is replaced by one drawn "
        f"from the text; error bars are standard errors. {significance}",
        figure,
        {
            "distance": curve.distances,
            "increase": curve.increase,
            "error": curve.error,
            "reach": reach,
            "largest": float(np.max(curve.increase)),
        },
    )
