"""Verdicts on the log of a training: where it broke, how often gradients were clipped."""

from collections.abc import Mapping, Sequence
from typing import Any

from unrolled.diagnostics.findings.verdict import Remedy, Verdict

OFTEN = 0.9
"""Share of updates that were clipped from which the clipping norm, not the learning rate, sets the pace."""
PLAIN = ("sgd", "nt-asgd")
LATE = 0.5
"""Where the judged part of the training begins, as a share of it."""


def training_verdicts(history: Sequence[Mapping[str, Any]], optimizer: str = "sgd") -> tuple[Verdict, ...]:
    """Say where a number first became non-finite, and whether nearly all updates were clipped.

    The latter means something where the size of a gradient is that of the update: with SGD, not with Adam or
    RMSprop, which divide by it.
    """
    found = [_nonfinite(r) for r in history if r["kind"] == "nonfinite"]
    watched = [r for r in history if r["kind"] == "watch"]
    late = watched[int(len(watched) * LATE) :]
    updates = sum(r["clipping"]["updates"] for r in late)
    if updates and optimizer in PLAIN:
        share = sum(r["clipping"]["share"] * r["clipping"]["updates"] for r in late) / updates
        if share >= OFTEN:
            found.append(_clipped(share, late[-1]["clipping"]["norm_mean"]))
    return tuple(found)


def _nonfinite(record: Mapping[str, Any]) -> Verdict:
    return Verdict(
        f"Not finite at update {record['step']:,}",
        "bad",
        f"Training broke there: an infinite number, or none, was first seen in {record['where']}.",
        str(record["where"]),
        float(record["step"]),
        "update",
        (
            Remedy("scale gradients down to a norm of 1 (Pascanu et al. 2013)", "--clip-norm 1"),
            Remedy("a smaller learning rate: a third of it", "--lr"),
            Remedy("a gated cell", "--cell lstm"),
            Remedy("an orthogonal start of U", "--recurrent-init orthogonal"),
        ),
    )


def _clipped(share: float, norm: float | None) -> Verdict:
    size = "" if norm is None else f" (the gradient's norm is {norm:.3g} on average)"
    remedies = (
        ()
        if norm is None
        else (Remedy("clip only what is larger than usual", f"--clip-norm {float(f'{2 * norm:.1g}'):g}"),)
    )
    return Verdict(
        f"Clipped: {share:.0%} of updates",
        "notice",
        f"In the last half of training nearly every gradient was scaled down{size}: the clipping norm, not "
        "the learning rate, sets how far updates go.",
        "",
        share,
        "share of updates",
        remedies,
    )
