"""Page and page sections of a diagnosis."""

from collections.abc import Iterator

from unrolled.diagnostics.diagnosis import Diagnosis, LayerDiagnosis
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


def diagnosis_page(diagnosis: Diagnosis, title: str) -> Page:
    """Return the page of a module's diagnosis."""
    passes = diagnosis.recording.passes
    losses, rows = diagnosis.recording.losses.shape
    facts = {
        "layers": ", ".join(p.name for p in passes),
        "losses": f"{losses} × {rows} rows",
        "steps": f"{max(len(p.live) for p in passes)}",
        "mean loss": f"{float(diagnosis.recording.losses.detach().mean()):.4g}",
    }
    return Page(
        title,
        "gradients and states through time",
        facts,
        diagnosis.verdicts,
        tuple(diagnosis_sections(diagnosis)),
    )


def diagnosis_sections(diagnosis: Diagnosis) -> Iterator[Section]:
    """Yield the sections on gradients, Jacobians, activations and weights."""
    yield _gradients(diagnosis)
    yield _jacobians(diagnosis)
    yield from (_activations(layer) for layer in diagnosis.layers)
    yield _weights(diagnosis)


def _gradients(diagnosis: Diagnosis) -> Section:
    parts: list[Part] = []
    curves = [c for c in diagnosis.gradients.curves() if len(c.distance)]
    if curves:
        parts.append(distance_chart(curves))
    parts += [
        matrix_chart(s)
        for s in diagnosis.gradients.states
        if len(s.norms) > 1 and s.norms.shape[2] == diagnosis.recording.losses.shape[1]
    ]
    parts.append(total_chart(diagnosis.gradients))
    parts += [contribution_chart(layer.contributions) for layer in diagnosis.layers]
    return Section(
        "Gradients through time",
        "∂Eₜ/∂sₖ for every loss t and every step k: the total derivative, through all later steps and all "
        "layers above, exact up to rounding.",
        tuple(parts),
    )


def _jacobians(diagnosis: Diagnosis) -> Section:
    parts: list[Part] = [spectra_chart([layer.spectra for layer in diagnosis.layers])]
    parts += [products_chart(layer.products) for layer in diagnosis.layers if layer.products is not None]
    exponents = [layer.lyapunov for layer in diagnosis.layers if layer.lyapunov is not None]
    if exponents:
        parts.append(lyapunov_chart(exponents))
    return Section(
        "Step Jacobians and their products",
        "The Jacobian ∂stateₜ/∂stateₜ₋₁ describes the effect of one step on a small change of the state; "
        "gradients through n steps are products of n Jacobians.",
        tuple(parts),
    )


def _activations(layer: LayerDiagnosis) -> Section:
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
        "Slopes, saturation, gates and states.",
        tuple(parts),
    )


def _weights(diagnosis: Diagnosis) -> Section:
    rows = [
        (
            w.name,
            " × ".join(map(str, w.shape)),
            f"{w.norm:.4g}",
            f"{w.rms:.4g}",
            "" if w.spectral is None else f"{w.spectral:.4g}",
        )
        for w in diagnosis.weights
    ]
    header = ("parameter", "shape", "norm", "root mean square", "largest singular value")
    return Section("Weights", "", (Table("Norms of the weights", "", header, rows),))
