"""How labelled data are written, where the file does not tell."""

from dataclasses import dataclass, field
from typing import Literal

from unrolled.data.tables import TableConfig

Missing = Literal["drop", "error"]


@dataclass(frozen=True)
class LabelledForm:
    """The form of labelled data."""

    text_column: str = ""
    """Name of the column with the text, or its number from 1; several are joined: "title,body". Empty:
    found."""
    label_column: str = ""
    """The same of the label."""
    missing: Missing = "drop"
    """Whether a row without text or label is left out, or an error."""
    table: TableConfig = field(default_factory=TableConfig)

    @property
    def text_columns(self) -> list[str]:
        """The names of the text columns; a comma inside a name counts as one between names."""
        return [name.strip() for name in self.text_column.split(",") if name.strip()]

    @property
    def asked(self) -> list[str]:
        """All names that a header must have."""
        return [*self.text_columns, *([self.label_column] if self.label_column else [])]
