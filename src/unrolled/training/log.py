"""The log of a run: one JSON object per line. On resume, records after the checkpoint are deleted."""

import json
import os
from pathlib import Path
from typing import Any

from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert, parse_json, read_bytes
from unrolled.storage.regular import require_regular_file
from unrolled.training.records import Record


class MetricsLog:
    """Log of records, in memory and in ``metrics.jsonl``; without a path only in memory."""

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
        require_regular_file(self._path)
        try:
            with self._path.open("ab") as file:
                file.write((json.dumps(record) + "\n").encode())
        except OSError as error:
            raise self._make_error(error) from error

    def sync(self) -> int:
        """Flush the file to disk and return its length in bytes.

        Raises:
            RunError: if it cannot be written.
        """
        if self._path is None or not self._path.exists():
            return 0
        require_regular_file(self._path)
        try:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
                return file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._make_error(error) from error

    def truncate(self, position: int) -> None:
        """Cut the file back to a length returned by :meth:`sync`, and read its records again.

        The deleted steps are trained and logged again.

        Raises:
            RunError: if the log is shorter than ``position``, damaged, or cannot be written.
        """
        assert self._path is not None
        if self._path.is_symlink():
            raise RunError(f"{self._path}: is a symbolic link; replace it by the log itself, then resume")
        require_regular_file(self._path)
        size = self._path.stat().st_size if self._path.exists() else 0
        if size < position:
            raise RunError(
                f"{self._path}: shorter than the checkpoint expects ({size} < {position} bytes); "
                "restore the folder from a copy"
            )
        try:
            with self._path.open("ab") as file:
                file.truncate(position)
        except OSError as error:
            raise self._make_error(error) from error
        self.records = read_log(self._path)

    def _make_error(self, error: OSError) -> RunError:
        return RunError(f"{self._path}: could not be written ({error.strerror})")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read all complete records. An incomplete last line, as a killed run leaves it, is ignored.

    Raises:
        RunError: if a complete line is not a :data:`Record`, or the file cannot be read.
    """
    if not os.path.lexists(path):
        return []
    require_regular_file(path)
    records = []
    for number, line in enumerate(read_bytes(path, RunError).split(b"\n")[:-1], start=1):
        try:
            values = parse_json(line, dict[str, Any])
            convert(values, Record)
        except MalformedError as error:
            raise RunError(f"{path}: damaged (line {number}: {error}); restore it from a copy") from None
        records.append(values)
    return records
