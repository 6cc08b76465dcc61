"""Fills in option values of remedies that depend on the options of the run."""

from dataclasses import replace

from unrolled.diagnostics.findings.verdict import Remedy, Verdict


def fill_in_values(verdict: Verdict, *, lr: float, steps: int = 0) -> Verdict:
    """Return a verdict whose ``--lr`` and ``--steps`` remedies have a value.

    Args:
        verdict: the verdict.
        lr: learning rate of the run.
        steps: truncation length of backpropagation through time; 0 drops the ``--steps`` remedy, for tasks
            without that option.
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
