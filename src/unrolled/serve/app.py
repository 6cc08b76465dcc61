"""The ASGI application: routes, guards and background tasks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from unrolled.errors import UnrolledError
from unrolled.serve.api import Api
from unrolled.serve.errors import FaultError
from unrolled.serve.guards import Guard, answered_hosts
from unrolled.serve.metrics import Metrics
from unrolled.serve.models import Models
from unrolled.serve.openapi import Description
from unrolled.serve.options import LimitOptions, ServeOptions
from unrolled.serve.pages import STATIC, Pages, missing_page, wants_page
from unrolled.serve.reload import Reloader
from unrolled.serve.requests import ClientDisconnect
from unrolled.serve.responses import error_response, json_response

EXPIRY_SECONDS = 5.0
"""Seconds between two searches for expired sessions."""


def build_app(
    models: Models, metrics: Metrics, options: ServeOptions, limits: LimitOptions, token: str = ""
) -> Starlette:
    """Return the ASGI application.

    Args:
        models: the models.
        metrics: its counters.
        options: options of the server.
        limits: limits on requests and clients.
        token: token that clients must send; empty for none.
    """
    api, pages = Api(models, metrics, limits.max_body, options.client_seconds), Pages(models)
    description = Description(models, limits, has_token=bool(token))

    async def health(request: Request) -> Response:
        # Anyone may ask; with a token, only GET /v1/models tells names and folders.
        notes = {} if token else {model.name: model.note for model in models if model.note}
        return json_response({"status": "ok", "models": len(models), "notes": notes})

    async def counters(request: Request) -> Response:
        for model in models:
            sessions = model.version.sessions
            metrics.waiting.labels(model.name).set(model.waiting)
            metrics.sessions.labels(model.name).set(len(sessions))
            metrics.session_bytes.labels(model.name).set(sessions.bytes)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    async def openapi(request: Request) -> Response:
        return Response(description.json(), media_type="application/json")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        for model in models:
            model.start(loop)
        tasks = [asyncio.create_task(_expire(models))]
        if options.reload_seconds:
            tasks.append(asyncio.create_task(Reloader(models, metrics, options.reload_seconds).run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for model in models:
                model.stop()

    guards = [Middleware(Guard, token=token, hosts=answered_hosts(options.host), rate=limits.rate)]
    if options.allow_origin:
        headers = ["Authorization", "Content-Type"]
        guards.insert(
            0,
            Middleware(
                CORSMiddleware,
                allow_origins=[options.allow_origin],
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=headers,
            ),
        )
    app = Starlette(
        routes=[
            Route("/", pages.gallery),
            Route("/models/{model}", pages.model),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/healthz", health),
            Route("/metrics", counters),
            Route("/openapi.json", openapi),
            Route("/v1/models", api.list),
            Route("/v1/models/{model}", api.show),
            Route("/v1/models/{model}/sessions/{session}", api.end_session, methods=["DELETE"]),
            Route("/v1/models/{model}/{operation}", api.operate, methods=["POST"]),
        ],
        middleware=guards,
        exception_handlers={
            UnrolledError: _toolkit_error,
            HTTPException: _http_error,
            ClientDisconnect: _client_gone,
            Exception: _fault,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would go to the host that the request names
    return app


async def _expire(models: Models) -> None:
    while True:
        await asyncio.sleep(EXPIRY_SECONDS)
        for model in models:
            model.version.sessions.expire()


async def _toolkit_error(request: Request, error: Any) -> Response:
    return error_response(error)


async def _http_error(request: Request, error: Any) -> Response:
    message = error.detail
    if error.status_code == 404:
        if wants_page(request):
            return missing_page()
        message = "there is no such path; /openapi.json lists all paths"
    elif error.status_code == 405:
        allowed = set((error.headers or {}).get("Allow", "").split(", ")) - {"HEAD"}
        message = f"{request.method} cannot be used here; use {' or '.join(sorted(allowed))}"
    return json_response({"error": message, "error_type": "HTTPError"}, error.status_code, error.headers)


async def _fault(request: Request, error: Any) -> Response:
    """Answer a request that failed because of a bug in the server; the log has the traceback."""
    return error_response(FaultError())


async def _client_gone(request: Request, error: Any) -> Response:
    return Response(status_code=499)
