"""The log of a run: one JSON object a line, cut back to the checkpoint on resume."""

import json
import os
from pathlib import Path
from typing import Any

from unrolled.errors import RunError


class MetricsLog:
    """Appends records to ``metrics.jsonl``, or only keeps them in memory when there is no path."""

    def __init__(self, path: Path | None) -> None:
        self.records: list[dict[str, Any]] = []
        self._path = path

    def add(self, record: dict[str, Any]) -> None:
        """Append one record.

        Raises:
            RunError: if it cannot be written.
        """
        self.records.append(record)
        if self._path is None:
            return
        try:
            with self._path.open("ab") as file:
                file.write((json.dumps(record) + "\n").encode())
        except OSError as error:
            raise RunError(f"{self._path}: could not be written ({error.strerror})") from error

    def position(self) -> int:
        """Return the length in bytes, with everything so far on disk."""
        if self._path is None or not self._path.exists():
            return 0
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
            return file.seek(0, os.SEEK_END)

    def rewind(self, position: int) -> None:
        """Cut back to a position of :meth:`position`: what came later will be done again."""
        assert self._path is not None
        with self._path.open("ab") as file:
            file.truncate(position)
        self.records = read_log(self._path)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read every whole record; a line that was cut off by a kill is left out."""
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]
