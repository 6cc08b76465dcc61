"""Where a request continues: in a session, from a state, or from the start."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from unrolled.serve.errors import InvalidRequestError
from unrolled.serve.models import Version
from unrolled.serve.sessions import Session
from unrolled.tasks.base.service import Continuing, Request, State


@dataclass(frozen=True)
class Continuation:
    """Where a request continues, and whether its state is kept."""

    version: Version
    keep: str
    session: Session | None
    state: State | None
    """State to continue from; None: the start."""

    def finish(self, answer: Any, state: State | None) -> Any:
        """Keep the state; return the answer with the session or state to continue from.

        Args:
            answer: the answer.
            state: the state after it; None if the operation leaves none.

        Raises:
            BusyError: if no more sessions are kept.
        """
        if state is None:
            return answer
        if self.session is not None:
            self.session.state = state
            return msgspec.structs.replace(answer, session=self.session.name)
        if self.keep == "session":
            return msgspec.structs.replace(answer, session=self.version.sessions.begin(state))
        if self.keep == "state":
            return msgspec.structs.replace(answer, state=self.version.states.write(state))
        return answer


@contextmanager
def continue_from(version: Version, request: Request) -> Iterator[Continuation]:
    """Context manager that holds the session of a request while it is answered.

    Raises:
        InvalidRequestError: if the request contradicts itself.
        NotFoundError: if there is no such session.
        ConflictError: if another request uses it, or the state is not from this model.
        BusyError: if no more sessions are kept.
    """
    if not isinstance(request, Continuing):
        yield Continuation(version, "nothing", None, None)
        return
    if not request.session:
        if request.keep == "session":
            version.sessions.check_free()
        state = version.states.read(request.state) if request.state else None
        yield Continuation(version, request.keep, None, state)
        return
    if request.state:
        raise InvalidRequestError("session, state: give one of them")
    if request.keep == "state":
        raise InvalidRequestError(
            'keep: a request in a session keeps its state there; leave out keep="state"'
        )
    with version.sessions.use(request.session) as session:
        yield Continuation(version, request.keep, session, session.state)
