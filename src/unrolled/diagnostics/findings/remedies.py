"""Remedies for each problem, with their options, without those already in use."""

import math

from unrolled.diagnostics.findings.verdict import Remedy
from unrolled.diagnostics.passes import Pass


def remedies_for_vanishing(p: Pass, distance: int) -> tuple[Remedy, ...]:
    """Return remedies that let gradients reach a distance in steps."""
    remedies = []
    if p.cell.retaining_gate is None:
        remedies.append(
            Remedy(
                "a gated cell, which keeps its state by a product with a gate near 1 "
                "(Hochreiter & Schmidhuber 1997)",
                "--cell lstm",
            )
        )
        if _hidden(p) != "relu":
            remedies.append(
                Remedy(
                    "ReLU with U initialised as the identity: σ′ is 1 for active units (Le et al. 2015)",
                    "--nonlinearity relu --recurrent-init identity",
                )
            )
    initial_bias = getattr(p.cell, "forget_bias", None)
    chrono = getattr(p.cell, "chrono", None)
    if chrono is not None and chrono < distance and initial_bias is None:
        remedies.append(
            Remedy(
                f"gate biases initialised for memories of up to {distance} steps (Tallec & Ollivier 2018)",
                f"--chrono {distance}",
            )
        )
    bias = max(1.0, round(math.log(max(distance, 3)), 1))
    if hasattr(p.cell, "forget_bias") and not chrono and (initial_bias is None or initial_bias < bias):
        remedies.append(
            Remedy(
                f"{'or instead ' if initial_bias is None else ''}a forget gate that starts open: with a "
                f"bias of ln {distance} it forgets over about {distance} steps",
                f"--forget-bias {bias:g}",
            )
        )
    sigmoid = _hidden(p) == "sigmoid"  # σ′ ≤ 1/4, whatever U
    if p.cell.recurrent_init != "orthogonal" and not sigmoid:
        remedies.append(
            Remedy(
                "orthogonal initialisation of U, which initially preserves the norm of the state "
                "(Saxe et al. 2014)",
                "--recurrent-init orthogonal",
            )
        )
    if not p.skip:
        k = max(2, min(distance, round(math.sqrt(distance))))
        remedies.append(
            Remedy(
                f"a connection that skips {k} steps: gradient paths become {k} times shorter", f"--skip {k}"
            )
        )
    return tuple(remedies)


def _hidden(p: Pass) -> str | None:
    """Return the nonlinearity of the hidden layer of a cell without gates; None for another cell."""
    return next((a.kind for a in p.cell.gate_activations if a.name == "hidden"), None)


def remedies_for_exploding(p: Pass, norm: float | None = None) -> tuple[Remedy, ...]:
    """Return remedies against growing gradients; ``norm`` is a healthy gradient norm seen in training."""
    clip = 1.0 if norm is None else float(f"{norm:.1g}")
    remedies = [
        Remedy(
            f"clip the gradient norm to {clip:g} (Pascanu et al. 2013)",
            f"--clip-norm {clip:g}",
        ),
        Remedy("a smaller learning rate, a third of the current one", "--lr"),
        Remedy("weight decay, which keeps ‖U‖ small", "--l2 1e-4"),
    ]
    if p.cell.retaining_gate is None:
        remedies.append(Remedy("a gated cell, whose products stay near 1", "--cell lstm"))
    if p.cell.recurrent_init != "orthogonal":
        remedies.append(
            Remedy("orthogonal initialisation of U: all singular values are 1", "--recurrent-init orthogonal")
        )
    remedies.append(Remedy("a shorter truncation of backpropagation through time", "--steps"))
    return tuple(remedies)


def remedies_for_saturation(p: Pass) -> tuple[Remedy, ...]:
    """Return remedies that bring units back to where σ′ is not zero."""
    remedies = [Remedy("weight decay: smaller weights, smaller preactivations", "--l2 1e-4")]
    if not p.cell.layer_norm:
        remedies.append(Remedy("layer normalisation inside the cell (Ba et al. 2016)", "--layer-norm"))
    remedies.append(Remedy("a smaller learning rate, a third of the current one", "--lr"))
    return tuple(remedies)


def remedies_for_dead_units() -> tuple[Remedy, ...]:
    """Return remedies against ReLU units that are never active."""
    return (
        Remedy("a smaller learning rate, a third of the current one", "--lr"),
        Remedy("tanh, whose slope is nowhere exactly 0", "--nonlinearity tanh"),
        Remedy("layer normalisation inside the cell (Ba et al. 2016)", "--layer-norm"),
    )


def remedies_for_chaos(p: Pass) -> tuple[Remedy, ...]:
    """Return remedies that make a state forget small differences again."""
    return (
        Remedy("weight decay, which keeps ‖U‖ small", "--l2 1e-4"),
        *(r for r in remedies_for_exploding(p) if r.flag in ("--clip-norm 1", "--cell lstm")),
    )
