"""Requests with one answer, from many clients at the same time."""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.bench.serving.connection import Connection
from unrolled.bench.serving.latencies import Latencies
from unrolled.bench.serving.questions import Question
from unrolled.bench.serving.streams import MODEL, PAUSE_SECONDS, Faults


@dataclass
class OneShotResult:
    """Results for requests with one answer."""

    seconds: float = 0.0
    requests: int = 0
    """Requests whose answer was right."""
    latencies: Latencies = field(default_factory=Latencies)
    errors: Faults = field(default_factory=Faults)
    wrong: Faults = field(default_factory=Faults)


class OneShotLoad:
    """Clients that all ask at the same time, each its question again and again.

    Args:
        port: port of the server.
        questions: the question of each client.
    """

    def __init__(self, port: int, questions: Sequence[Question]) -> None:
        self._port, self._questions = port, questions
        self.result = OneShotResult()

    async def run(self, seconds: float) -> OneShotResult:
        """Ask for some seconds."""
        began = time.perf_counter()
        clients = [asyncio.create_task(self._client(question)) for question in self._questions]
        done, _ = await asyncio.wait(clients, timeout=seconds)
        self.result.seconds = time.perf_counter() - began
        for client in clients:
            client.cancel()
        await asyncio.wait(clients)
        for client in done:
            client.result()
        return self.result

    async def _client(self, question: Question) -> None:
        while True:
            try:
                with contextlib.closing(await Connection.open(self._port)) as connection:
                    while True:
                        await self._ask(connection, question)
            except OSError as error:
                self.result.errors.add(str(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, connection: Connection, question: Question) -> None:
        began = time.perf_counter()
        reply = await connection.ask("POST", f"{MODEL}/{question.operation}", question.body)
        if reply.status != 200:
            self.result.errors.add(reply.body.decode())
            await asyncio.sleep(PAUSE_SECONDS)
            return
        self.result.latencies.add(time.perf_counter() - began)
        if fault := question.find_fault(json.loads(reply.body)):
            self.result.wrong.add(fault)
        else:
            self.result.requests += 1
