"""An operation with the type of the body of its requests."""

from typing import Annotated, Any

import msgspec

from unrolled.tasks.base.service import WritingOperation
from unrolled.tasks.base.service.operations import AnyOperation


class Endpoint:
    """An operation with the type of the body of its requests.

    Args:
        operation: the operation.
    """

    def __init__(self, operation: AnyOperation) -> None:
        self.operation = operation
        self.body: type[Any] = _with_stream(operation) if self.writes else operation.request
        self.decoder = msgspec.json.Decoder(self.body)

    @property
    def writes(self) -> bool:
        """Whether the answer can be sent as events."""
        return isinstance(self.operation, WritingOperation)


def _with_stream(operation: AnyOperation) -> type[Any]:
    """Return the type of a request with the field ``stream``."""
    meta = msgspec.Meta(
        description="Send the answer as server-sent events while it is written: data, then done with the "
        "whole answer, or error."
    )
    request = operation.request
    return msgspec.defstruct(
        request.__name__,
        [("stream", Annotated[bool, meta], False)],
        bases=(request,),
        namespace={"__doc__": request.__doc__},
        module=request.__module__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
