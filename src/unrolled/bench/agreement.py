"""Equal work is shown, not assumed: both sides must give the same numbers before they are timed."""

from collections.abc import Mapping

from torch import Tensor

from unrolled.bench.errors import DisagreementError

TOLERANCE = {"float32": 1e-3, "bfloat16": 0.1}
"""Largest difference allowed, as a share of the largest value of the tensor, by precision of ours."""


def require_agreement(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], tolerance: float, what: str
) -> float:
    """Return the largest difference of any tensor, as a share of that tensor's largest value.

    Raises:
        DisagreementError: if it is above the tolerance or not a number, or a tensor is missing on one side.
    """
    if ours.keys() != theirs.keys():
        lone = ", ".join(sorted(ours.keys() ^ theirs.keys()))
        raise DisagreementError(f"{what}: only one of the two sides has {lone}; nothing was timed")
    worst = 0.0
    for name, theirs_value in theirs.items():
        difference = relative_difference(ours[name], theirs_value)
        if not difference <= tolerance:  # so that NaN does not pass
            raise DisagreementError(
                f"{what}: {name} of the two differs by {difference:.1e} of its largest value, more than "
                f"{tolerance:g}; they do not compute the same, so that nothing was timed"
            )
        worst = max(worst, difference)
    return worst


def relative_difference(a: Tensor, b: Tensor) -> float:
    """Return max |a − b| / max |b|; infinite where the shapes differ."""
    if a.shape != b.shape:
        return float("inf")
    a, b = a.detach().double(), b.detach().double()
    gap, scale = float((a - b).abs().max()), float(b.abs().max())
    return gap / scale if scale else (0.0 if gap == 0 else float("inf"))
