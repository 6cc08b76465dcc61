"""``unrolled serve`` as a process of its own, and a plain client of it."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 60.0
"""Seconds after which a test that waits fails."""
ADDRESS = re.compile(r"serving http://127\.0\.0\.1:(\d+)")


def wait_until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition holds; return its value."""
    ends = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < ends, "the condition does not come to hold"
        time.sleep(0.02)
    return value


class ServeProcess:
    """A server, which the test must end.

    Args:
        process: process of ``unrolled serve RUN --port 0 …`` with pipes.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.errors: list[str] = []
        """Lines on standard error so far."""
        assert process.stdout is not None
        assert process.stderr is not None
        self._streams: list[EventStream] = []
        self._collector = threading.Thread(target=self._collect, args=(process.stderr,))
        self._collector.start()
        match = None
        for line in process.stdout:
            if match := ADDRESS.search(line):
                break
        assert match, "".join(self.errors)
        self.port = int(match[1])
        self.name = process.stdout.readline().split()[0]

    def _collect(self, lines: Iterator[str]) -> None:
        self.errors.extend(lines)

    def __enter__(self) -> "ServeProcess":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._collector.join()
        for stream in self._streams:
            stream.close()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def end(self, which: signal.Signals) -> int:
        """Send a signal; see :meth:`wait`."""
        self.process.send_signal(which)
        return self.wait()

    def wait(self) -> int:
        """Return the exit status, once all that it had to say has come."""
        status = self.process.wait(PATIENCE)
        self._collector.join()
        return status

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request; return its status and the JSON of the answer."""
        with contextlib.closing(self.connect()) as connection:
            response = request(connection, method, path, body)
            return response.status, json.loads(response.read() or b"null")

    def post(self, operation: str, **body: Any) -> tuple[int, Any]:
        """Send a request to an operation; see :meth:`ask`."""
        return self.ask("POST", f"/v1/models/{self.name}/{operation}", body)

    def generate(self, **body: Any) -> Any:
        """Return the answer to a request for a text."""
        status, answer = self.post("generate", **body)
        assert status == 200, answer
        return answer

    def stream(self, **body: Any) -> "EventStream":
        """Begin a stream of events."""
        connection = self.connect()
        path = f"/v1/models/{self.name}/generate"
        stream = EventStream(connection, request(connection, "POST", path, {"stream": True, **body}))
        self._streams.append(stream)
        return stream


def request(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any
) -> http.client.HTTPResponse:
    """Send a request; return the response, whose body has not been read."""
    headers = {} if body is None else {"Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    return connection.getresponse()


class EventStream:
    """A stream of events.

    Args:
        connection: its connection, which is closed at the end.
        response: the response.
    """

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        assert response.status == 200, response.read()
        assert response.headers["Transfer-Encoding"] == "chunked"
        self._connection, self._response = connection, response
        self._events: list[bytes] = []
        self.text = ""
        """Text of all data events so far."""

    def next(self) -> tuple[str, Any]:
        """Return the next event: its name and its data.

        Raises:
            ConnectionResetError: if the connection was closed before the end.
        """
        while not self._events:
            self._events = self._chunk().split(b"\n\n")[:-1]
        name, _, values = self._events.pop(0).partition(b"\ndata: ")
        event, data = name.removeprefix(b"event: ").decode(), json.loads(values)
        if event == "data":
            self.text += data["text"]
        return event, data

    def rest(self) -> tuple[str, Any]:
        """Return the last event, after which the response ends: ``done`` or ``error``."""
        while (event := self.next())[0] == "data":
            pass
        assert self._chunk() == b""
        self.close()
        return event

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._connection.close()

    def _chunk(self) -> bytes:
        """Return a part of the body; http.client takes a body that breaks off for one that ends."""
        head = self._response.fp.readline()
        part = self._response.fp.read(int(head, 16) + 2) if head else b""
        if not part.endswith(b"\r\n"):
            raise ConnectionResetError("the connection was closed before the end")
        return part[:-2]
