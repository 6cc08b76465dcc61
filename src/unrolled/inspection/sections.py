"""An inspection as sections of a page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from unrolled.diagnostics.inspection import Inspection, LayerFindings
from unrolled.pages.charts.activations import (
    gates_chart,
    norms_chart,
    saturation_chart,
    slopes_chart,
    time_constants_table,
)
from unrolled.pages.charts.gradients import (
    contribution_chart,
    distance_chart,
    matrix_chart,
    total_chart,
)
from unrolled.pages.charts.jacobians import lyapunov_chart, products_chart, spectra_chart
from unrolled.pages.parts import Page, Part, Section, Table


def inspection_page(found: Inspection, title: str) -> Page:
    """Return the page of an inspection alone, of anyone's module."""
    passes = found.recording.passes
    losses, rows = found.recording.losses.shape
    facts = {
        "layers": ", ".join(p.name for p in passes),
        "losses": f"{losses} × {rows} rows",
        "steps": f"{max(len(p.live) for p in passes)}",
        "mean loss": f"{float(found.recording.losses.detach().mean()):.4g}",
    }
    return Page(title, "gradients and states through time", facts, found.verdicts, tuple(sections(found)))


def options_table(config: Mapping[str, Any]) -> Table:
    """Return a configuration, groups of options by name, as a table."""
    rows = [
        (f"{group}.{name}" if name else group, json.dumps(value, ensure_ascii=False))
        for group, options in config.items()
        for name, value in (options.items() if isinstance(options, dict) else [("", options)])
    ]
    return Table("Configuration", "", ("option", "value"), rows)


def sections(found: Inspection) -> Iterator[Section]:
    """Yield gradients, Jacobians, activations and weights."""
    yield _gradients(found)
    yield _jacobians(found)
    yield from (_activations(layer) for layer in found.layers)
    yield _weights(found)


def _gradients(found: Inspection) -> Section:
    parts: list[Part] = []
    curves = [c for c in found.gradients.curves() if len(c.distance)]
    if curves:
        parts.append(distance_chart(curves))
    parts += [
        matrix_chart(s)
        for s in found.gradients.states
        if len(s.norms) > 1 and s.norms.shape[2] == found.recording.losses.shape[1]
    ]
    parts.append(total_chart(found.gradients))
    parts += [contribution_chart(layer.contributions) for layer in found.layers]
    return Section(
        "Gradients through time",
        "∂Eₜ/∂sₖ for every loss t and every step k: the total derivative, through all later steps and all "
        "layers above, exact to rounding.",
        tuple(parts),
    )


def _jacobians(found: Inspection) -> Section:
    parts: list[Part] = [spectra_chart([layer.spectra for layer in found.layers])]
    parts += [products_chart(layer.products) for layer in found.layers if layer.products is not None]
    exponents = [layer.lyapunov for layer in found.layers if layer.lyapunov is not None]
    if exponents:
        parts.append(lyapunov_chart(exponents))
    return Section(
        "One step, and many",
        "The Jacobian ∂stateₜ/∂stateₜ₋₁ says what one step does to a small change of the state; "
        "gradients "
        "through n steps are products of n of them.",
        tuple(parts),
    )


def _activations(layer: LayerFindings) -> Section:
    parts: list[Part] = []
    if layer.slopes:
        parts.append(slopes_chart(layer.slopes))
    if layer.saturation:
        parts.append(saturation_chart(layer.saturation))
    gates = [g for g in layer.gates if g.gate not in ("preactivation", "hidden")]
    if gates:
        parts.append(gates_chart(gates))
    parts.append(norms_chart(layer.states))
    if layer.time_constants is not None:
        parts.append(time_constants_table([layer.time_constants]))
    return Section(
        f"Activations of {layer.layer.name}",
        "Where units work, where they are stuck, and what the gates do.",
        tuple(parts),
    )


def _weights(found: Inspection) -> Section:
    rows = [
        (
            w.name,
            " × ".join(map(str, w.shape)),
            f"{w.norm:.4g}",
            f"{w.rms:.4g}",
            "" if w.spectral is None else f"{w.spectral:.4g}",
        )
        for w in found.weights
    ]
    header = ("parameter", "shape", "norm", "root mean square", "largest singular value")
    return Section("Weights", "", (Table("Norms of the weights", "", header, rows),))
