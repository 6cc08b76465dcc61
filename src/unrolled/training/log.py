"""The log of a run: one JSON object a line, cut back to the checkpoint on resume."""

import json
import os
from pathlib import Path
from typing import Any

from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert, parse_json, read_bytes
from unrolled.storage.regular import require_regular
from unrolled.training.records import Record


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
        require_regular(self._path)
        try:
            with self._path.open("ab") as file:
                file.write((json.dumps(record) + "\n").encode())
        except OSError as error:
            raise self._refusal(error) from error

    def position(self) -> int:
        """Return the length in bytes, with everything so far on disk.

        Raises:
            RunError: if it cannot be written.
        """
        if self._path is None or not self._path.exists():
            return 0
        require_regular(self._path)
        try:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
                return file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._refusal(error) from error

    def rewind(self, position: int) -> None:
        """Cut back to a position of :meth:`position`: what came later will be done again.

        Raises:
            RunError: if the log is shorter than that, damaged, or cannot be written.
        """
        assert self._path is not None
        if self._path.is_symlink():
            raise RunError(f"{self._path}: is a link; put the log itself in its place, then resume")
        require_regular(self._path)
        size = self._path.stat().st_size if self._path.exists() else 0
        if size < position:
            raise RunError(
                f"{self._path}: is shorter than its checkpoint says ({size} < {position} bytes); "
                "restore the folder from a copy"
            )
        try:
            with self._path.open("ab") as file:
                file.truncate(position)
        except OSError as error:
            raise self._refusal(error) from error
        self.records = read_log(self._path)

    def _refusal(self, error: OSError) -> RunError:
        return RunError(f"{self._path}: could not be written ({error.strerror})")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read every whole record; a line that was cut off by a kill is left out.

    Raises:
        RunError: if a whole line is not a :data:`Record`, or the file cannot be read.
    """
    if not os.path.lexists(path):
        return []
    require_regular(path)
    records = []
    for number, line in enumerate(read_bytes(path, RunError).split(b"\n")[:-1], start=1):
        try:
            values = parse_json(line, dict[str, Any])
            convert(values, Record)
        except MalformedError as error:
            raise RunError(f"{path}: damaged (line {number}: {error}); restore it from a copy") from None
        records.append(values)
    return records
