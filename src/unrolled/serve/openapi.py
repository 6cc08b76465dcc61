"""Description of the API in OpenAPI 3.1, from the types of the operations."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from unrolled.serve.endpoint import Endpoint
from unrolled.serve.models import Models, ServedModel
from unrolled.serve.options import LimitOptions
from unrolled.serve.responses import encode
from unrolled.serve.schemas import Schema, Schemas
from unrolled.tasks.base.service import Continuing, WritingOperation
from unrolled.version import __version__

ERRORS = {
    "400": "The request is not HTTP, or its body is not JSON.",
    "401": "The token is missing or wrong.",
    "404": "There is no such model, operation or session.",
    "408": "The request took too long to arrive.",
    "409": "The session is in use, or the state is not from this model.",
    "413": "The body is too large.",
    "415": "The Content-Type is not application/json.",
    "421": "The server does not answer to this host name.",
    "422": "A field has a wrong value, or the model cannot do this.",
    "429": "Too many requests.",
    "503": "Too many requests wait, there are too many connections or sessions, or the server is stopping.",
}
ALWAYS = ("400", "401", "421", "429", "503")
"""Errors of every operation."""
TEXT = {"type": "string"}
ERROR = {"$ref": "#/components/schemas/Error"}
OF_BODIES = ("408", "413", "415", "422")
OF_SESSIONS = ("404", "409")


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """An error: what was wrong, and what to do."""

    error: Annotated[str, Meta(description="What was wrong and what to do, in one line.")]
    error_type: Annotated[str, Meta(description="Name of the class of the error.")]


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a model."""

    name: str
    task: Annotated[str, Meta(description="Task of the model, such as lm or classify.")]
    summary: Annotated[str, Meta(description="What the command that trained it does.")]
    parameters: Annotated[int, Meta(description="Number of weights.")]
    precision: str
    unit: Annotated[str, Meta(description="Plural noun for its steps, such as characters.")]
    operations: Annotated[list[str], Meta(description="Operations, the main one first.")]
    limits: Annotated[dict[str, int], Meta(description="Limits on one request.")]
    result: Annotated[dict[str, Any], Meta(description="Results of the training, as in result.json.")]
    details: Annotated[dict[str, Any], Meta(description="Facts that depend on the task, such as labels.")]
    version: Annotated[str, Meta(description="Hash of the configuration and weights.")]
    reloads: Annotated[int, Meta(description="How often the run was loaded again since the server started.")]
    notes: Annotated[list[str], Meta(description="Problems with the run folder.")]


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """All models that are served."""

    models: list[ModelInfo]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server runs."""

    status: Literal["ok"]
    models: Annotated[int, Meta(description="Number of models.")]
    notes: Annotated[
        dict[str, str],
        Meta(description="Problems with run folders, by model. Empty if the server has a token."),
    ]


class Description:
    """The description of all operations of all models, as JSON. It is rebuilt when a model has changed.

    Args:
        models: the models.
        limits: limits on requests.
        has_token: whether clients must send a token.
    """

    def __init__(self, models: Models, limits: LimitOptions, *, has_token: bool) -> None:
        self._models, self._limits, self._has_token = models, limits, has_token
        self._reloads: list[int] = []
        self._json = b""

    def json(self) -> bytes:
        """Return the description as JSON."""
        reloads = [model.reloads for model in self._models]
        if reloads != self._reloads:
            described = describe(self._models, self._limits, has_token=self._has_token)
            self._json, self._reloads = encode(described), reloads
        return self._json


def describe(models: Models, limits: LimitOptions, *, has_token: bool) -> Schema:
    """Return the description of all operations of all models."""
    shared = Schemas(limits)
    shared.reference(Error)
    paths: Schema = {
        "/healthz": {"get": _get("health", "Whether the server runs", shared.reference(Health), public=True)},
        "/metrics": {"get": _get("metrics", "Counters for Prometheus", TEXT, "text/plain")},
        "/v1/models": {"get": _get("models", "All models", shared.reference(ModelList))},
    }
    for model in models:
        paths |= _model_paths(model, shared)
    description: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "unrolled",
            "version": __version__,
            "description": "Trained recurrent networks. Each model has a page; / lists them.",
        },
        "paths": paths,
        "components": {"schemas": shared.all()},
    }
    if has_token:
        description["security"] = [{"token": []}]
        description["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return description


def _model_paths(model: ServedModel, schemas: Schemas) -> Schema:
    base = f"/v1/models/{quote(model.name)}"
    show = _get(f"{model.name}-show", f"Facts about {model.name}", schemas.reference(ModelInfo))
    paths: Schema = {base: {"get": show | {"tags": [model.name]}}}
    task = model.loaded.spec.verb.capitalize()
    endpoints = model.version.endpoints
    for name, endpoint in endpoints.items():
        paths[f"{base}/{name}"] = {"post": _post(model, endpoint, schemas, task)}
    if any(issubclass(endpoint.operation.request, Continuing) for endpoint in endpoints.values()):
        paths[f"{base}/sessions/{{session}}"] = {"delete": _delete(model)}
    return paths


def _post(model: ServedModel, endpoint: Endpoint, schemas: Schemas, task: str) -> Schema:
    operation = endpoint.operation
    answer = schemas.reference(operation.answer, task)
    content: Schema = {"application/json": {"schema": answer}}
    if isinstance(operation, WritingOperation):
        data = {"data": schemas.reference(operation.event, task), "done": answer, "error": ERROR}
        events = [_event(name, schema) for name, schema in data.items()]
        content["text/event-stream"] = {"schema": {"oneOf": events}}
    body: Schema = {"schema": schemas.reference(endpoint.body, task)}
    if operation.example:
        body["example"] = dict(operation.example)
    of_sessions = OF_SESSIONS if issubclass(operation.request, Continuing) else ()
    return {
        "summary": operation.summary,
        "description": (operation.request.__doc__ or "").strip(),
        "operationId": f"{model.name}-{operation.name}",
        "tags": [model.name],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": {"description": "The answer.", "content": content},
            **_errors(*ALWAYS, *OF_BODIES, *of_sessions),
        },
    }


def _delete(model: ServedModel) -> Schema:
    return {
        "summary": "End a session",
        "operationId": f"{model.name}-end-session",
        "tags": [model.name],
        "parameters": [{"name": "session", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "The session has ended."}, **_errors(*ALWAYS, "404")},
    }


def _get(
    name: str, summary: str, schema: Schema, media_type: str = "application/json", *, public: bool = False
) -> Schema:
    return {
        "summary": summary,
        "operationId": name,
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": schema}}},
            **_errors(*ALWAYS),
        },
        **({"security": []} if public else {}),
    }


def _event(name: str, schema: Schema) -> Schema:
    """Return the schema of a server-sent event, whose data are JSON."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    return {
        "type": "object",
        "properties": {"event": {"const": name}, "data": data},
        "required": ["event", "data"],
    }


def _errors(*codes: str) -> Schema:
    return {
        code: {"description": ERRORS[code], "content": {"application/json": {"schema": ERROR}}}
        for code in sorted(codes)
    }
