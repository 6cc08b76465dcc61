"""Remedies with the values that a run asks for, where a remedy is a change of a value it has."""

from dataclasses import replace

from unrolled.diagnostics.findings.verdict import Remedy, Verdict


def with_values(verdict: Verdict, *, lr: float, steps: int = 0) -> Verdict:
    """Return a verdict whose ``--lr`` and ``--steps`` say to what to set them.

    Args:
        verdict: a finding.
        lr: the learning rate that there was.
        steps: after how many steps backpropagation through time was cut off; 0 leaves that remedy out, where
            there is no such option.
    """
    remedies = (_with_value(r, lr, steps) for r in verdict.remedies)
    return replace(verdict, remedies=tuple(r for r in remedies if r is not None))


def _with_value(remedy: Remedy, lr: float, steps: int) -> Remedy | None:
    match remedy.flag:
        case "--lr":
            return replace(remedy, flag=f"--lr {lr / 3:.1g}")
        case "--steps":
            return replace(remedy, flag=f"--steps {max(1, steps // 2)}") if steps else None
        case _:
            return remedy
