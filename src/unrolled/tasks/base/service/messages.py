"""Base classes of requests and answers, and types that several tasks use."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

State = Mapping[str, NDArray[Any]]
"""States of one row by name, as a stream's ``state()`` returns them."""

LIMIT = "x-limit"
"""Key of the JSON schema of a field with the name of a limit; the server puts its value there."""


def limited(limit: Literal["characters", "items", "steps", "body"], **constraints: Any) -> Meta:
    """Return constraints of a field to which a limit of the server applies, too.

    Args:
        limit: the limit that bounds a text, a list or a number; see :class:`Limits`. "body" is the largest
            body in bytes.
        constraints: those of :class:`msgspec.Meta`.
    """
    return Meta(extra_json_schema={LIMIT: limit}, **constraints)


Text = Annotated[str, limited("characters", max_length=1_000_000)]
Items = Annotated[
    list[Annotated[str, limited("characters")]], limited("items", min_length=1, max_length=10_000)
]
"""Texts of one request."""
Temperature = Annotated[float, Meta(ge=0, le=100, description="Divisor of the logits.")]

Seed = Annotated[int, Meta(ge=0, le=2**53 - 1, description="Random seed.")]
"""A whole number that every JSON reader keeps."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request. A field that is not known is an error."""


class Continuing(Request, frozen=True, kw_only=True):
    """A request that can continue where an earlier one ended.

    The state after the request is kept on the server (a session) or handed to the client, which sends it with
    the next request.
    """

    session: Annotated[
        str, Meta(max_length=64, description="Continue this session, which an earlier request started.")
    ] = ""
    state: Annotated[
        str, limited("body", description="Continue from this state, which an earlier answer contained.")
    ] = ""
    keep: Annotated[
        Literal["nothing", "session", "state"],
        Meta(
            description="Where to keep the state after this request: nowhere (nothing); on the server, in a "
            "session whose name the answer contains (session); or in the answer (state). A request in a "
            "session always keeps its state there."
        ),
    ] = "nothing"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Body of an answer."""


class Continued(Answer, frozen=True, kw_only=True):
    """Answer to a :class:`Continuing` request. The server adds what was kept."""

    session: Annotated[str, Meta(description="Session to continue.")] | UnsetType = UNSET
    state: Annotated[str, Meta(description="State to continue from.")] | UnsetType = UNSET
