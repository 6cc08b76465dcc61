"""Memory in practice: the loss by context, and by which earlier token is another one."""

import numpy as np

from unrolled.diagnostics.memory_context import ERRORS, TOLERANCE, ContextCurve
from unrolled.diagnostics.memory_replacement import ReplacementCurve
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, new_figure


def context_chart(found: ContextCurve, unit: str) -> Chart:
    """Draw by how much the loss exceeds that with the longest context, and the effective context."""
    figure = new_figure(HALF, 3.3)
    axes = figure.subplots()
    limit, (least, most) = found.tolerance_nats(), found.effective_range()
    shown = found.contexts[:-1], found.excess[:-1], ERRORS * found.excess_error[:-1]  # the last is 0
    axes.errorbar(*shown, color=PALETTE[0], marker="o", markersize=3)
    axes.axhline(limit, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.axvspan(least, most, color=PALETTE[1], alpha=0.15, linewidth=0)
    effective = found.effective()
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
        f"By how much the mean loss of the same {found.targets} {unit}s, when the model begins so many "
        f"{unit}s before each, exceeds that with the longest context ({found.loss[-1]:.3g} nats), with "
        f"{ERRORS} standard errors of the differences. The dotted line is {TOLERANCE:.0%} of that loss "
        "(Khandelwal et al. 2018); the errors allow an effective context in the shaded range.",
        figure,
        {
            "context": found.contexts,
            "loss": found.loss,
            "error": found.error,
            "excess": found.excess,
            "excess_error": found.excess_error,
            "effective": effective,
            "effective_least": least,
            "effective_most": most,
        },
    )


def replacement_chart(found: ReplacementCurve, unit: str) -> Chart:
    """Draw how much the loss rises when one earlier token is another one, over its distance."""
    figure = new_figure(HALF, 3.3)
    axes = figure.subplots()
    axes.errorbar(found.distances, found.increase, found.error, color=PALETTE[0], marker="o", markersize=3)
    axes.axhline(0.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_yscale("symlog", linthresh=max(float(np.median(found.error)), 1e-4))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_xlabel(f"distance of the replaced {unit}")
    axes.set_ylabel(f"rise of the loss, nats per {unit}")
    return Chart(
        "loss-by-replaced-token",
        "One earlier token replaced",
        f"How much the loss rises when the {unit} so many steps before is another one, drawn from the text. "
        f"It can be told from zero up to distance {found.reach()}.",
        figure,
        {
            "distance": found.distances,
            "increase": found.increase,
            "error": found.error,
            "reach": found.reach(),
            "largest": float(np.max(found.increase)),
        },
    )
