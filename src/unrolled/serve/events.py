"""Answers that are sent as a stream of server-sent events."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from unrolled.errors import UnrolledError
from unrolled.serve.outbox import Outbox
from unrolled.serve.responses import encode, error_data
from unrolled.tasks.base.service import Answer, State

Finish = Callable[[Any, State | None], Answer]
"""Keeps the state of an answer; returns the answer with the session or state to continue from."""


def event(name: str, data: Any) -> bytes:
    """Return one event."""
    return b"event: " + name.encode("ascii") + b"\ndata: " + encode(data) + b"\n\n"


async def next_events(outbox: Outbox, finish: Finish) -> tuple[bytes, bool]:
    """Return what was written since the last call as events, and whether more follow.

    The events are ``data``, and at the end ``done`` with the whole answer, or ``error``.
    """
    parts: list[bytes] = []
    try:
        for p in await outbox.get():
            if p.event is not None:
                parts.append(event("data", p.event))
            if p.answer is not None:
                parts.append(event("done", finish(p.answer, p.state)))
                return b"".join(parts), False
    except UnrolledError as error:
        parts.append(event("error", error_data(error)))
        return b"".join(parts), False
    return b"".join(parts), True


async def written_answer(outbox: Outbox, finish: Finish) -> Answer:
    """Return the whole answer once it is written.

    Raises:
        UnrolledError: the error that ended it.
    """
    while True:
        for p in await outbox.get():
            if p.answer is not None:
                return finish(p.answer, p.state)


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


class EventResponse(StreamingResponse):
    """A stream of events, which ends if the client disconnects.

    Args:
        outbox: receives what is written.
        finish: see :data:`Finish`.
        close: called at the end.
    """

    def __init__(self, outbox: Outbox, finish: Finish, close: Callable[[], None]) -> None:
        super().__init__(
            (),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._outbox, self._finish, self._close = outbox, finish, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        writing = asyncio.ensure_future(self._write(send))
        leaving = asyncio.ensure_future(wait_for_disconnect(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
        finally:
            writing.cancel()
            leaving.cancel()
            self._close()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        follows = True
        while follows:
            body, follows = await next_events(self._outbox, self._finish)
            await send({"type": "http.response.body", "body": body, "more_body": follows})
