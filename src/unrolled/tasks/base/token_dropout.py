"""Dropout of whole tokens, for tasks that read whole texts."""

from dataclasses import dataclass

from unrolled.config import require
from unrolled.models import DropoutConfig


@dataclass(frozen=True)
class TokenDropoutConfig(DropoutConfig):
    """Dropout, by what it is applied to; every rate in [0, 1)."""

    dropout_word: float = 0.0
    """Dropout of whole tokens, which are replaced by <unk> (Dai & Le 2015)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.dropout_word < 1, f"dropout_word={self.dropout_word}: a rate must lie in [0, 1)")
