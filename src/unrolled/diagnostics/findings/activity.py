"""Verdicts on saturated and dead units."""

from unrolled.diagnostics.activation_saturation import Saturation
from unrolled.diagnostics.findings.remedies import remedies_for_dead_units, remedies_for_saturation
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.passes import Pass

SATURATED = 0.5
"""A hidden layer is saturated if at least this fraction of its steps and units is."""
SATURATED_GATE = 0.95
"""The same for gates and candidates: trained LSTMs and GRUs work near the ends of the range (Karpathy et al.
2015)."""
REPORTED_DEAD = 0.1
"""Minimum fraction of dead units to report."""


def activity_verdicts(p: Pass, saturations: tuple[Saturation, ...]) -> tuple[Verdict, ...]:
    """Return the verdicts on saturated and dead units of a pass, or that its units are healthy."""
    verdicts = [verdict for s in saturations for verdict in (_saturated(p, s), _dead(p, s)) if verdict]
    if verdicts or not saturations:
        return tuple(verdicts)
    worst = max(saturations, key=lambda s: s.share_left + s.share_right)
    share = worst.share_left + worst.share_right
    return (
        Verdict(
            "Healthy: units are not stuck",
            "good",
            f"No nonlinearity stays at the ends of its range. The most saturated is {worst.name}, at "
            f"{share:.0%} of steps and units.",
            p.name,
            share,
            f"saturated share of {worst.name}",
        ),
    )


def _saturated(p: Pass, s: Saturation) -> Verdict | None:
    if s.kind == "relu" or s.name == p.cell.retaining_gate:
        return None  # a gate that keeps the old state is meant to be open
    share = s.share_left + s.share_right
    if share < (SATURATED if s.name == "hidden" else SATURATED_GATE):
        return None
    stuck = f", {len(s.always)} of {len(s.left)} units always" if len(s.always) else ""
    return Verdict(
        f"Saturated: {s.name}",
        "bad" if len(s.always) > len(s.left) / 2 else "notice",
        f"{share:.0%} of all steps and units are in the outer tenths of the range ({s.share_left:.0%} low, "
        f"{s.share_right:.0%} high{stuck}), where σ′ is at most 36% of its maximum.",
        p.name,
        share,
        "share of steps and units",
        remedies_for_saturation(p),
    )


def _dead(p: Pass, s: Saturation) -> Verdict | None:
    share = len(s.dead) / len(s.left)
    if s.kind != "relu" or share < REPORTED_DEAD:
        return None
    return Verdict(
        "Dead ReLU units",
        "bad" if share > SATURATED else "notice",
        f"{len(s.dead)} of {len(s.left)} units are 0 at every step of every row: they have no output and "
        "learn nothing on this batch.",
        p.name,
        share,
        "share of units",
        remedies_for_dead_units(),
    )
