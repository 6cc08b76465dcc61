"""Check that both sides of a comparison compute the same numbers, before they are timed."""

from collections.abc import Mapping

from torch import Tensor

from unrolled.bench.errors import DisagreementError

TOLERANCE = {"float32": 1e-3, "bfloat16": 0.1}
"""Largest allowed difference, as a fraction of the tensor's largest value, by the precision of our side."""


def require_agreement(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], tolerance: float, what: str
) -> float:
    """Return the largest difference of any tensor, as a fraction of that tensor's largest value.

    ``what`` names the comparison in errors.

    Raises:
        DisagreementError: if the difference is above the tolerance or NaN, or if one side lacks a tensor.
    """
    if ours.keys() != theirs.keys():
        unmatched = ", ".join(sorted(ours.keys() ^ theirs.keys()))
        raise DisagreementError(f"{what}: only one of the two sides returns {unmatched}; nothing was timed")
    worst = 0.0
    for name, theirs_value in theirs.items():
        difference = relative_difference(ours[name], theirs_value)
        if not difference <= tolerance:  # written so that NaN fails
            raise DisagreementError(
                f"{what}: {name} differs by {difference:.1e} of its largest value between the two sides, "
                f"more than {tolerance:g}: they compute different numbers, so nothing was timed"
            )
        worst = max(worst, difference)
    return worst


def relative_difference(a: Tensor, b: Tensor) -> float:
    """Return max |a − b| / max |b|, or infinity if the shapes differ."""
    if a.shape != b.shape:
        return float("inf")
    a, b = a.detach().double(), b.detach().double()
    gap, scale = float((a - b).abs().max()), float(b.abs().max())
    return gap / scale if scale else (0.0 if gap == 0 else float("inf"))
