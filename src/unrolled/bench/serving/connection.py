"""A connection to a server: HTTP/1.1 on a socket of this computer, with little work for each event."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"
EVENT_END = b"\n\n"
TakeEvent = Callable[[bytes, bytes, float], None]
"""Takes the name of an event, its data, and when it arrived."""


@dataclass
class Reply:
    """Status and body of an answer. The body of a stream of events is empty."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """A connection that sends one request at a time, and is kept open between them."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._reply: Reply | None = None
        self._left: int | None = None
        """Bytes of the body that have not come; None: it comes in chunks."""
        self._take: TakeEvent | None = None
        self._events = bytearray()
        self._done: asyncio.Future[Reply] | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a port of this computer.

        Raises:
            OSError: if nobody listens.
        """
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    def close(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, method: str, path: str, body: bytes = b"", take: TakeEvent | None = None) -> Reply:
        """Send a request; return the answer once it is complete.

        Args:
            method: HTTP method.
            path: path of the page.
            body: JSON.
            take: called with each event, if the answer is a stream of events.

        Raises:
            ConnectionError: if the server closes the connection before the end of the answer.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the server closed the connection")
        self._reply, self._left, self._take = None, None, take
        self._events.clear()
        self._done = asyncio.get_running_loop().create_future()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode("ascii") + body)
        return await self._done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        self._transport = transport  # type: ignore[assignment]  # that of a socket reads and writes

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        if self._done is not None and not self._done.done():
            error = ConnectionResetError("the server closed the connection before the end of its answer")
            self._done.set_exception(error)

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        now = time.perf_counter()
        self._received += data
        if self._reply is None:
            end = self._received.find(HEAD_END)
            if end < 0:
                return
            self._read_head(bytes(self._received[:end]))
            del self._received[: end + len(HEAD_END)]
        if self._left is None:
            self._read_chunks(now)
        else:
            self._read_body()

    def _read_head(self, head: bytes) -> None:
        status, *lines = head.split(b"\r\n")
        self._reply = Reply(int(status.split(b" ", 2)[1]), b"")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(b":") for x in lines)
        }
        is_chunked = headers.get(b"transfer-encoding") == b"chunked"
        self._left = None if is_chunked else int(headers.get(b"content-length", b"0"))

    def _read_body(self) -> None:
        assert self._left is not None
        if len(self._received) >= self._left:
            self._finish(bytes(self._received[: self._left]))

    def _read_chunks(self, now: float) -> None:
        received = self._received
        begin = 0
        while (end := received.find(b"\r\n", begin)) >= 0:
            size = int(received[begin:end], 16)
            after = end + 2 + size + 2
            if len(received) < after:
                break
            if not size:
                self._take_events(now)
                return self._finish(b"")
            self._events += received[end + 2 : after - 2]
            begin = after
        del received[:begin]
        if self._events.endswith(EVENT_END):
            self._take_events(now)
        return None

    def _take_events(self, now: float) -> None:
        events, take = bytes(self._events), self._take
        self._events.clear()
        for event in events.split(EVENT_END)[:-1]:
            name, _, data = event.partition(b"\n")
            if take is not None:
                take(name[7:], data[6:], now)

    def _finish(self, body: bytes) -> None:
        self._received.clear()
        if self._done is not None and self._reply is not None and not self._done.done():
            self._reply.body = body
            self._done.set_result(self._reply)
