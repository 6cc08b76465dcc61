"""Contracting, at the edge, chaotic: Lyapunov exponents in words."""

from unrolled.diagnostics.findings.remedies import against_chaos, against_vanishing
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.lyapunov import EDGE, Lyapunov
from unrolled.diagnostics.passes import Pass

SHORT = 3.0
"""Steps to 1/e below which a state is called short of memory."""


def dynamics_verdict(p: Pass, found: Lyapunov) -> Verdict:
    """Say what becomes of a small change of the state in the long run."""
    largest = float(found.exponents[0])
    number, name = largest, "largest exponent, nats a step"
    if found.regime == "chaotic":
        return Verdict(
            "Chaotic: small differences grow",
            "notice",
            f"A change of the state grows by a factor e in {found.steps_to_e:.1f} steps: what a state holds "
            "of its past is in time ruled by tiny differences, and gradients through many steps grow.",
            p.name,
            number,
            name,
            against_chaos(p),
        )
    if found.regime == "edge" and abs(largest) > EDGE:
        return Verdict(
            "Near the edge: the row is too short to tell",
            "notice",
            f"The largest exponent, {largest:.3f} ± {found.error[0]:.3f} nats a step, cannot be told from 0: "
            "small differences may fade, stay, or grow. A longer row says more (--long-steps).",
            p.name,
            number,
            name,
        )
    if found.regime == "edge":
        return Verdict(
            "At the edge: small differences stay",
            "good",
            "In the direction that lasts longest a change of the state neither fades nor grows for a hundred "
            "steps and more: something of the past is kept.",
            p.name,
            number,
            name,
        )
    short = found.steps_to_e < SHORT
    return Verdict(
        f"Contracting: small differences fade within {found.steps_to_e:.3g} steps",
        "notice" if short else "good",
        f"Even in the direction that lasts longest a change of the state shrinks to 1/e in "
        f"{found.steps_to_e:.3g} steps: the state forgets where it began and depends on its recent input.",
        p.name,
        number,
        name,
        against_vanishing(p, int(p.live.sum(0).max())) if short else (),
    )
