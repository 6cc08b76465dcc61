"""Log records of the kind "watch": gradients, saturation and weights of one step."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from unrolled.monitoring.analysis import StepAnalysis
from unrolled.monitoring.weights import WeightSize
from unrolled.training import Progress, StepStats


class ClippingStatistics:
    """Norms of the whole gradient before and after clipping, since the previous record."""

    def __init__(self) -> None:
        self._before: list[float] = []
        self._after: list[float] = []

    def add(self, stats: StepStats) -> None:
        """Add the norms of one step."""
        self._before.append(stats.norm)
        self._after.append(stats.norm * stats.factor)

    def to_json(self) -> dict[str, Any]:
        """Return the number of steps, the clipped fraction, and the mean and largest norms."""
        count = len(self._before)
        clipped = sum(after < before for before, after in zip(self._before, self._after, strict=True))
        return {
            "updates": count,
            "share": clipped / count,
            "norm_mean": round_number(math.fsum(self._before) / count),
            "norm_max": round_number(max(self._before)),
            "clipped_norm_mean": round_number(math.fsum(self._after) / count),
        }


def make_watch_record(
    progress: Progress,
    clipping: ClippingStatistics,
    analysis: StepAnalysis,
    weight_sizes: Mapping[str, WeightSize],
) -> dict[str, Any]:
    """Return a watch record; non-finite numbers become None."""
    distances = sorted({d for norms in analysis.norms.values() for d in norms})
    return {
        "kind": "watch",
        "step": progress.step,
        "epoch": progress.epoch,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 3),
        "clipping": clipping.to_json(),
        "gradients": {
            "distance": distances,
            "norm": {
                name: [round_number(norms.get(d)) for d in distances]
                for name, norms in analysis.norms.items()
            },
        },
        "saturation": {
            n: [round_number(fraction_low), round_number(fraction_high)]
            for n, (fraction_low, fraction_high) in analysis.saturation.items()
        },
        "weights": {n: {k: round_number(v) for k, v in asdict(s).items()} for n, s in weight_sizes.items()},
    }


def round_number(value: float | None) -> float | None:
    """Round a number to four significant digits; return None if it is not finite."""
    return float(f"{value:.4g}") if value is not None and math.isfinite(value) else None
