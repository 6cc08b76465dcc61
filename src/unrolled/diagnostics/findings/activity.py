"""Saturated, dead and constant units in words."""

from unrolled.diagnostics.activation_saturation import Saturation
from unrolled.diagnostics.findings.remedies import against_dead_units, against_saturation
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.passes import Pass

MUCH = 0.5
"""Share of a hidden layer's steps and units at the ends of the range from which it is called saturated."""
STUCK = 0.95
"""The same for gates and what they let in: trained LSTMs and GRUs work near the ends (Karpathy et al.
2015)."""
SOME = 0.1
"""Share of dead units that is worth a word."""


def activity_verdicts(p: Pass, found: tuple[Saturation, ...]) -> tuple[Verdict, ...]:
    """Say where units of a pass are saturated, dead, or healthy."""
    told = [verdict for one in found for verdict in (_saturated(p, one), _dead(p, one)) if verdict]
    if told or not found:
        return tuple(told)
    worst = max(found, key=lambda s: s.share_left + s.share_right)
    share = worst.share_left + worst.share_right
    return (
        Verdict(
            "Healthy: units are not stuck",
            "good",
            f"No nonlinearity is at the ends of its range all the time; most often it is {worst.name}, at "
            f"{share:.0%} of steps and units.",
            p.name,
            share,
            f"saturated share of {worst.name}",
        ),
    )


def _saturated(p: Pass, one: Saturation) -> Verdict | None:
    if one.kind == "relu" or one.name == p.cell.retaining_gate:
        return None  # a gate that keeps the old state is meant to be open
    share = one.share_left + one.share_right
    if share < (MUCH if one.name == "hidden" else STUCK):
        return None
    stuck = f", {len(one.always)} of {len(one.left)} units always" if len(one.always) else ""
    return Verdict(
        f"Saturated: {one.name}",
        "bad" if len(one.always) > len(one.left) / 2 else "notice",
        f"{share:.0%} of all steps and units lie in the outer tenths of the range ({one.share_left:.0%} low, "
        f"{one.share_right:.0%} high{stuck}), where σ′ is at most 36% of its largest value.",
        p.name,
        share,
        "share of steps and units",
        against_saturation(p),
    )


def _dead(p: Pass, one: Saturation) -> Verdict | None:
    share = len(one.dead) / len(one.left)
    if one.kind != "relu" or share < SOME:
        return None
    return Verdict(
        "Dead ReLU units",
        "bad" if share > MUCH else "notice",
        f"{len(one.dead)} of {len(one.left)} units are 0 at every step of every row: they say nothing and "
        "learn nothing here.",
        p.name,
        share,
        "share of units",
        against_dead_units(),
    )
