"""Verdicts on the reach of gradients: vanishing, exploding, or healthy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.diagnostics.findings.remedies import remedies_for_exploding, remedies_for_vanishing
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.gradients import DistanceCurve, Floats, GradientMatrices, is_in_module
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.wording import counted

VANISHED = 1e-3
"""Fraction of the gradient at distance 0 below which a gradient has no effect on training."""
EXPLODED = 1e3
NEAR = 10
"""Reach in steps below which training hardly works. If gradients reach further but not through the window,
training with a loss at every step still works."""
NO_DISTANCES = Verdict(
    "Distances are not known",
    "notice",
    "The losses belong to no step of these layers, so that the reach of gradients is unknown. Return one "
    "loss per step and row, (steps, rows) and not (rows, steps), or one per row; "
    "or pass the step of each loss in times=.",
)
DEPENDS_AHEAD = Verdict(
    "Losses depend on later steps",
    "notice",
    "The loss of a step depends on later states. That is correct for a model that looks ahead; otherwise the "
    "losses are (rows, steps): return them transposed, (steps, rows).",
)
SHORT = 10
"""Minimum window length in steps to call gradients that reach through it healthy."""


@dataclass(frozen=True)
class Reach:
    """Median gradient of one layer by distance, relative to the gradient at distance 0.

    ``vanished`` is the first distance from which on the ratio stays below 1/1000, ``exploded`` the first with
    a ratio above 1000; None if no distance qualifies. ``largest`` is the largest ratio, ``last`` the ratio at
    the longest distance, ``longest``. ``rate`` is the mean factor per step.
    """

    layer: str
    longest: int
    vanished: int | None
    exploded: int | None
    largest: float
    last: float
    rate: float


def reach(curves: Sequence[DistanceCurve], layer: str) -> Reach:
    """Return how far the gradients of a layer reach: by the largest median of its states at each distance."""
    longest = max(int(c.distance[-1]) for c in curves)
    medians = np.full((len(curves), longest + 1), np.nan)
    for row, curve in zip(medians, curves, strict=True):
        row[curve.distance] = curve.median
    largest = np.nan_to_num(medians).max(0)
    positive = largest[largest > 0]
    ratio = largest / positive[0] if len(positive) else largest
    vanished, exploded = _first_below(ratio), np.flatnonzero(ratio > EXPLODED)
    end = vanished if vanished is not None else longest
    remaining = max(float(ratio[end]), float(np.finfo(np.float32).tiny))
    return Reach(
        layer,
        longest,
        vanished,
        int(exploded[0]) if len(exploded) else None,
        float(ratio.max()),
        float(ratio[-1]),
        remaining ** (1 / max(end, 1)),
    )


def _first_below(ratio: Floats) -> int | None:
    above = np.flatnonzero(ratio >= VANISHED)
    first = int(above[-1]) + 1 if len(above) else 0
    return first if first < len(ratio) else None


def reach_verdicts(recording: Recording, matrices: GradientMatrices) -> tuple[Verdict, ...]:
    """Return for each layer and direction whether gradients vanish, explode, or reach through the window."""
    if matrices.times is None:
        return (NO_DISTANCES,)
    single = len(recording.losses) == 1
    verdicts = [DEPENDS_AHEAD] if _looks_ahead(recording, matrices) else []
    for p in recording.passes:
        curves = [
            s.over_distance(matrices.times)
            for s in matrices.states
            if s.layer == p.name and is_in_module(s.layer, matrices.layers)
        ]
        curves = [c for c in curves if len(c.distance)]
        if curves:
            verdicts.append(_verdict(p, reach(curves, p.name), single=single))
    return tuple(verdicts)


def _looks_ahead(recording: Recording, matrices: GradientMatrices) -> bool:
    """Return whether a loss depends on a later state although every layer runs forwards."""
    times = matrices.times
    if times is None or times.ndim > 1 or any(p.reverse for p in recording.passes):
        return False
    return any(
        bool(np.nan_to_num(s.norms[np.arange(s.norms.shape[1])[None] > times[:, None]]).any())
        for s in matrices.states
        if is_in_module(s.layer, matrices.layers)
    )


def _verdict(p: Pass, r: Reach, *, single: bool) -> Verdict:
    if r.exploded is not None:
        return Verdict(
            f"Exploding: 1,000 times larger {counted(r.exploded, 'step')} back",
            "bad",
            f"The gradient of a loss with respect to the state grows backwards in time, by a factor of "
            f"{r.rate:.2f} per step, up to {r.largest:.3g} times its value at distance 0. Distant steps then "
            "dominate the updates, which may overflow.",
            p.name,
            r.rate,
            "factor per step",
            remedies_for_exploding(p),
        )
    if r.vanished is None:
        short = r.longest < SHORT
        return Verdict(
            f"Too short to tell: gradients reach through {counted(r.longest, 'step')}"
            if short
            else f"Healthy: gradients reach through all {counted(r.longest, 'step')}",
            "notice" if short else "good",
            f"At the longest distance of this window, {counted(r.longest, 'step')}, the gradient is still "
            f"{_ratio(r.last)} its value at distance 0 (a factor of {r.rate:.3f} per step).",
            p.name,
            r.last,
            f"ratio at distance {r.longest}",
        )
    effect = "the beginning of the sequence teaches nothing" if single else "earlier steps teach little"
    return Verdict(
        f"Vanishing at distance {r.vanished}",
        "bad" if single or r.vanished <= NEAR else "notice",
        f"{counted(r.vanished, 'step').capitalize()} back the gradient is less than 1/1000 of its value at "
        f"distance 0, a factor of {r.rate:.3f} per step: {effect}.",
        p.name,
        float(r.vanished),
        "steps until 1/1000 is left",
        remedies_for_vanishing(p, r.longest if single else max(2 * r.vanished, NEAR)),
    )


def _ratio(value: float) -> str:
    return f"{value:,.0f} times" if value >= 2 else f"{value:.2g} of"
