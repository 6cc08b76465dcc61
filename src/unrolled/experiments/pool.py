"""Trainings side by side, each in its own process."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from unrolled.errors import RunError
from unrolled.tasks.base.outcome import Outcome


class Runnable(Protocol):
    """A training that is sent to another process."""

    def run(self) -> Outcome:
        """Train and score."""


def run_all(jobs: Sequence[Runnable], processes: int) -> Iterator[Outcome]:
    """Yield the outcomes as trainings end; a single process is this one.

    Raises:
        RunError: if one of the processes was killed.
    """
    if processes == 1:
        yield from (job.run() for job in jobs)
        return
    # Threads of a forked process may wait for ever on locks that the parent held: a new interpreter each.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_end_with_parent) as pool:
        futures = [pool.submit(_run, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise RunError(
                "a trial's process was killed, perhaps for want of memory; the trials done so far are kept: "
                "give the same command again, with --jobs 1"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: else its folder would stay locked."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _run(job: Runnable) -> Outcome:
    return job.run()
