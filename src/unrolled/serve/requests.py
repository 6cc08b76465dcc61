"""Read the body of a request: bounded in size and time, and checked against its type."""

import asyncio
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from unrolled.errors import suggestion
from unrolled.serve.errors import (
    InvalidRequestError,
    MalformedRequestError,
    MediaTypeError,
    SlowClientError,
    TooLargeError,
)

UNKNOWN_FIELD = "Object contains unknown field `"
SMALL = 16_384
"""Bytes of a body that is converted in the thread of the event loop."""
DISCARDED = 16
"""A body that is too large is read up to this multiple of the limit; then the connection is closed."""


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """Return the body of a request.

    Raises:
        TooLargeError: if it has more than ``most`` bytes.
        SlowClientError: if it takes longer than ``seconds``.
        MediaTypeError: if it is not declared as JSON.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise MediaTypeError("Content-Type: must be application/json")
    try:
        declared = int(request.headers.get("content-length", "0"))
    except ValueError:
        declared = 0
    waits = request.headers.get("expect", "").lower() == "100-continue"  # it has not sent its body yet
    if declared > (most if waits else DISCARDED * most):
        raise _too_large(most)
    try:
        async with asyncio.timeout(seconds):
            return await _collect(request, most)
    except TimeoutError:
        raise SlowClientError(f"the request did not arrive within {seconds:g} seconds") from None


async def _collect(request: Request, most: int) -> bytes:
    """Return the body. One that is too large is read and dropped: many clients send all before they read."""
    body, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        if size <= most:
            body += part
        elif size > DISCARDED * most:
            break
    if size > most:
        raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"the request is too large; send at most {most:,} bytes")


async def decode_body(body: bytes, decoder: "msgspec.json.Decoder[Any]") -> Any:
    """Return a body as its type; see :func:`decode`. Others are answered meanwhile."""
    if len(body) <= SMALL:
        return decode(body, decoder)
    return await asyncio.to_thread(decode, body, decoder)


def decode(body: bytes, decoder: "msgspec.json.Decoder[Any]") -> Any:
    """Return a body as its type.

    Raises:
        MalformedRequestError: if it is not JSON.
        InvalidRequestError: if it does not fit the type.
    """
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            if "got `float`" not in str(error):
                raise
            return msgspec.convert(_with_integers(msgspec.json.decode(body)), decoder.type)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(_readable(str(error), decoder.type)) from None
    except msgspec.DecodeError as error:
        problem = str(error).removeprefix("JSON is malformed: ") if body.strip() else "it is empty"
        raise MalformedRequestError(f"the body is not JSON: {problem[:1].lower()}{problem[1:]}") from None
    except UnicodeDecodeError:
        raise MalformedRequestError("the body is not JSON: it is not UTF-8") from None
    except RecursionError:
        raise MalformedRequestError("the body is nested too deeply") from None


def _with_integers(data: Any) -> Any:
    """Return JSON data with integers for numbers such as 3.0, which some clients write."""
    if isinstance(data, dict):
        return {key: _with_integers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_with_integers(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def _readable(message: str, kind: type[Any]) -> str:
    """Return a message of msgspec with the field first: "texts[0]: expected `str`, got `int`"."""
    problem, separator, path = message.rpartition(" - at `$")
    if not separator and message.startswith(UNKNOWN_FIELD):
        return _unknown_field(message.removeprefix(UNKNOWN_FIELD).removesuffix("`"), kind)
    problem, field = (problem, path.rstrip("`").lstrip(".")) if separator else (message, "")
    return f"{field or 'the body'}: {problem[:1].lower()}{problem[1:]}"


def _unknown_field(name: str, kind: type[Any]) -> str:
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    return f"{name!r:.60}: is not a field{suggestion(name[:60], known)}; the fields are {', '.join(known)}"


__all__ = ["ClientDisconnect", "decode", "decode_body", "read_body"]
