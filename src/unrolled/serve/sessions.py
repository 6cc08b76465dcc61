"""Sessions: states that are kept on the server, bounded in number and time."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from unrolled.serve.errors import BusyError, ConflictError, NotFoundError
from unrolled.serve.options import SessionOptions
from unrolled.tasks.base.service import State


@dataclass
class Session:
    """A state that is kept on the server."""

    name: str
    state: State
    expires: float
    in_use: bool = False


class Sessions:
    """The sessions of one model.

    Args:
        options: how many sessions are kept, and for how long.
        clock: returns seconds.
    """

    def __init__(self, options: SessionOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._options, self._clock = options, clock
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def bytes(self) -> int:
        """Memory of the states."""
        return sum(array.nbytes for s in self._sessions.values() for array in s.state.values())

    def begin(self, state: State) -> str:
        """Keep a state; return the name of its session.

        Raises:
            BusyError: if there are too many sessions.
        """
        self.check_free()
        session = Session(secrets.token_urlsafe(18), state, self._expiry())
        self._sessions[session.name] = session
        return session.name

    def check_free(self) -> None:
        """Raise BusyError if there is no room for another session."""
        self.expire()
        options = self._options
        if len(self._sessions) >= options.max_sessions or self.bytes >= options.max_session_bytes:
            raise BusyError(
                f"there are {len(self):,} sessions, the maximum: end one, wait until one expires, "
                'or use keep="state"'
            )

    @contextmanager
    def use(self, name: str) -> Iterator[Session]:
        """Context manager that holds a session: no other request can use it. Set its ``state`` to change it.

        Raises:
            NotFoundError: if there is no such session.
            ConflictError: if another request uses it.
        """
        self.expire()
        session = self._find(name)
        if session.in_use:
            raise ConflictError(
                "session: another request uses it now; send one request at a time in a session"
            )
        session.in_use = True
        try:
            yield session
        finally:
            session.in_use = False
            session.expires = self._expiry()

    def end(self, name: str) -> None:
        """End a session.

        Raises:
            NotFoundError: if there is no such session.
        """
        self._find(name)
        del self._sessions[name]

    def expire(self) -> None:
        """End the sessions that were not used for too long."""
        now = self._clock()
        for name in [s.name for s in self._sessions.values() if s.expires <= now and not s.in_use]:
            del self._sessions[name]

    def _find(self, name: str) -> Session:
        if name not in self._sessions:
            raise NotFoundError(
                "session: there is no such session; it has expired, the server was restarted, or the model "
                "was trained again. Start a new session"
            )
        return self._sessions[name]

    def _expiry(self) -> float:
        return self._clock() + self._options.session_seconds
