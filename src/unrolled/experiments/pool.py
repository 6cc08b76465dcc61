"""Run trainings in parallel, each in its own process."""

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
    """A training that can be pickled and run in another process."""

    def run(self) -> Outcome:
        """Train and score a model."""


def run_all(jobs: Sequence[Runnable], processes: int) -> Iterator[Outcome]:
    """Run the trainings and yield each outcome when it is ready; with ``processes=1``, in this process.

    Raises:
        RunError: if a process was killed.
    """
    if processes == 1:
        yield from (job.run() for job in jobs)
        return
    # After a fork, the child's threads may deadlock on locks that the parent held: spawn new interpreters.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_exit_with_parent) as pool:
        futures = [pool.submit(_run, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise RunError(
                "a trial's process was killed, perhaps because memory ran out; the finished trials are kept: "
                "run the same command again, with --jobs 1"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _exit_with_parent() -> None:
    """Exit when the parent process ends: after a kill, this process would keep the run folder locked."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()


def _run(job: Runnable) -> Outcome:
    return job.run()
