"""The log's record of one look."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from unrolled.monitoring.look import Look
from unrolled.monitoring.weights import WeightSize
from unrolled.training import Progress, Update


class Clipping:
    """Norms of the whole gradient before and after clipping, since the last look."""

    def __init__(self) -> None:
        self._before: list[float] = []
        self._after: list[float] = []

    def add(self, update: Update) -> None:
        """Count an update."""
        self._before.append(update.norm)
        self._after.append(update.norm * update.factor)

    def to_json(self) -> dict[str, Any]:
        """Return number of updates, share that was clipped, and mean and largest norms."""
        count = len(self._before)
        clipped = sum(after < before for before, after in zip(self._before, self._after, strict=True))
        return {
            "updates": count,
            "share": clipped / count,
            "norm_mean": brief(math.fsum(self._before) / count),
            "norm_max": brief(max(self._before)),
            "clipped_norm_mean": brief(math.fsum(self._after) / count),
        }


def watch_record(
    progress: Progress, clipping: Clipping, seen: Look, sizes: Mapping[str, WeightSize]
) -> dict[str, Any]:
    """Return the record of a look; numbers that are not finite are null."""
    distances = sorted({d for norms in seen.norms.values() for d in norms})
    return {
        "kind": "watch",
        "step": progress.step,
        "epoch": progress.epoch,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 3),
        "clipping": clipping.to_json(),
        "gradients": {
            "distance": distances,
            "norm": {name: [brief(norms.get(d)) for d in distances] for name, norms in seen.norms.items()},
        },
        "saturation": {n: [brief(low), brief(high)] for n, (low, high) in seen.saturation.items()},
        "weights": {n: {k: brief(v) for k, v in asdict(s).items()} for n, s in sizes.items()},
    }


def brief(value: float | None) -> float | None:
    """Return a number rounded to four digits; None if it is not finite."""
    return float(f"{value:.4g}") if value is not None and math.isfinite(value) else None
