"""Processes forked from a server that has imported torch and the tools already.

Imports take seconds, a fork takes milliseconds. A forked process has its own memory and process number, can
be killed, and returns a status.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

PRELOAD = ["torch._dynamo", "unrolled.cli.train", "unrolled.tasks.registry", "pandas", "sklearn.metrics"]
PRELOAD += ["matplotlib.figure", "matplotlib.backends.backend_agg", "gensim.models", "forked"]


def make_context() -> ForkServerContext:
    """Return the context of a fork server; the server starts with the first process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


class Forked:
    """A running process; the methods are those of ``subprocess.Popen`` that tests use."""

    def __init__(
        self, context: ForkServerContext, folder: Path, target: Callable[..., None], *args: object
    ) -> None:
        self._files = [folder / name for name in ("out", "err")]
        words = [str(a) for a in args]
        self._process = context.Process(target=run_into_files, args=(*map(str, self._files), target, words))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit status; minus the signal number if a signal ended the process; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the process to end; return its stdout and stderr."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0.0)
        out, err = (p.read_text(encoding="utf-8") if p.exists() else "" for p in self._files)
        return out, err


def run_into_files(out: str, err: str, target: Callable[..., None], words: list[str]) -> None:
    """Run ``target(*words)`` with stdout and stderr of this process redirected to files."""
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    target(*words)


def run_command(*words: str) -> None:
    """Run the command line."""
    from unrolled.cli.main import main

    sys.exit(main(list(words)))


def run_script(path: str, ignored: str, *arguments: str) -> None:
    """Run a script with warnings as errors, except the ``ignored`` ones (written as in PYTHONWARNINGS)."""
    warnings.simplefilter("error")
    _, message, category = ignored.split(":")
    warnings.filterwarnings("ignore", message=message, category=getattr(sys.modules["builtins"], category))
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")
