"""The one thread that runs a model. Requests that wait together run as one batch."""

import asyncio
import contextlib
import itertools
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unrolled.errors import UnrolledError
from unrolled.serve.calls import BATCH_BYTES, WaitingCalls
from unrolled.serve.delivery import Delivery
from unrolled.serve.errors import BusyError, FaultError
from unrolled.serve.jobs import Answering, Batch, Call, End, Row, Wake
from unrolled.serve.outbox import Outbox
from unrolled.tasks.base.service import Operation, State, StatefulOperation, WritingOperation

logger = logging.getLogger("unrolled.serve")
TURN_SECONDS = 0.05
"""Time for requests that wait, before the texts that are being written go on."""
STOPPED = "the server is stopping: the request was not finished; send it again when the server is back"


Observe = Callable[[str, int, int], None]
"""Takes the name of an operation, the number of rows of a batch, and of the steps they wrote."""


class Worker:
    """The one thread that runs a model.

    Args:
        loop: event loop of the server, whose methods call this.
        max_rows: most requests in one batch.
        max_waiting: most requests at a time.
        observe: called after each batch.
        max_bytes: most bytes of the requests in one batch; a single request may have more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        max_rows: int,
        max_waiting: int,
        observe: Observe = lambda name, rows, steps: None,
        max_bytes: int = BATCH_BYTES,
    ) -> None:
        self._loop, self._max_rows, self._max_waiting, self._observe = loop, max_rows, max_waiting, observe
        self._jobs: queue.SimpleQueue[Call | Row | End | Wake] = queue.SimpleQueue()
        self._batches: dict[str, Batch] = {}
        self._waiting_rows: list[Row] = []
        self._calls = WaitingCalls(max_rows, max_bytes)
        self._delivery = Delivery(loop)
        self._numbers = itertools.count(1)
        self._closing = False
        self._failing = False
        self.waiting = 0
        """Requests that wait or run."""
        self._thread = threading.Thread(target=self._run, name="unrolled-model", daemon=True)
        self._thread.start()

    def call(
        self, operation: Answering, request: Any, state: State | None = None, size: int = 0
    ) -> "asyncio.Future[Any]":
        """Return the future answer to a request; with its state for a :class:`StatefulOperation`.

        A request whose future is cancelled is not run, if it does not run already.

        Args:
            operation: what is asked for.
            request: the request.
            state: state to go on from; None: the start.
            size: its bytes.

        Raises:
            BusyError: if too many requests wait.
        """
        self._enter()
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(Call(operation, request, state, size, future))
        return future

    def write(self, operation: WritingOperation[Any, Any], request: Any, state: State | None) -> Outbox:
        """Begin to write; return the outbox that receives what is written. It must be closed.

        Raises:
            BusyError: if too many requests wait.
        """
        self._enter()
        row = Row(operation, request, state, Outbox(lambda: self._jobs.put(Wake())))
        row.outbox.on_close(lambda: self._leave(row))
        self._jobs.put(row)
        return row.outbox

    def close(self) -> None:
        """End the thread as soon as nothing waits or runs."""
        self._closing = True
        self._jobs.put(Wake())

    def fail(self) -> None:
        """End the thread; requests that wait or run get an error."""
        self._failing = True
        self.close()

    def join(self, seconds: float) -> bool:
        """Wait until the thread has ended; return whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _enter(self) -> None:
        if self.waiting >= self._max_waiting or self._failing:
            raise BusyError(
                STOPPED
                if self._failing
                else f"{self.waiting:,} requests wait for this model; try again in a second"
            )
        self.waiting += 1

    def _leave(self, row: Row) -> None:
        self.waiting -= 1
        self._jobs.put(End(row))

    def _set(self, future: "asyncio.Future[Any]", result: Any) -> None:
        """Set the answer to a request, or its error."""
        self.waiting -= 1
        if future.done():
            return
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    # Everything below runs in the thread.

    def _run(self) -> None:
        with np.errstate(all="ignore"):  # numbers of clients may overflow; NumPy would print a warning
            while not self._failing:
                try:
                    if self._turn():
                        break
                except Exception:
                    logger.exception("the thread of a model met a bug in the server")
                    self._fail_all(FaultError())
        self._fail_all(BusyError(STOPPED))

    def _turn(self) -> bool:
        """Answer requests, and write some steps in the rows; return whether the thread is to end."""
        jobs = self._take()
        self._calls.add(job for job in jobs if isinstance(job, Call))
        self._waiting_rows += [job for job in jobs if isinstance(job, Row)]
        for end in (job for job in jobs if isinstance(job, End)):
            self._end(end.row)
        self._begin_rows()
        self._answer()
        for batch in list(self._batches.values()):
            self._advance(batch)
        return self._closing and not jobs and not (self._has_rows() or self._calls)

    def _take(self) -> list[Call | Row | End | Wake]:
        """Return the jobs that wait; wait for one if nothing else is to be done."""
        jobs: list[Call | Row | End | Wake] = []
        blocks = not self._has_work() and not (self._closing and not self._has_rows())
        if blocks:
            self._delivery.send()
        try:
            jobs.append(self._jobs.get(block=blocks))
            while len(jobs) < 2 * self._max_rows:
                jobs.append(self._jobs.get_nowait())
        except queue.Empty:
            pass
        return jobs

    def _answer(self) -> None:
        """Answer requests for the time of a turn, at least one batch."""
        ends = math.inf
        while self._calls and not self._failing and time.monotonic() < ends:
            ends = min(ends, time.monotonic() + TURN_SECONDS)
            taken = self._calls.take()
            here = [call for call in taken if not call.future.cancelled()]
            if len(here) < len(taken):
                for call in set(taken) - set(here):  # their clients have gone
                    self._delivery.add(self._set, call.future, None)
            if here:
                self._answer_batch(here)

    def _answer_batch(self, calls: Sequence[Call]) -> None:
        self._delivery.send()
        operation, began = calls[0].operation, time.monotonic()
        if isinstance(operation, StatefulOperation):
            results = [self._try(operation.run, c.request, c.state) for c in calls]
        else:
            results = self._run_batch(operation, [c.request for c in calls])
        self._calls.measured(operation, len(calls), time.monotonic() - began)
        for call, result in zip(calls, results, strict=True):
            self._delivery.add(self._set, call.future, result)
        self._observe(operation.name, len(calls), 0)

    def _run_batch(self, operation: Operation[Any, Any], requests: Sequence[Any]) -> list[Any]:
        """Return answers, or errors of the requests that fail, which are found by halving the batch."""
        result = self._try(_run_all, operation, requests)
        if not isinstance(result, Exception):
            return list(result)
        if len(requests) == 1:
            return [result]
        half = len(requests) // 2
        return self._run_batch(operation, requests[:half]) + self._run_batch(operation, requests[half:])

    def _begin_rows(self) -> None:
        ends = time.monotonic() + TURN_SECONDS
        for _ in range(min(self._room(), len(self._waiting_rows))):
            row = self._waiting_rows.pop(0)
            error = self._try(self._begin, row)
            if isinstance(error, Exception):
                self._delivery.add(row.outbox.put, error)
            if isinstance(error, FaultError):
                self._begin_anew(self._batches.get(row.operation.name), error)
            if time.monotonic() >= ends:
                break

    def _room(self) -> int:
        """Return the number of rows that can begin."""
        return self._max_rows - sum(len(batch.rows) for batch in self._batches.values())

    def _begin(self, row: Row) -> None:
        operation = row.operation
        if operation.name not in self._batches:
            self._batches[operation.name] = Batch(operation, operation.make_writer())
        batch = self._batches[operation.name]
        row.number = next(self._numbers)
        batch.writer.begin(row.number, row.request, row.state)
        batch.rows[row.number] = row

    def _end(self, row: Row) -> None:
        if row in self._waiting_rows:
            self._waiting_rows.remove(row)
        batch = self._batches.get(row.operation.name)
        if batch and batch.rows.pop(row.number, None):
            error = self._try(batch.writer.end, row.number)
            if isinstance(error, Exception):
                self._begin_anew(batch, error)

    def _advance(self, batch: Batch) -> None:
        ready = batch.ready()
        if not ready:
            return
        self._delivery.send()
        progress = self._try(batch.advance, ready)
        if isinstance(progress, Exception):
            self._begin_anew(batch, progress)
            return
        for p in progress:
            row = batch.rows[p.row]
            if p.answer is not None or p.error is not None:
                del batch.rows[p.row]
            self._delivery.add(row.outbox.put, p.error or p)
        self._observe(batch.operation.name, len(ready), sum(p.steps for p in progress))

    def _begin_anew(self, batch: Batch | None, error: Exception) -> None:
        """End all rows of a batch with an error: after it, the states of the batch may be wrong."""
        if batch is not None:
            for row in batch.rows.values():
                self._delivery.add(row.outbox.put, error)
            del self._batches[batch.operation.name]

    def _has_work(self) -> bool:
        """Return whether there is something to do before another job comes."""
        may_begin = bool(self._waiting_rows) and self._room() > 0
        return bool(may_begin or self._calls) or any(batch.ready() for batch in self._batches.values())

    def _has_rows(self) -> bool:
        return bool(self._waiting_rows) or any(batch.rows for batch in self._batches.values())

    def _fail_all(self, error: Exception) -> None:
        """End all requests with an error."""
        jobs: list[Call | Row | End | Wake] = [*self._calls.take_all(), *self._waiting_rows]
        jobs += [row for batch in self._batches.values() for row in batch.rows.values()]
        with contextlib.suppress(queue.Empty):
            while True:
                jobs.append(self._jobs.get_nowait())
        for job in jobs:
            if isinstance(job, Call):
                self._delivery.add(self._set, job.future, error)
            elif isinstance(job, Row):
                self._delivery.add(job.outbox.put, error)
        self._delivery.send()
        self._waiting_rows = []
        self._batches.clear()  # they hold the model

    def _try(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """Return the result, or the error, so that a request that fails does not end the thread."""
        try:
            return run(*arguments)
        except UnrolledError as error:
            return error
        except Exception:
            logger.exception("a request failed because of a bug in the server")
            return FaultError()


def _run_all(operation: Operation[Any, Any], requests: Sequence[Any]) -> Sequence[Any]:
    answers = operation.run(requests)
    if len(answers) != len(requests):
        raise RuntimeError(f"{operation.name}: {len(answers)} answers to {len(requests)} requests")
    return answers
