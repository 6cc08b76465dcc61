"""States as text for clients, signed so that nobody can change or invent one."""

import base64
import hashlib
import hmac
import sys
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from unrolled.serve.errors import ConflictError
from unrolled.tasks.base.service import State

SIGNATURE = 16
"""Bytes of the signature."""
ENVELOPE = 1000
"""Bytes that a request needs beside its state, at least."""


class StateCodec:
    """Writes states as text, and reads what it wrote.

    The key comes from the weights and from the token of the server: a state still works after a restart, and
    on every server with the same run and token.

    Args:
        fingerprint: SHA-256 of the run.
        secret: token of the server; empty for none.
        max_body: largest body of a request, in bytes, which must hold the state.
    """

    def __init__(self, fingerprint: bytes, secret: str = "", max_body: int = sys.maxsize) -> None:
        self._max_body = max_body
        self._key = hashlib.sha256(fingerprint + secret.encode("utf-8", "surrogatepass")).digest()

    def write(self, state: State) -> str:
        """Return a state as text.

        Raises:
            ConflictError: if no request can hold it.
        """
        arrays: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in state.items()}
        body = save(arrays)
        text = base64.urlsafe_b64encode(self._sign(body) + body).decode("ascii")
        if len(text) > self._max_body - ENVELOPE:
            raise ConflictError(
                f"keep: the state has {len(text):,} bytes, too many to send back to this server; "
                'use keep="session"'
            )
        return text

    def read(self, text: str) -> State:
        """Return the state of a text.

        Raises:
            ConflictError: if this model did not write it.
        """
        try:
            data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            data = b""
        signature, body = data[:SIGNATURE], data[SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(body)):
            raise _not_of_this_model()
        try:
            return load(body)
        except (SafetensorError, KeyError):  # signed by someone who has the weights, if there is no token
            raise _not_of_this_model() from None

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:SIGNATURE]


def _not_of_this_model() -> ConflictError:
    return ConflictError(
        "state: is not from this model, or the model was trained again; start without a state"
    )
