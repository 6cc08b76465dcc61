"""Answers as JSON."""

import re
from typing import Any

import msgspec
from starlette.responses import Response

from unrolled.errors import UnrolledError
from unrolled.serve.errors import headers_of, status_of
from unrolled.visible import escape_control_characters

LONGEST_MESSAGE = 1000
"""Maximum length of a message for a client, in characters."""

_encoder = msgspec.json.Encoder()


def encode(data: Any) -> bytes:
    """Return data as JSON."""
    return _encoder.encode(data)


def error_data(error: UnrolledError) -> dict[str, str]:
    """Return an error as JSON data for a client."""
    return {"error": one_line(str(error)), "error_type": type(error).__name__}


def one_line(message: str) -> str:
    """Return a message on one line, without control characters, and without the middle if it is very long.

    It may contain text of the client.
    """
    message = escape_control_characters(re.sub(r"\s*[\r\n\v\f\x85\u2028\u2029]\s*", " ", message))
    if len(message) <= LONGEST_MESSAGE:
        return message
    return f"{message[: LONGEST_MESSAGE // 2]}…{message[-LONGEST_MESSAGE // 2 :]}"


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return data as a JSON response."""
    return Response(encode(data), status, headers, media_type="application/json")


def error_response(error: UnrolledError) -> Response:
    """Return an error as a JSON response."""
    return json_response(error_data(error), status_of(error), headers_of(error))
