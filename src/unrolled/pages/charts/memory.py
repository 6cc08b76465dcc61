"""Memory in practice: the loss by context, and by which earlier token is another one."""

import numpy as np

from unrolled.diagnostics.memory_context import TOLERANCE, ContextCurve
from unrolled.diagnostics.memory_replacement import ReplacementCurve
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, new_figure


def context_chart(found: ContextCurve, unit: str) -> Chart:
    """Draw the loss over the number of tokens that the model is given, and the effective context."""
    figure = new_figure(HALF, 3.3)
    axes = figure.subplots()
    axes.errorbar(found.contexts, found.loss, found.error, color=PALETTE[0], marker="o", markersize=3)
    axes.axhline(float(found.loss[-1]) * (1 + TOLERANCE), color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    effective = found.effective()
    axes.axvline(effective, color=PALETTE[1], linestyle="--", linewidth=1, label=f"effective: {effective:,}")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_xlabel(f"{unit}s of context")
    axes.set_ylabel(f"nats per {unit}")
    axes.legend()
    return Chart(
        "loss-by-context",
        "Loss by context",
        f"Mean loss of the same {found.targets} {unit}s when the model begins so many {unit}s before each, "
        f"with standard errors. The dotted line is {TOLERANCE:.0%} above the loss with the longest context "
        "(Khandelwal et al. 2018).",
        figure,
        {
            "context": found.contexts,
            "loss": found.loss,
            "error": found.error,
            "excess": found.excess,
            "excess_error": found.excess_error,
            "effective": effective,
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
