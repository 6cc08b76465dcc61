"""Charts of step Jacobians: singular values, products over a distance, Lyapunov exponents."""

from collections.abc import Sequence

import numpy as np

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.jacobian import Spectra
from unrolled.diagnostics.lyapunov import Lyapunov
from unrolled.diagnostics.products import Products
from unrolled.pages.charts.names import file_stem
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, PALETTE, WIDE, new_figure
from unrolled.wording import counted


def spectra_chart(spectra: Sequence[Spectra]) -> Chart:
    """Draw the singular values of the step Jacobians, descending, and their spectral radii."""
    figure = new_figure(WIDE, 3.4)
    values, radii = figure.subplots(1, 2, width_ratios=[3, 2])
    for number, s in enumerate(spectra):
        colour = PALETTE[number % len(PALETTE)]
        index = np.arange(1, s.singular.shape[1] + 1)
        low, median, high = np.quantile(s.singular, (0.1, 0.5, 0.9), axis=0)
        values.plot(index, median, color=colour, label=s.layer)
        values.fill_between(index, low, high, color=colour, alpha=0.15, linewidth=0)
        radii.hist(s.radius, bins=20, color=colour, alpha=0.6, label=s.layer)
    values.axhline(1.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    values.set_xlabel("index")
    values.set_ylabel("singular value")
    values.legend(fontsize=8)
    radii.axvline(1.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    radii.set_xlabel("spectral radius, max |eigenvalue|")
    radii.set_ylabel("sampled steps")
    samples = len(spectra[0].places)
    return Chart(
        "jacobian-spectra",
        "Spectra of ∂stateₜ/∂stateₜ₋₁",
        f"Singular values (median, with a band from the 10% to the 90% quantile) and spectral radii at "
        f"{counted(samples, 'sampled step')}. Directions below 1 shrink in a step, those above 1 grow.",
        figure,
        {s.layer: {"places": s.places, "singular": s.singular, "radius": s.radius} for s in spectra},
    )


def products_chart(products: Products) -> Chart:
    """Draw the norm of the product of Jacobians by distance, with its bounds."""
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    to_decades = 1 / np.log(10)
    steps = products.distances
    measured = products.log_norm * to_decades
    axes.plot(steps, measured.T, color=PALETTE[0], linestyle="-", alpha=0.12, linewidth=0.8)
    axes.plot(
        steps, products.median() * to_decades, color=PALETTE[0], linestyle="-", label="measured, median"
    )
    bound = np.nanmedian(products.log_bound, 0) * to_decades
    axes.plot(steps, bound, color=PALETTE[1], linestyle="--", label="bound: product of the ‖J‖")
    if products.log_a_priori is not None:
        bound = steps * products.log_a_priori * to_decades
        axes.plot(steps, bound, color=PALETTE[3], linestyle=":", label="bound: (‖U‖ max σ′)ⁿ")
    axes.set_ylim(*_limits(measured))
    axes.axhline(0.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_xlabel("distance n in steps")
    axes.set_ylabel("log₁₀ ‖∂stateₜ/∂stateₜ₋ₙ‖")
    axes.legend(fontsize=8)
    return Chart(
        file_stem("jacobian-products", products.layer),
        f"Products of Jacobians, {products.layer}",
        f"The largest factor between a change of the state n steps ago and its effect on the current state, "
        f"at {counted(len(products.places), 'sampled step')}, with its upper bounds.",
        figure,
        {
            "distance": steps,
            "places": products.places,
            "log_norm": products.log_norm,
            "log_bound": products.log_bound,
            "log_a_priori_of_one_step": products.log_a_priori,
        },
    )


def _limits(measured: Floats) -> tuple[float, float]:
    """Return axis limits for the measured values; bounds may exceed them."""
    finite = measured[np.isfinite(measured)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (-1.0, 1.0)
    margin = max(0.25 * (high - low), 0.5)
    return low - margin / 4, high + margin


def lyapunov_chart(results: Sequence[Lyapunov]) -> Chart:
    """Draw the exponents with their standard errors, and the convergence of the largest."""
    figure = new_figure(WIDE, 3.2)
    exponents, convergence = figure.subplots(1, 2)
    for number, result in enumerate(results):
        colour = PALETTE[number % len(PALETTE)]
        index = np.arange(1, len(result.exponents) + 1)
        exponents.errorbar(
            index,
            result.exponents,
            result.error,
            color=colour,
            marker="o",
            markersize=3,
            linewidth=1,
            label=result.layer,
        )
        growth = result.history[result.warm_up :, 0]
        convergence.plot(
            np.arange(result.warm_up, len(result.history)),
            np.cumsum(growth) / np.arange(1, len(growth) + 1),
            color=colour,
        )
    for axes in (exponents, convergence):
        axes.axhline(0.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    exponents.set_xlabel("index")
    exponents.set_ylabel("exponent, nats per step")
    exponents.legend(fontsize=8)
    convergence.set_xlabel("step")
    convergence.set_ylabel("largest exponent so far")
    return Chart(
        "lyapunov-exponents",
        "Lyapunov exponents",
        "Mean growth rate of small changes of the state along the sequence. Below 0 they fade (the state "
        "forgets its start), at 0 they persist, above 0 they grow: nearly equal pasts diverge.",
        figure,
        {
            result.layer: {
                "exponents": result.exponents,
                "standard_error": result.error,
                "regime": result.regime,
            }
            for result in results
        },
    )
