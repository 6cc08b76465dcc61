"""What an export wrote."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FormatResult:
    """What the exporter of a format reports."""

    lines: tuple[str, ...]
    """Sizes, differences and speeds, for people."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same as numbers, for ``export.json``."""
    built: tuple[str, ...] = ()
    """Names of what its users build in the folder; such files do not keep it from being replaced."""
    next_step: str = ""
    """A command to try, with ``{folder}`` for the folder."""


@dataclass(frozen=True)
class ExportResult:
    """A finished export."""

    folder: Path
    to: str
    files: Mapping[str, int]
    """Size of each file in bytes."""
    result: FormatResult

    @property
    def facts(self) -> Mapping[str, Any]:
        """Sizes, differences and speeds."""
        return self.result.facts

    def __str__(self) -> str:
        files = ", ".join(f"{name} ({format_bytes(size)})" for name, size in self.files.items())
        lines = [f"{self.folder}: {files}", *self.result.lines]
        if self.result.next_step:
            lines.append(self.result.next_step.format(folder=shlex.quote(str(self.folder))))
        return "\n".join(lines)


def format_bytes(size: int) -> str:
    """Return a size as people read it."""
    if size < 10_000:
        return f"{size:,} bytes"
    return f"{size / 1e3:,.0f} kB" if size < 10_000_000 else f"{size / 1e6:,.1f} MB"
