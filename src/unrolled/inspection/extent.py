"""Options of an inspection."""

from dataclasses import dataclass

from unrolled.config import require_at_least


@dataclass(frozen=True)
class Extent:
    """How much is looked at."""

    rows: int = 16
    """Items or windows in the gradient matrices."""

    steps: int = 200
    """Steps of each, at most."""

    long_steps: int = 1000
    """Steps of the one long row whose states are drawn and along which Lyapunov exponents are taken."""

    samples: int = 0
    """Steps and rows at which Jacobians are computed; 0 takes 64, and fewer where states are large."""

    targets: int = 300
    """Tokens whose loss is measured with less and less context; language models only."""

    def __post_init__(self) -> None:
        require_at_least(self, {"rows": 1, "steps": 1, "long_steps": 1, "samples": 0, "targets": 1})
