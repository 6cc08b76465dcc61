"""Streams of events: what was written is sent, whatever happens to the state after it; clients that leave."""

import asyncio

from serving import post, read_events
from toy_service import Line, Lines
from unrolled.serve.errors import BusyError
from unrolled.serve.events import next_events
from unrolled.serve.outbox import Outbox
from unrolled.tasks.base.service import Progress


def test_what_was_written_is_sent_though_its_state_cannot_be_kept():
    def finish(answer, state):
        raise BusyError("there are too many sessions")

    async def main() -> tuple[bytes, bool]:
        outbox = Outbox(lambda: None)
        outbox.put(Progress(1, Line(line="a")))
        outbox.put(Progress(1, Line(line="b"), Lines(lines=["a", "b"], last=2)))
        return await next_events(outbox, finish)

    body, follows = asyncio.run(main())
    assert not follows
    assert [(name, next(iter(data.values()))) for name, data in read_events(body.decode())] == [
        ("data", "a"),
        ("data", "b"),
        ("error", "there are too many sessions"),
    ]


def test_a_client_that_leaves_before_its_stream_begins_waits_no_more(listen):
    server = listen(max_rows=1)
    worker = server.models.find("toy").version.worker
    with server.connect() as first:
        first.send(post("/v1/models/toy/write", {"length": 10**6, "stream": True}))
        first.until(b"event: data")
        second = server.connect()
        second.send(post("/v1/models/toy/write", {"length": 2, "stream": True}))
        server.wait_until(lambda: worker.waiting == 2)
        second.reset()
        server.wait_until(lambda: worker.waiting == 1)
        first.reset()
    server.wait_until(lambda: worker.waiting == 0)
