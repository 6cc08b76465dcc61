"""Remedies by what is wrong, each with the option that does it, without those that are in use already."""

import math

from unrolled.diagnostics.findings.verdict import Remedy
from unrolled.diagnostics.passes import Pass


def against_vanishing(p: Pass, distance: int) -> tuple[Remedy, ...]:
    """Return what lets gradients reach a distance in steps."""
    found = []
    if p.cell.retaining_gate is None:
        found.append(
            Remedy(
                "a gated cell, whose state is kept by a product with a gate near 1 "
                "(Hochreiter & Schmidhuber 1997)",
                "--cell lstm",
            )
        )
        if _hidden(p) != "relu":
            found.append(
                Remedy(
                    "ReLU with U starting as the identity: σ′ is 1 where a unit is active (Le et al. 2015)",
                    "--nonlinearity relu --recurrent-init identity",
                )
            )
    start = getattr(p.cell, "forget_bias", None)
    chrono = getattr(p.cell, "chrono", None)
    if chrono is not None and chrono < distance and start is None:
        found.append(
            Remedy(
                f"gate biases that start for memories of up to {distance} steps (Tallec & Ollivier 2018)",
                f"--chrono {distance}",
            )
        )
    bias = max(1.0, round(math.log(max(distance, 3)), 1))
    if hasattr(p.cell, "forget_bias") and not chrono and (start is None or start < bias):
        found.append(
            Remedy(
                f"{'or in its place ' if start is None else ''}a forget gate that starts open: at a bias of "
                f"ln {distance} it forgets over about {distance} steps",
                f"--forget-bias {bias:g}",
            )
        )
    sigmoid = _hidden(p) == "sigmoid"  # σ′ ≤ 1/4, whatever U
    if p.cell.recurrent_init != "orthogonal" and not sigmoid:
        found.append(
            Remedy(
                "an orthogonal start of U, which at first keeps the length of what it is applied to "
                "(Saxe et al. 2014)",
                "--recurrent-init orthogonal",
            )
        )
    if not p.skip:
        k = max(2, min(distance, round(math.sqrt(distance))))
        found.append(Remedy(f"a connection that skips {k} steps: paths that much shorter", f"--skip {k}"))
    return tuple(found)


def _hidden(p: Pass) -> str | None:
    """Return the nonlinearity of the hidden layer of a cell without gates; None for another cell."""
    return next((a.kind for a in p.cell.gate_activations if a.name == "hidden"), None)


def against_exploding(p: Pass, norm: float | None = None) -> tuple[Remedy, ...]:
    """Return what keeps gradients from growing; ``norm`` is one that was seen and is sound."""
    clip = 1.0 if norm is None else float(f"{norm:.1g}")
    found = [
        Remedy(
            f"scale the gradient down to a norm of {clip:g} wherever it is larger (Pascanu et al. 2013)",
            f"--clip-norm {clip:g}",
        ),
        Remedy("a smaller learning rate: a third of it", "--lr"),
        Remedy("weight decay, which keeps ‖U‖ small", "--l2 1e-4"),
    ]
    if p.cell.retaining_gate is None:
        found.append(Remedy("a gated cell, whose products stay near 1", "--cell lstm"))
    if p.cell.recurrent_init != "orthogonal":
        found.append(
            Remedy("an orthogonal start of U: all its singular values are 1", "--recurrent-init orthogonal")
        )
    found.append(Remedy("a shorter truncation of backpropagation through time", "--steps"))
    return tuple(found)


def against_saturation(p: Pass) -> tuple[Remedy, ...]:
    """Return what brings units back to where σ′ is not zero."""
    found = [Remedy("weight decay: smaller weights, smaller preactivations", "--l2 1e-4")]
    if not p.cell.layer_norm:
        found.append(Remedy("layer normalisation inside the cell (Ba et al. 2016)", "--layer-norm"))
    found.append(Remedy("a smaller learning rate: a third of it", "--lr"))
    return tuple(found)


def against_dead_units() -> tuple[Remedy, ...]:
    """Return what keeps ReLU units from never being active."""
    return (
        Remedy("a smaller learning rate: a third of it", "--lr"),
        Remedy("tanh, whose slope is nowhere exactly 0", "--nonlinearity tanh"),
        Remedy("layer normalisation inside the cell (Ba et al. 2016)", "--layer-norm"),
    )


def against_chaos(p: Pass) -> tuple[Remedy, ...]:
    """Return what makes a state forget small differences again."""
    return (
        Remedy("weight decay, which keeps ‖U‖ small", "--l2 1e-4"),
        *(r for r in against_exploding(p) if r.flag in ("--clip-norm 1", "--cell lstm")),
    )
