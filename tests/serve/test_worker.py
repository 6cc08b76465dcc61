"""The thread of a model: batches, faults, clients that leave or do not read, the limits on what waits."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from toy_service import Add, Double, Doubled, ToyService, Write
from unrolled.errors import ConfigError
from unrolled.serve import worker
from unrolled.serve.calls import BATCH_BYTES, BATCH_SECONDS, WaitingCalls
from unrolled.serve.errors import BusyError, FaultError
from unrolled.serve.jobs import Call
from unrolled.serve.outbox import MOST_UNSENT
from unrolled.serve.worker import Worker
from unrolled.tasks.base.service import Operation


class Running:
    """A worker that runs a toy, inside an event loop."""

    def __init__(self, max_rows: int, max_waiting: int) -> None:
        self.service = ToyService()
        self.write, self.double, self.add, self.lose = self.service.operations()
        self.observed: list[tuple[str, int, int]] = []
        self.worker = Worker(
            asyncio.get_running_loop(), max_rows, max_waiting, lambda *batch: self.observed.append(batch)
        )

    @asynccontextmanager
    async def held(self) -> AsyncIterator["asyncio.Future[object]"]:
        """Hold the thread in an answer, so that what comes meanwhile waits."""
        self.service.waits = False
        self.service.gate.clear()
        holding = asyncio.ensure_future(self.worker.call(self.double, Double()))
        await until(lambda: self.service.waits)
        try:
            yield holding
        finally:
            self.service.gate.set()

    async def doubles(self, *requests: Double) -> list[object]:
        """Run requests that wait at the same time; return answers and errors."""
        async with self.held() as holding:
            calls = [asyncio.ensure_future(self.worker.call(self.double, r)) for r in requests]
            await until(lambda: self.worker.waiting == 1 + len(requests))
        await holding
        return await asyncio.gather(*calls, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def run(test: Callable[[Running], Awaitable[None]], max_rows: int = 512, max_waiting: int = 1000) -> None:
    async def main() -> None:
        running = Running(max_rows, max_waiting)
        try:
            await asyncio.wait_for(test(running), 30)
        finally:
            running.service.gate.set()
            running.worker.fail()
        await asyncio.to_thread(running.worker._thread.join, 20)
        assert not running.worker._thread.is_alive()

    asyncio.run(main())


async def rest(outbox) -> list[object]:
    """Return everything that an outbox receives."""
    progress = []
    while not progress or progress[-1].answer is None:
        progress += await outbox.get()
    return progress


def test_requests_that_wait_together_are_one_batch():
    async def test(running: Running) -> None:
        answers = await running.doubles(*(Double(number=n) for n in range(50)))
        assert [a.number for a in answers] == [2 * n for n in range(50)]
        assert running.service.batches == [1, 50]
        assert ("double", 50, 0) in running.observed

    run(test)


def test_a_batch_has_a_largest_size():
    async def test(running: Running) -> None:
        await running.doubles(*(Double() for _ in range(20)))
        assert running.service.batches == [1, 8, 8, 4]

    run(test, max_rows=8)


def test_a_batch_has_a_largest_size_in_bytes():
    async def test(running: Running) -> None:
        async with running.held() as holding:
            sizes = [BATCH_BYTES // 2] * 3 + [2 * BATCH_BYTES] + [BATCH_BYTES // 4] * 3
            calls = [running.worker.call(running.double, Double(), None, size) for size in sizes]
        await asyncio.gather(holding, *calls)
        assert running.service.batches == [1, 2, 3, 1, 1]

    run(test)


def test_a_batch_does_not_take_too_long():
    waiting = WaitingCalls(100)
    double, write = (Operation(name, "", Double, Doubled, lambda requests: []) for name in "ab")

    def add(count: int) -> None:
        waiting.add(Call(double, Double(), None, 1, None) for _ in range(count))

    add(300)
    assert len(waiting.take()) == 100
    waiting.measured(double, 100, 50.0)  # half a second each
    waiting.measured(write, 1, 50.0)
    assert len(waiting.take()) == BATCH_SECONDS / 0.5
    waiting.measured(double, 4, 100.0)
    assert len(waiting.take()) == 1
    waiting.measured(double, 1, 0.0)
    assert len(waiting.take()) == 100
    assert len(waiting.take_all()) == 95
    assert len(waiting) == 0


def test_rows_go_on_while_many_requests_wait():
    async def test(running: Running) -> None:
        async with running.held() as holding:
            calls = [running.worker.call(running.add, Add()) for _ in range(100)]
            running.service.pause = 0.002
            outbox = running.worker.write(running.write, Write(length=3), None)
        await rest(outbox)
        assert not all(call.done() for call in calls)
        await asyncio.gather(holding, *calls)

    run(test)


@pytest.mark.parametrize(("fails", "kind"), [("error", ConfigError), ("fault", FaultError)])
def test_a_request_at_fault_does_not_hurt_the_others(fails, kind, caplog):
    async def test(running: Running) -> None:
        requests = [Double(number=n, fails=fails if n == 37 else "") for n in range(64)]
        answers = await running.doubles(*requests)
        assert [n for n, a in enumerate(answers) if isinstance(a, Exception)] == [37]
        assert isinstance(answers[37], kind)
        assert len(running.service.batches) < 20  # it is found by halving, not one by one

    run(test)


def test_a_fault_does_not_end_the_thread(caplog):
    async def test(running: Running) -> None:
        with pytest.raises(FaultError):
            await running.worker.call(running.lose, Double())
        with pytest.raises(FaultError):
            await running.worker.call(running.add, Add(fails="fault"))
        assert (await running.worker.call(running.double, Double(number=2))).number == 4

    run(test)


def test_a_request_whose_client_left_is_not_run():
    async def test(running: Running) -> None:
        async with running.held() as holding:
            call = asyncio.ensure_future(running.worker.call(running.double, Double()))
            await until(lambda: running.worker.waiting == 2)
            call.cancel()
            assert running.worker.waiting == 2  # it is still in the queue
        await holding
        await running.worker.call(running.double, Double())
        assert running.service.batches == [1, 1]
        assert running.worker.waiting == 0

    run(test)


def test_too_many_requests_are_refused():
    async def test(running: Running) -> None:
        async with running.held() as holding:
            calls = [asyncio.ensure_future(running.worker.call(running.double, Double())) for _ in range(4)]
            await until(lambda: running.worker.waiting == 5)
            with pytest.raises(BusyError, match="5 requests wait"):
                await running.worker.call(running.double, Double())
            with pytest.raises(BusyError):
                running.worker.write(running.write, Write(), None)
        await asyncio.gather(holding, *calls)
        assert running.worker.waiting == 0
        assert (await running.worker.call(running.double, Double())).number == 0

    run(test, max_waiting=5)


def test_rows_of_a_stream_are_one_batch_and_what_each_is_alone():
    async def test(running: Running) -> None:
        running.service.gate.clear()
        outboxes = [running.worker.write(running.write, Write(length=n), None) for n in range(1, 6)]
        running.service.gate.set()
        for n, outbox in enumerate(outboxes, 1):
            progress = await rest(outbox)
            assert progress[-1].answer.lines == [f"line {k}" for k in range(1, n + 1)]
            assert [p.event.line for p in progress] == progress[-1].answer.lines
            outbox.close()
        assert max(running.service.turns) > 1
        assert len(running.service.writers) == 1

    run(test)


def test_rows_that_take_long_to_begin_let_the_others_write(monkeypatch):
    monkeypatch.setattr(worker, "TURN_SECONDS", 0.0)

    async def test(running: Running) -> None:
        async with running.held():
            outboxes = [running.worker.write(running.write, Write(length=50), None) for _ in range(4)]
        await asyncio.gather(*(rest(outbox) for outbox in outboxes))
        assert running.service.turns[:4] == [1, 2, 3, 4]

    run(test)


def test_rows_wait_for_a_place():
    async def test(running: Running) -> None:
        outboxes = [running.worker.write(running.write, Write(length=3), None) for _ in range(7)]
        await asyncio.gather(*(rest(outbox) for outbox in outboxes))
        assert max(running.service.turns) == 2

    run(test, max_rows=2)


def test_a_client_that_does_not_read_stops_its_row_alone():
    async def test(running: Running) -> None:
        idle = running.worker.write(running.write, Write(length=10**5), None)
        await until(lambda: idle.full)
        await rest(running.worker.write(running.write, Write(length=2 * MOST_UNSENT), None))
        turns, unsent = len(running.service.turns), len(idle._items)
        await asyncio.sleep(0.02)
        assert len(running.service.turns) == turns  # the thread does not spin
        assert MOST_UNSENT <= unsent == len(idle._items) < 10**4
        while idle.full:
            await idle.get()
        assert (await idle.get())[0].event.line == f"line {unsent + 1}"  # it goes on
        idle.close()

    run(test)


@pytest.mark.parametrize("moment", ["waits", "runs", "is full"])
def test_a_row_whose_client_left_is_dropped(moment):
    async def test(running: Running) -> None:
        if moment == "waits":
            async with running.held():
                outbox = running.worker.write(running.write, Write(length=10**6), None)
                outbox.close()
        else:
            outbox = running.worker.write(running.write, Write(length=10**6), None)
            await (until(lambda: outbox.full) if moment == "is full" else outbox.first())
            outbox.close()
            await until(lambda: bool(running.service.ended))
        await running.worker.call(running.double, Double())
        assert running.worker.waiting == 0
        assert not any(batch.rows for batch in running.worker._batches.values())
        outbox.close()  # again
        assert running.worker.waiting == 0

    run(test)


@pytest.mark.parametrize("fails", ["begin", "begin fault", "advance", "advance fault", "wrong row"])
def test_an_error_of_a_row_reaches_its_client_and_the_next_rows_run(fails, caplog):
    async def test(running: Running) -> None:
        outbox = running.worker.write(running.write, Write(length=5, fails=fails), None)
        expected = FaultError if "fault" in fails or fails == "wrong row" else ConfigError
        with pytest.raises(expected):
            await rest(outbox)
        outbox.close()
        assert len(await rest(running.worker.write(running.write, Write(length=2), None))) == 2

    run(test)


def test_an_error_at_the_begin_leaves_the_other_rows_alone():
    async def test(running: Running) -> None:
        first = running.worker.write(running.write, Write(length=2 * MOST_UNSENT), None)
        await first.first()
        with pytest.raises(ConfigError):
            await rest(running.worker.write(running.write, Write(fails="begin"), None))
        assert len(await rest(first)) == 2 * MOST_UNSENT

    run(test)


def test_an_error_of_one_row_leaves_the_other_rows_alone():
    async def test(running: Running) -> None:
        async with running.held():
            first = running.worker.write(running.write, Write(length=50), None)
            second = running.worker.write(running.write, Write(length=50, fails="alone"), None)
        with pytest.raises(ConfigError):
            await rest(second)
        assert len(await rest(first)) == 50
        second.close()
        first.close()
        await running.worker.call(running.double, Double())
        assert running.worker.waiting == 0

    run(test)


@pytest.mark.parametrize("fails", ["begin fault", "advance", "end"])
def test_a_batch_that_cannot_be_trusted_ends_with_an_error_of_all_rows(fails, caplog):
    async def test(running: Running) -> None:
        async with running.held():
            others = [running.worker.write(running.write, Write(length=10**6), None) for _ in range(2)]
            bad = running.worker.write(running.write, Write(length=10**6, fails=fails), None)
        if fails == "end":
            await bad.first()
            bad.close()
        for outbox in others:
            with pytest.raises((ConfigError, FaultError)):
                await rest(outbox)
            outbox.close()
        bad.close()
        assert len(await rest(running.worker.write(running.write, Write(length=2), None))) == 2
        assert len(running.service.writers) == 2

    run(test)


def test_texts_go_on_between_requests_that_run_one_by_one(monkeypatch):
    monkeypatch.setattr(worker, "TURN_SECONDS", 0.0)

    async def test(running: Running) -> None:
        call = running.worker.call
        async with running.held():
            outbox = running.worker.write(running.write, Write(length=20), None)
            calls = [asyncio.ensure_future(call(running.add, Add(number=n))) for n in range(20)]
            await until(lambda: running.worker.waiting == 22)
        await rest(outbox)
        assert [answer.total for answer, _ in await asyncio.gather(*calls)] == list(range(20))
        written = [name for name, _, _ in running.observed if name != "double"]
        assert written == ["add", "write"] * 20

    run(test)


def test_a_thread_that_ends_once_a_slow_client_has_read_does_not_spin():
    async def test(running: Running) -> None:
        outbox = running.worker.write(running.write, Write(length=500), None)
        await until(lambda: outbox.full)
        running.worker.close()
        await asyncio.sleep(0.05)
        before = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - before < 0.05
        assert len(await rest(outbox)) == 500
        assert await asyncio.to_thread(running.worker.join, 20)

    run(test)


def test_close_finishes_what_runs():
    async def test(running: Running) -> None:
        outbox = running.worker.write(running.write, Write(length=500), None)
        running.worker.close()
        assert len(await rest(outbox)) == 500
        await asyncio.to_thread(running.worker._thread.join, 20)

    run(test)


def test_a_thread_that_closes_waits_for_slow_clients():
    async def test(running: Running) -> None:
        idle = running.worker.write(running.write, Write(length=10**5), None)
        await until(lambda: idle.full)
        running.worker.close()
        await asyncio.sleep(0.05)
        took, take = [], running.worker._take
        running.worker._take = lambda: took.append(1) or take()
        await asyncio.sleep(0.05)
        assert len(took) < 5  # the thread does not spin
        idle.close()
        await asyncio.to_thread(running.worker._thread.join, 20)
        assert not running.worker._thread.is_alive()

    run(test)


def test_fail_ends_what_waits_and_runs():
    async def test(running: Running) -> None:
        async with running.held() as holding:
            calls = [asyncio.ensure_future(running.worker.call(running.double, Double())) for _ in range(3)]
            outbox = running.worker.write(running.write, Write(length=10**6), None)
            await until(lambda: running.worker.waiting == 5)
            running.worker.fail()
        assert (await holding).number == 0
        for result in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(result, BusyError)
        with pytest.raises(BusyError, match="stopping"):
            await rest(outbox)
        with pytest.raises(BusyError, match="stopping"):
            await running.worker.call(running.double, Double())

    run(test)


def test_a_fault_of_the_thread_itself_leaves_nobody_waiting(caplog):
    async def test(running: Running) -> None:
        running.worker._observe = lambda *batch: 1 / 0
        outbox = running.worker.write(running.write, Write(length=10**6), None)
        with pytest.raises(FaultError):
            await rest(outbox)
        assert (await running.worker.call(running.double, Double(number=2))).number == 4
        assert "ZeroDivisionError" in caplog.text

    run(test)


def test_many_threads_are_not_needed():
    async def test(running: Running) -> None:
        before = threading.active_count()
        await running.doubles(*(Double() for _ in range(100)))
        assert threading.active_count() == before

    run(test)
