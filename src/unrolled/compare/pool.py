"""Trials side by side, a process each."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Protocol

from unrolled.compare.trial import Trial


class Runnable(Protocol):
    """Something to try; goes to another process."""

    def run(self) -> Trial:
        """Try it."""


def run_all(jobs: Sequence[Runnable], processes: int) -> Iterator[Trial]:
    """Yield the trials as they end; in this process if there is to be one alone."""
    if processes == 1:
        yield from (job.run() for job in jobs)
        return
    # Threads of a forked process may wait for ever on locks that the parent held: a new interpreter each.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = [pool.submit(_run, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _run(job: Runnable) -> Trial:
    return job.run()
