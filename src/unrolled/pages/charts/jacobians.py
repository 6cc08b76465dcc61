"""Jacobians of the step: singular values, products over a distance, Lyapunov exponents."""

from collections.abc import Sequence

import numpy as np

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.jacobian import Spectra
from unrolled.diagnostics.lyapunov import Lyapunov
from unrolled.diagnostics.products import Products
from unrolled.pages.charts.names import stem
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, WIDE, new_figure


def spectra_chart(found: Sequence[Spectra]) -> Chart:
    """Draw the singular values of the step Jacobians, descending, and their spectral radii."""
    figure = new_figure(WIDE, 3.4)
    values, radii = figure.subplots(1, 2, width_ratios=[3, 2])
    for number, one in enumerate(found):
        colour = PALETTE[number % len(PALETTE)]
        index = np.arange(1, one.singular.shape[1] + 1)
        low, median, high = np.quantile(one.singular, (0.1, 0.5, 0.9), axis=0)
        values.plot(index, median, color=colour, label=one.layer)
        values.fill_between(index, low, high, color=colour, alpha=0.15, linewidth=0)
        radii.hist(one.radius, bins=20, color=colour, alpha=0.6, label=one.layer)
    values.axhline(1.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    values.set_xlabel("index")
    values.set_ylabel("singular value")
    values.legend(fontsize=8)
    radii.axvline(1.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    radii.set_xlabel("spectral radius, max |eigenvalue|")
    radii.set_ylabel("sampled steps")
    samples = len(found[0].places)
    return Chart(
        "jacobian-spectra",
        "Spectra of ∂stateₜ/∂stateₜ₋₁",
        f"At {samples} sampled steps and rows: singular values (median, and a band from the 10% to the 90% "
        "quantile) and spectral radii. Directions below 1 shrink in a step, those above 1 grow.",
        figure,
        {one.layer: {"places": one.places, "singular": one.singular, "radius": one.radius} for one in found},
    )


def products_chart(found: Products) -> Chart:
    """Draw the norm of the product of Jacobians over the distance, with its bounds."""
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    to_decades = 1 / np.log(10)
    steps = found.distances
    measured = found.log_norm * to_decades
    axes.plot(steps, measured.T, color=PALETTE[0], linestyle="-", alpha=0.12, linewidth=0.8)
    axes.plot(steps, found.median() * to_decades, color=PALETTE[0], linestyle="-", label="measured, median")
    bound = np.nanmedian(found.log_bound, 0) * to_decades
    axes.plot(steps, bound, color=PALETTE[1], linestyle="--", label="bound: product of the ‖J‖")
    if found.log_a_priori is not None:
        bound = steps * found.log_a_priori * to_decades
        axes.plot(steps, bound, color=PALETTE[3], linestyle=":", label="bound: (‖U‖ max σ′)ⁿ")
    axes.set_ylim(*_limits(measured))
    axes.axhline(0.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_xlabel("distance n in steps")
    axes.set_ylabel("log₁₀ ‖∂stateₜ/∂stateₜ₋ₙ‖")
    axes.legend(fontsize=8)
    return Chart(
        stem("jacobian-products", found.layer),
        f"Products of Jacobians, {found.layer}",
        f"The largest factor by which a change of the state n steps ago reaches the present one, at "
        f"{len(found.places)} sampled steps, and what bounds it.",
        figure,
        {
            "distance": steps,
            "places": found.places,
            "log_norm": found.log_norm,
            "log_bound": found.log_bound,
            "log_a_priori_of_one_step": found.log_a_priori,
        },
    )


def _limits(measured: Floats) -> tuple[float, float]:
    """Return limits that show what was measured; bounds may leave them."""
    seen = measured[np.isfinite(measured)]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (-1.0, 1.0)
    room = max(0.25 * (high - low), 0.5)
    return low - room / 4, high + room


def lyapunov_chart(found: Sequence[Lyapunov]) -> Chart:
    """Draw the exponents with their standard errors, and how the largest settled."""
    figure = new_figure(WIDE, 3.2)
    exponents, settling = figure.subplots(1, 2)
    for number, one in enumerate(found):
        colour = PALETTE[number % len(PALETTE)]
        index = np.arange(1, len(one.exponents) + 1)
        exponents.errorbar(
            index,
            one.exponents,
            one.error,
            color=colour,
            marker="o",
            markersize=3,
            linewidth=1,
            label=one.layer,
        )
        kept = one.history[one.warm_up :, 0]
        settling.plot(
            np.arange(one.warm_up, len(one.history)),
            np.cumsum(kept) / np.arange(1, len(kept) + 1),
            color=colour,
        )
    for axes in (exponents, settling):
        axes.axhline(0.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    exponents.set_xlabel("index")
    exponents.set_ylabel("exponent, nats a step")
    exponents.legend(fontsize=8)
    settling.set_xlabel("step")
    settling.set_ylabel("largest exponent so far")
    return Chart(
        "lyapunov-exponents",
        "Lyapunov exponents",
        "Mean growth of small changes of the state along the run. Below 0 they fade (the state forgets where "
        "it began), at 0 they stay, above 0 they grow: two nearly equal pasts part.",
        figure,
        {
            one.layer: {"exponents": one.exponents, "standard_error": one.error, "regime": one.regime}
            for one in found
        },
    )
