"""Remedies with the values that this run asks for, where a remedy is a change of a value it has."""

from dataclasses import replace
from typing import Any

from unrolled.diagnostics.report.parts import Remedy, Verdict


def with_values(verdict: Verdict, config: Any) -> Verdict:
    """Return a verdict whose ``--lr`` and ``--steps`` say to what to set them, from what the run had.

    A remedy whose option the task does not have is left out.
    """
    remedies = (_with_value(r, config) for r in verdict.remedies)
    return replace(verdict, remedies=tuple(r for r in remedies if r is not None))


def _with_value(remedy: Remedy, config: Any) -> Remedy | None:
    match remedy.flag:
        case "--lr":
            return replace(remedy, flag=f"--lr {config.optimizer.lr / 3:.1g}")
        case "--steps":
            steps = getattr(config.training, "steps", 0)
            return replace(remedy, flag=f"--steps {max(1, steps // 2)}") if steps else None
        case _:
            return remedy
