"""The sizes for which layers are measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.errors import ConfigError


@dataclass(frozen=True)
class Point:
    """Sizes of one measurement: T steps, B rows, I input features, H hidden units."""

    steps: int
    batch: int
    input: int
    hidden: int

    @property
    def tokens(self) -> int:
        """Tokens in one call, T·B."""
        return self.steps * self.batch

    def __str__(self) -> str:
        return f"{self.steps},{self.batch},{self.input},{self.hidden}"

    @classmethod
    def parse(cls, text: str) -> "Point":
        """Parse ``T,B,I,H``.

        Raises:
            ConfigError: if the text is not four positive whole numbers.
        """
        try:
            sizes = [int(part) for part in text.split(",")]
        except ValueError:
            sizes = []
        if len(sizes) != 4 or min(sizes) < 1:
            raise ConfigError(
                f"point {text!r}: must be T,B,I,H, four positive whole numbers such as 35,20,200,200"
            )
        return cls(*sizes)


GRID = (
    "35,20,200,200",
    "35,20,650,650",
    "100,64,128,256",
    "50,32,512,512",
    "200,1,64,128",
    "100,64,64,64",
    "400,8,32,32",
)
"""Word models of two sizes, a character model, a large square, a single row, and two with small layers."""


def parse_points(texts: Sequence[str]) -> list[Point]:
    """Parse several points. Raises the errors of :meth:`Point.parse`."""
    return [Point.parse(text) for text in texts]
