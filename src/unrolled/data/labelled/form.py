"""The format of labelled data, as far as it is not detected."""

from dataclasses import dataclass, field
from typing import Literal

from unrolled.data.tables import TableConfig

Missing = Literal["drop", "error"]


@dataclass(frozen=True)
class LabelledForm:
    """Format of labelled data; empty fields are detected."""

    text_column: str = ""
    """Name of the text column, or its number from 1; several are joined: "title,body". Empty: detected."""
    label_column: str = ""
    """Name of the label column, or its number from 1. Empty: detected."""
    missing: Missing = "drop"
    """How to handle a row without text or label: "drop" leaves it out, "error" raises an error."""
    table: TableConfig = field(default_factory=TableConfig)

    @property
    def text_columns(self) -> list[str]:
        """The names of the text columns; a comma always separates two names."""
        return [name.strip() for name in self.text_column.split(",") if name.strip()]

    @property
    def user_columns(self) -> list[str]:
        """All column names that a header must contain."""
        return [*self.text_columns, *([self.label_column] if self.label_column else [])]
