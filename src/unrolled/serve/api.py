"""The operations of the models over HTTP."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from unrolled.errors import UnrolledError, suggestion
from unrolled.serve.continuation import Continuation, continue_from
from unrolled.serve.endpoint import Endpoint
from unrolled.serve.errors import NotFoundError
from unrolled.serve.events import EventResponse, Finish, wait_for_disconnect, written_answer
from unrolled.serve.metrics import Metrics
from unrolled.serve.models import Models, ServedModel, Version
from unrolled.serve.requests import ClientDisconnect, decode_body, read_body
from unrolled.serve.responses import error_response, json_response
from unrolled.tasks.base.service import Answer, Operation, State, StatefulOperation

SOON = 0.5
"""Seconds in which most requests are answered."""


@dataclass(frozen=True)
class Question:
    """A request that was read."""

    version: Version
    """Version of the model that is to answer it."""
    endpoint: Endpoint
    message: Any
    size: int
    """Bytes of its body."""


class Api:
    """The operations of the models over HTTP.

    Args:
        models: the models.
        metrics: counters of the server.
        max_body: largest body in bytes.
        client_seconds: time that a client gets to send a request.
    """

    def __init__(self, models: Models, metrics: Metrics, max_body: int, client_seconds: float) -> None:
        self._models, self._metrics = models, metrics
        self._max_body, self._client_seconds = max_body, client_seconds

    async def list(self, request: Request) -> Response:
        """Answer ``GET /v1/models``."""
        return json_response({"models": [model.info() for model in self._models]})

    async def show(self, request: Request) -> Response:
        """Answer ``GET /v1/models/{model}``."""
        return json_response(self._models.find(request.path_params["model"]).info())

    async def end_session(self, request: Request) -> Response:
        """Answer ``DELETE /v1/models/{model}/sessions/{session}``."""
        self._models.find(request.path_params["model"]).version.sessions.end(request.path_params["session"])
        return Response(status_code=204)

    async def operate(self, request: Request) -> Response:
        """Answer ``POST /v1/models/{model}/{operation}``."""
        model, operation = self._models.find(request.path_params["model"]), request.path_params["operation"]
        _find(model.version, operation)
        began = time.perf_counter()
        try:
            response = await self._answer(request, await self._read(request, model, operation))
        except UnrolledError as error:
            response = error_response(error)
        labels = (model.name, operation)
        self._metrics.requests.labels(*labels, response.status_code).inc()
        self._metrics.seconds.labels(*labels).observe(time.perf_counter() - began)
        return response

    async def _read(self, request: Request, model: ServedModel, name: str) -> Question:
        body = await read_body(request, self._max_body, self._client_seconds)
        while True:
            version = model.version
            endpoint = _find(version, name)
            message = await decode_body(body, endpoint.decoder)
            if version is model.version:  # an earlier one may take no more requests
                return Question(version, endpoint, message, len(body))

    async def _answer(self, request: Request, question: Question) -> Response:
        version, message, operation = question.version, question.message, question.endpoint.operation
        worker = version.worker
        if isinstance(operation, Operation):
            return json_response(await _soon(request, worker.call(operation, message, size=question.size)))
        if isinstance(operation, StatefulOperation):
            with continue_from(version, message) as start:
                call = worker.call(operation, message, start.state, question.size)
                answer, state = await _soon(request, call)
                return json_response(start.finish(answer, state))
        with ExitStack() as stack:
            start = stack.enter_context(continue_from(version, message))
            outbox = worker.write(operation, message, start.state)
            stack.callback(outbox.close)
            if message.stream:
                # An error before anything is written is an error of the request.
                await _unless_gone(request, outbox.first())
                close = stack.pop_all().close
                return EventResponse(outbox, _closing(start, close), close)
            return json_response(await _unless_gone(request, written_answer(outbox, start.finish)))


def _find(version: Version, name: str) -> Endpoint:
    if name not in version.endpoints:
        known = ", ".join(version.endpoints)
        raise NotFoundError(
            f"no operation {name!r:.60}{suggestion(name[:60], version.endpoints)}; this model has {known}"
        )
    return version.endpoints[name]


def _closing(start: Continuation, close: Callable[[], None]) -> Finish:
    """Return a function that keeps the state of an answer, and then releases its session.

    The client can send its next request as soon as it has the answer, before the response has ended.
    """

    def finish(answer: Answer, state: State | None) -> Answer:
        finished = start.finish(answer, state)
        close()
        return finished

    return finish


async def _soon(request: Request, answer: "asyncio.Future[Any]") -> Any:
    """Return an answer, which comes soon; if it does not, look whether the client has gone.

    Raises:
        ClientDisconnect: if the client disconnects.
    """
    try:
        await asyncio.wait((answer,), timeout=SOON)
        return answer.result() if answer.done() else await _unless_gone(request, answer)
    finally:
        answer.cancel()


async def _unless_gone(request: Request, work: "Coroutine[Any, Any, Any] | asyncio.Future[Any]") -> Any:
    """Return the result of work, which is cancelled if the client disconnects.

    Raises:
        ClientDisconnect: if the client disconnects.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(wait_for_disconnect(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()
