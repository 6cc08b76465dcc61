"""The HTTP protocol, with limits on what a client may send and how long it may take.

uvicorn leaves these limits to a proxy in front of it; this server is often reached directly.
"""

from asyncio import TimerHandle
from typing import Any

import uvicorn
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from unrolled.errors import BackendError
from unrolled.serve.errors import BusyError, MalformedRequestError, headers_of, status_of
from unrolled.serve.responses import encode, error_data, json_response

MOST_HEAD_BYTES = 65_536
MOST_HEADERS = 256
PIECE_BYTES = 16_384
"""Bytes that are parsed at a time. The size of a head is checked after each piece."""
SPARE_CONNECTIONS = 64
"""Connections above the limit that get an error as an answer; more are closed at once."""
LEAST_READ = 65_536
"""Bytes that a client must read within its time, if that many wait for it."""


def make_protocol(seconds: float) -> type[HttpToolsProtocol]:
    """Return the protocol class.

    Args:
        seconds: time that a client gets to send the head of a request, to finish a request that was answered
            already, and to read.

    Raises:
        BackendError: if this version of uvicorn has not what is replaced here.
    """
    if not hasattr(HttpToolsProtocol, "_start_asgi_task"):
        raise BackendError(f"uvicorn {uvicorn.__version__} does not fit this server: install uvicorn 0.46")

    class BoundedProtocol(HttpToolsProtocol):
        """Closes connections of clients that send too slowly or too much, or do not read.

        A connection has a request that runs, or a timer that closes it.
        """

        _timer: TimerHandle | None = None
        _reading_timer: TimerHandle | None = None
        _unread = 0
        _head_bytes = 0
        _in_head = True
        _running: Any = None
        """The request that runs; others of the same connection may wait."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._start_timer()
            if self.limit_concurrency is not None:
                self._make_room(self.limit_concurrency)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            self._stop_reading_timer()
            if self._running is not None:  # uvicorn tells only the last one, which may wait for this one
                self._running.disconnected = True
                self._running.message_event.set()
            self.pipeline.clear()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            for begin in range(0, len(data), PIECE_BYTES):
                if self.transport.is_closing():
                    return
                piece = data[begin : begin + PIECE_BYTES]
                self._head_bytes += len(piece)
                super().data_received(piece)
                if self._in_head and self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                    self.send_400_response("The head of the request is too large.")

        def send_400_response(self, msg: str) -> None:
            """Answer what is not HTTP, and close the connection."""
            body = encode(error_data(MalformedRequestError(msg)))
            head = (
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            running = self._running
            if running is None or running.response_complete or not running.response_started:
                self.transport.write(head.encode("ascii") + body)
            if running is not None:
                running.disconnected = True
            self._close()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head, self._head_bytes = True, 0

        def on_header(self, name: bytes, value: bytes) -> None:
            if not self._in_head:  # the trailers of a body, which may have no end, are ignored
                return
            if len(self.headers) == MOST_HEADERS:  # each costs time whenever one is looked up
                raise ValueError("too many headers")  # the parser stops: what it got is not HTTP
            super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head = False
            self._stop_timer()
            super().on_headers_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.transport.is_closing():
                self._close()
            elif self.cycle.response_complete:  # no other request waits
                self._start_timer()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._start_reading_timer()

        def resume_writing(self) -> None:
            super().resume_writing()
            self._stop_reading_timer()
            if self.transport.is_closing():
                self._start_reading_timer()

        def timeout_keep_alive_handler(self) -> None:
            self._close()

        def _start_asgi_task(self, cycle: Any, app: Any) -> None:
            self._running = cycle
            super()._start_asgi_task(cycle, _too_many if app is service_unavailable else app)

        def _make_room(self, most: int) -> None:
            """Close the connection that has waited longest for its client if there are too many."""
            if len(self.connections) < most:
                return
            others: list[Any] = [c for c in self.connections if c is not self]
            idle = [c for c in others if c._timer is not None]
            if idle:
                longest = min(idle, key=lambda connection: connection._timer.when())
                longest._abort()
            elif len(self.connections) > most + SPARE_CONNECTIONS:
                self._abort()

        def _start_timer(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(seconds, self._close)

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _start_reading_timer(self) -> None:
            self._unread = self.transport.get_write_buffer_size()
            self._reading_timer = self.loop.call_later(seconds, self._check_reading)

        def _stop_reading_timer(self) -> None:
            if self._reading_timer is not None:
                self._reading_timer.cancel()
                self._reading_timer = None

        def _check_reading(self) -> None:
            if self.transport.get_write_buffer_size() > self._unread - LEAST_READ:
                self.transport.abort()
            else:
                self._start_reading_timer()

        def _abort(self) -> None:
            """Close the connection at once."""
            self._stop_timer()
            self.connections.discard(self)
            self.transport.abort()

        def _close(self) -> None:
            """Close the connection when the client has read what was sent, or when its time is over."""
            self._timer = None
            self.transport.close()
            if self._reading_timer is None:
                self._start_reading_timer()

    return BoundedProtocol


_BUSY = BusyError("too many connections; close those that are idle, and try again in a second")
_too_many: Any = json_response(
    error_data(_BUSY), status_of(_BUSY), {**headers_of(_BUSY), "Connection": "close"}
)

__all__ = ["make_protocol"]
