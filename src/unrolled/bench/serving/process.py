"""``unrolled serve`` in its own process, and the CPU time and memory that it uses."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from unrolled.bench.errors import BenchError

PROGRAM = "import sys; from unrolled.cli.main import main; sys.exit(main())"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
ADDRESS = re.compile(r"serving http://127\.0\.0\.1:(\d+)")
PROC = Path("/proc")


class ServerProcess:
    """Context manager of a server on a free port of this computer.

    Args:
        run: run folder.
        options: further options of ``unrolled serve``.

    Raises:
        BenchError: on entry, if it does not start; on exit, if it does not stop in order.
    """

    def __init__(self, run: str, options: tuple[str, ...] = ()) -> None:
        self._command = [sys.executable, "-c", PROGRAM, "serve", f"model={run}", "--port", "0", *options]
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  closed on exit
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> "ServerProcess":
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=self._errors, text=True, encoding="utf-8"
        )
        timer = threading.Timer(START_SECONDS, self._process.kill)
        timer.start()
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                if match := ADDRESS.search(line):
                    self.port = int(match[1])
                    return self
        finally:
            timer.cancel()
        self._process.wait()
        error = BenchError(f"the server did not start: {self._last_error()}")
        self._close()
        raise error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        last_error = self._last_error()
        self._close()
        if status != 0 and kind is None:
            raise BenchError(f"the server ended with status {status}: {last_error}")

    def resident_megabytes(self) -> float:
        """Return its resident memory; NaN where the system does not report it."""
        assert self._process is not None
        try:
            status = (PROC / str(self._process.pid) / "status").read_text()
        except OSError:
            return float("nan")
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(match[1]) / 1024 if match else float("nan")

    def cpu_seconds(self) -> tuple[float, float]:
        """Return the CPU time of its main thread, which serves HTTP, and of the others, which run the model.

        NaN where the system does not report it.
        """
        assert self._process is not None
        pid = str(self._process.pid)
        try:
            seconds = {task.name: _cpu_seconds(task) for task in (PROC / pid / "task").iterdir()}
        except OSError:
            return float("nan"), float("nan")
        return seconds.pop(pid), sum(seconds.values())

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()

    def _last_error(self) -> str:
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ["no error output"])[-1]


def _cpu_seconds(task: Path) -> float:
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
