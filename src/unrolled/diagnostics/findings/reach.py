"""How far back gradients reach, and whether they grow on the way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.diagnostics.findings.remedies import against_exploding, against_vanishing
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.gradients import DistanceCurve, Floats, GradientMatrices, within
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.wording import counted

VANISHED = 1e-3
"""Share of the gradient at its own step below which a gradient has no effect on an update."""
EXPLODED = 1e3
NEAR = 10
"""Steps. Losses at every step still teach much where gradients reach less far than the window, but little
where they reach less than this."""
UNPLACED = Verdict(
    "Distances are not known",
    "notice",
    "The losses belong to no step of these layers, so that there is nothing to say of how far back gradients "
    "reach. Return the loss of each step and row, (steps, rows) and not (rows, steps), or of each row; or "
    "say in "
    "times= to which step each belongs.",
)
AHEAD = Verdict(
    "Losses depend on later steps",
    "notice",
    "The loss of a step depends on states after it. Where the model looks ahead this is as it should be; "
    "else the "
    "losses are (rows, steps): return them transposed, (steps, rows).",
)
SHORT = 10
"""Steps of a window in which a gradient that is still there says little."""


@dataclass(frozen=True)
class Reach:
    """How one layer's median gradient changes with the distance, as a share of that at its own step.

    ``vanished`` is the first distance from which on the share stays below 1/1000, ``exploded`` the first at
    which it is above 1000; None where it never is. ``largest`` is the largest share, ``last`` that at the
    longest distance, ``longest``. ``rate`` is the mean factor of a step.
    """

    layer: str
    longest: int
    vanished: int | None
    exploded: int | None
    largest: float
    last: float
    rate: float


def reach(curves: Sequence[DistanceCurve], layer: str) -> Reach:
    """Return how far the gradients of a layer reach, by the state of it that carries them furthest."""
    longest = max(int(c.distance[-1]) for c in curves)
    medians = np.full((len(curves), longest + 1), np.nan)
    for row, curve in zip(medians, curves, strict=True):
        row[curve.distance] = curve.median
    carried = np.nan_to_num(medians).max(0)
    positive = carried[carried > 0]
    share = carried / positive[0] if len(positive) else carried
    vanished, exploded = _first_below(share), np.flatnonzero(share > EXPLODED)
    end = vanished if vanished is not None else longest
    reached = max(float(share[end]), float(np.finfo(np.float32).tiny))
    return Reach(
        layer,
        longest,
        vanished,
        int(exploded[0]) if len(exploded) else None,
        float(share.max()),
        float(share[-1]),
        reached ** (1 / max(end, 1)),
    )


def _first_below(share: Floats) -> int | None:
    above = np.flatnonzero(share >= VANISHED)
    first = int(above[-1]) + 1 if len(above) else 0
    return first if first < len(share) else None


def reach_verdicts(recording: Recording, matrices: GradientMatrices) -> tuple[Verdict, ...]:
    """Say of each layer and direction whether gradients vanish, explode, or reach through the window."""
    if matrices.times is None:
        return (UNPLACED,)
    single = len(recording.losses) == 1
    found = [AHEAD] if _looks_ahead(recording, matrices) else []
    for p in recording.passes:
        curves = [
            s.over_distance(matrices.times)
            for s in matrices.states
            if s.layer == p.name and within(s.layer, matrices.layers)
        ]
        curves = [c for c in curves if len(c.distance)]
        if curves:
            found.append(_verdict(p, reach(curves, p.name), single=single))
    return tuple(found)


def _looks_ahead(recording: Recording, matrices: GradientMatrices) -> bool:
    """Whether a loss depends on a state of a later step though every layer runs forwards."""
    times = matrices.times
    if times is None or times.ndim > 1 or any(p.reverse for p in recording.passes):
        return False
    return any(
        bool(np.nan_to_num(s.norms[np.arange(s.norms.shape[1])[None] > times[:, None]]).any())
        for s in matrices.states
        if within(s.layer, matrices.layers)
    )


def _verdict(p: Pass, r: Reach, *, single: bool) -> Verdict:
    if r.exploded is not None:
        return Verdict(
            f"Exploding: 1,000 times larger {counted(r.exploded, 'step')} back",
            "bad",
            f"The gradient of a loss with respect to the state grows on its way back, by a factor of "
            f"{r.rate:.2f} a step, and is {r.largest:.3g} times what it is at its own step. Updates are then "
            "ruled by what happened long ago, and may leave the range of numbers.",
            p.name,
            r.rate,
            "factor of a step",
            against_exploding(p),
        )
    if r.vanished is None:
        short = r.longest < SHORT
        return Verdict(
            f"Too short to tell: gradients reach through {counted(r.longest, 'step')}"
            if short
            else f"Healthy: gradients reach through all {counted(r.longest, 'step')}",
            "notice" if short else "good",
            f"At the longest distance of this window, {counted(r.longest, 'step')}, the gradient is still "
            f"{_share(r.last)} what it is at its own step ({r.rate:.3f} a step).",
            p.name,
            r.last,
            f"share left at distance {r.longest}",
        )
    far = "the beginning of the sequence teaches nothing" if single else "what is further back teaches little"
    return Verdict(
        f"Vanishing at distance {r.vanished}",
        "bad" if single or r.vanished <= NEAR else "notice",
        f"{counted(r.vanished, 'step').capitalize()} back the gradient is less than 1/1000 of what it "
        "is at its own "
        f"step, a factor of {r.rate:.3f} a step: {far}.",
        p.name,
        float(r.vanished),
        "steps until 1/1000 is left",
        against_vanishing(p, r.longest if single else max(2 * r.vanished, NEAR)),
    )


def _share(value: float) -> str:
    return f"{value:,.0f} times" if value >= 2 else f"{value:.2g} of"
