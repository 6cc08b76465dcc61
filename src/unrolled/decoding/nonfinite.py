"""The error for a model whose probabilities are not finite."""

from unrolled.errors import NonFiniteError


def non_finite_error() -> NonFiniteError:
    """Return the error for probabilities that are not finite."""
    return NonFiniteError(
        "the model gives no finite probabilities: its weights are damaged, or its training diverged; "
        "restore them from a copy, or train again with a smaller lr"
    )
