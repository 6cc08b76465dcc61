"""Verdicts on the log of a training: non-finite numbers, clipping of most gradients."""

from collections.abc import Mapping, Sequence
from typing import Any

from unrolled.diagnostics.findings.verdict import Remedy, Verdict

OFTEN = 0.9
"""Fraction of clipped updates from which the clipping norm, not the learning rate, sets the update size."""
PLAIN = ("sgd", "nt-asgd")
LATE = 0.5
"""Start of the part of the training to judge, as a fraction of it."""


def training_verdicts(history: Sequence[Mapping[str, Any]], optimizer: str = "sgd") -> tuple[Verdict, ...]:
    """Return verdicts on the first non-finite number, and on whether nearly all updates were clipped.

    Clipping is judged only if the size of the gradient sets that of the update: with SGD, not with Adam or
    RMSprop, which divide by it.
    """
    verdicts = [_nonfinite(r) for r in history if r["kind"] == "nonfinite"]
    watch_records = [r for r in history if r["kind"] == "watch"]
    late_records = watch_records[int(len(watch_records) * LATE) :]
    updates = sum(r["clipping"]["updates"] for r in late_records)
    if updates and optimizer in PLAIN:
        share = sum(r["clipping"]["share"] * r["clipping"]["updates"] for r in late_records) / updates
        if share >= OFTEN:
            verdicts.append(_clipped(share, late_records[-1]["clipping"]["norm_mean"]))
    return tuple(verdicts)


def _nonfinite(record: Mapping[str, Any]) -> Verdict:
    return Verdict(
        f"Not finite at update {record['step']:,}",
        "bad",
        f"Training stopped there: the first infinite or NaN value was in {record['where']}.",
        str(record["where"]),
        float(record["step"]),
        "update",
        (
            Remedy("clip the gradient norm to 1 (Pascanu et al. 2013)", "--clip-norm 1"),
            Remedy("a smaller learning rate, a third of the current one", "--lr"),
            Remedy("a gated cell", "--cell lstm"),
            Remedy("orthogonal initialisation of U", "--recurrent-init orthogonal"),
        ),
    )


def _clipped(share: float, norm: float | None) -> Verdict:
    size = "" if norm is None else f" (the gradient's norm is {norm:.3g} on average)"
    remedies = (
        ()
        if norm is None
        else (Remedy("clip only unusually large gradients", f"--clip-norm {float(f'{2 * norm:.1g}'):g}"),)
    )
    return Verdict(
        f"Clipped: {share:.0%} of updates",
        "notice",
        f"In the last half of training nearly every gradient was clipped{size}: the clipping norm, not "
        "the learning rate, sets the size of the updates.",
        "",
        share,
        "share of updates",
        remedies,
    )
