"""Options for the format of a table file."""

from dataclasses import dataclass
from typing import Literal

from unrolled.config import require


@dataclass(frozen=True)
class TableConfig:
    """Format of a table file."""

    separator: str = ""
    """Separator between the cells of a line, such as ; or a tab. Empty: detected."""

    decimal: Literal["", ".", ","] = ""
    """Decimal sign of numbers. Empty: detected."""

    header: Literal["auto", "yes", "no"] = "auto"
    """Whether the first line names the columns. auto: detected. Columns without names are numbered from 1."""

    encoding: str = "utf-8"
    """Encoding of the file, such as cp1252 or latin-1."""

    def __post_init__(self) -> None:
        require(
            "\n" not in self.separator and '"' not in self.separator,
            f"separator={self.separator!r}: must not contain a line break or a quotation mark",
        )
        require(
            not self.decimal or self.decimal != self.separator,
            f"separator={self.separator!r}, decimal={self.decimal!r}: must differ",
        )
