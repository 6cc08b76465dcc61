"""Options of an inspection."""

from dataclasses import dataclass

from unrolled.config import require_at_least


@dataclass(frozen=True)
class InspectionConfig:
    """Amount of data and computation of an inspection."""

    rows: int = 16
    """Number of items or windows in the gradient matrices."""

    steps: int = 200
    """Maximum number of steps of each row."""

    long_steps: int = 1000
    """Length of the single long row for state maps and Lyapunov exponents, in steps."""

    samples: int = 0
    """Number of (step, row) pairs at which Jacobians are computed; 0: 64, and fewer for large states."""

    targets: int = 300
    """Number of tokens for measuring the loss by context length; language models only."""

    def __post_init__(self) -> None:
        require_at_least(self, {"rows": 1, "steps": 1, "long_steps": 1, "samples": 0, "targets": 1})
