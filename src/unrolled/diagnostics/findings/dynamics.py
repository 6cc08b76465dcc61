"""Verdict on the dynamics: contracting, at the edge, or chaotic, by Lyapunov exponents."""

from unrolled.diagnostics.findings.remedies import remedies_for_chaos, remedies_for_vanishing
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.lyapunov import EDGE, Lyapunov
from unrolled.diagnostics.passes import Pass
from unrolled.wording import counted

SHORT = 3.0
"""A memory is short if a change shrinks to 1/e in fewer steps than this."""


def dynamics_verdict(p: Pass, lyapunov: Lyapunov) -> Verdict:
    """Return the verdict on how a small change of the state develops in the long run."""
    largest = float(lyapunov.exponents[0])
    number, name = largest, "largest exponent, nats per step"
    if lyapunov.regime == "chaotic":
        return Verdict(
            "Chaotic: small differences grow",
            "notice",
            f"A change of the state grows by a factor e in {lyapunov.steps_to_e:.1f} steps: tiny "
            "differences eventually dominate the state, and gradients through many steps grow.",
            p.name,
            number,
            name,
            remedies_for_chaos(p),
        )
    if lyapunov.regime == "edge" and abs(largest) > EDGE:
        return Verdict(
            "Near the edge: the row is too short to tell",
            "notice",
            f"The largest exponent, {largest:.3f} ± {lyapunov.error[0]:.3f} nats per step, is not "
            "distinguishable from 0: small differences may fade, persist, or grow. "
            "Use a longer row (--long-steps).",
            p.name,
            number,
            name,
        )
    if lyapunov.regime == "edge":
        return Verdict(
            "At the edge: small differences stay",
            "good",
            "In the most persistent direction, a change of the state neither fades nor grows for a hundred "
            "steps or more: part of the past is kept.",
            p.name,
            number,
            name,
        )
    short = lyapunov.steps_to_e < SHORT
    steps = counted(float(f"{lyapunov.steps_to_e:.3g}"), "step")
    return Verdict(
        f"Contracting: small differences fade within {steps}",
        "notice" if short else "good",
        f"Even in the most persistent direction, a change of the state shrinks to 1/e in "
        f"{steps}: the state forgets its start and depends on recent input.",
        p.name,
        number,
        name,
        remedies_for_vanishing(p, int(p.live.sum(0).max())) if short else (),
    )
