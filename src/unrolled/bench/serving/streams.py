"""Many streams of text from a server, each compared with the text that the model writes alone."""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from unrolled.bench.serving.connection import Connection
from unrolled.bench.serving.latencies import Latencies
from unrolled.bench.serving.scripts import Part, Script

MODEL = "/v1/models/model"
PAUSE_SECONDS = 0.1
"""Pause of a stream after an error."""
MOST_EXAMPLES = 5


class Event(msgspec.Struct):
    """The fields of an event that are checked; those of the last one are the whole answer."""

    text: str
    tokens: int
    session: str = ""
    state: str = ""


@dataclass
class Faults:
    """Number of faults, with some examples."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count a fault."""
        self.count += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(example)


@dataclass
class StreamResult:
    """Results for the streams."""

    seconds: float = 0.0
    tokens: int = 0
    events: int = 0
    requests: int = 0
    """Requests whose whole text was right."""
    cut: int = 0
    """Requests that were still running at the end, whose text so far was right."""
    first: Latencies = field(default_factory=Latencies)
    """Times from a request to its first tokens."""
    gaps: Latencies = field(default_factory=Latencies)
    """Times between two events of a request."""
    per_token: Latencies = field(default_factory=Latencies)
    """The same, divided by the tokens of the later event; each token counts."""
    errors: Faults = field(default_factory=Faults)
    wrong: Faults = field(default_factory=Faults)
    """Texts that differ from the text that the model writes alone."""


_decode = msgspec.json.Decoder(Event).decode


class Receiver:
    """Takes the events of one request, and checks its text."""

    def __init__(self, part: Part, result: StreamResult) -> None:
        self._part, self._result = part, result
        self._last = time.perf_counter()
        self._has_begun = False
        self._text: list[str] = []
        self.answer: Event | None = None
        self.error = ""

    def take(self, name: bytes, data: bytes, now: float) -> None:
        """Take an event."""
        if name == b"error":
            self.error = data.decode()
            return
        event = _decode(data)
        if name == b"done":
            self.answer = event
            return
        self._text.append(event.text)
        result, passed = self._result, now - self._last
        self._last = now
        result.events += 1
        result.tokens += event.tokens
        if self._has_begun:
            result.gaps.add(passed)
            result.per_token.add(passed / max(1, event.tokens), event.tokens)
        else:
            result.first.add(passed)
            self._has_begun = True

    def check(self, *, complete: bool) -> bool:
        """Check the text so far; count it if it is wrong."""
        text, expected = "".join(self._text), self._part.expected
        right = text == expected if complete else expected.startswith(text)
        if complete and self.answer is not None:
            right = right and self.answer.text == expected
        if not right:
            self._result.wrong.add(f"seed {self._part.seed}: got {text[:60]!r}, not {expected[:60]!r}")
        return right


class StreamLoad:
    """Streams that all ask at the same time, each for its script again and again.

    Args:
        port: port of the server.
        scripts: the scripts, one a stream.
    """

    def __init__(self, port: int, scripts: Sequence[Script]) -> None:
        self._port, self._scripts = port, scripts
        self.result = StreamResult()

    async def run(self, seconds: float) -> StreamResult:
        """Ask for some seconds."""
        began = time.perf_counter()
        streams = [asyncio.create_task(self._stream(script)) for script in self._scripts]
        done, _ = await asyncio.wait(streams, timeout=seconds)
        self.result.seconds = time.perf_counter() - began
        for stream in streams:
            stream.cancel()
        await asyncio.wait(streams)
        for stream in done:
            stream.result()  # a stream ends only by a fault of this program
        return self.result

    async def _stream(self, script: Script) -> None:
        while True:
            try:
                with contextlib.closing(await Connection.open(self._port)) as connection:
                    while True:
                        await self._play(connection, script)
            except OSError as error:
                self.result.errors.add(str(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _play(self, connection: Connection, script: Script) -> None:
        """Play a script once."""
        goes_on: dict[str, str] = {}
        for part in script.parts:
            answer = await self._write(connection, script, part, goes_on)
            if answer is None:
                await asyncio.sleep(PAUSE_SECONDS)
                break
            goes_on = {script.kind: answer.session or answer.state}
        if session := goes_on.get("session"):
            reply = await connection.ask("DELETE", f"{MODEL}/sessions/{session}")
            if reply.status != 204:
                self.result.errors.add(f"a session could not be ended: {reply.body.decode()}")

    async def _write(
        self, connection: Connection, script: Script, part: Part, goes_on: dict[str, str]
    ) -> Event | None:
        """Send one request; return the whole answer, or None after an error."""
        receiver = Receiver(part, self.result)
        body = _body(script, part, goes_on)
        try:
            reply = await connection.ask("POST", f"{MODEL}/generate", body, receiver.take)
        except asyncio.CancelledError:
            self.result.cut += receiver.check(complete=False)
            raise
        if reply.status != 200 or receiver.answer is None:
            self.result.errors.add(receiver.error or reply.body.decode() or "the events ended without done")
            return None
        if not receiver.check(complete=True):
            return None
        self.result.requests += 1
        return receiver.answer


def _body(script: Script, part: Part, goes_on: dict[str, str]) -> bytes:
    request: dict[str, Any] = {"length": part.length, "seed": part.seed, "stream": True, **goes_on}
    if not goes_on:
        request["text"] = script.prompt
    if script.kind != "alone" and "session" not in goes_on:
        request["keep"] = script.kind
    return json.dumps(request).encode()
