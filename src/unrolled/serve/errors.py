"""Errors of the server, with their HTTP status."""

from http import HTTPStatus
from typing import ClassVar

from unrolled.errors import BackendError, MissingExtraError, RunError, StreamError, UnrolledError


class ServiceError(UnrolledError):
    """Base class of errors that are sent to clients."""

    status: ClassVar[int] = HTTPStatus.BAD_REQUEST
    headers: ClassVar[dict[str, str]] = {}


class MalformedRequestError(ServiceError):
    """The body is not JSON."""


class AuthenticationError(ServiceError):
    """The token is missing or wrong."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class ForbiddenHostError(ServiceError):
    """The request names a host that this server does not answer to."""

    status = HTTPStatus.MISDIRECTED_REQUEST


class NotFoundError(ServiceError):
    """There is no such page, model, operation or session."""

    status = HTTPStatus.NOT_FOUND


class SlowClientError(ServiceError):
    """The client took too long to send its request."""

    status = HTTPStatus.REQUEST_TIMEOUT
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class ConflictError(ServiceError):
    """The session or state cannot be used now."""

    status = HTTPStatus.CONFLICT


class TooLargeError(ServiceError):
    """The body is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class MediaTypeError(ServiceError):
    """The Content-Type is not application/json."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class InvalidRequestError(ServiceError):
    """The request has a wrong field."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class RateError(ServiceError):
    """The client sends too many requests."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class BusyError(ServiceError):
    """Too many requests wait, or the server is stopping."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class FaultError(ServiceError):
    """The server has a bug. Its log has the traceback."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self) -> None:
        super().__init__(
            "internal error of the server: the request was not answered; the server log has the details"
        )


def status_of(error: UnrolledError) -> int:
    """Return the HTTP status of an error: 422 for errors of the toolkit that a request caused."""
    if isinstance(error, ServiceError):
        return int(error.status)
    if isinstance(error, MissingExtraError | BackendError | RunError | StreamError):
        return int(HTTPStatus.SERVICE_UNAVAILABLE)
    return int(HTTPStatus.UNPROCESSABLE_ENTITY)


def headers_of(error: UnrolledError) -> dict[str, str]:
    """Return the HTTP headers of an error."""
    return dict(error.headers) if isinstance(error, ServiceError) else {}
