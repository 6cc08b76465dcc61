"""Sessions: their number, their end, and who uses them."""

import numpy as np
import pytest

from unrolled.serve.errors import BusyError, ConflictError, NotFoundError
from unrolled.serve.options import SessionOptions
from unrolled.serve.sessions import Sessions


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    return Sessions(SessionOptions(max_sessions=3, session_seconds=10), clock)


def state(value=0):
    return {"h": np.full((1, 4), value, np.float32)}


def test_a_session_keeps_the_state_that_is_set_in_it(sessions):
    name = sessions.begin(state(1))
    with sessions.use(name) as session:
        assert session.state["h"][0, 0] == 1
        session.state = state(2)
    with sessions.use(name) as session:
        assert session.state["h"][0, 0] == 2
    assert (len(sessions), sessions.bytes) == (1, 16)


def test_names_cannot_be_guessed(sessions):
    names = {sessions.begin(state()) for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) >= 22 for name in names)  # 128 bits and more


def test_an_unused_session_ends(sessions, clock):
    name = sessions.begin(state())
    clock.now = 9.9
    with sessions.use(name):
        pass
    clock.now = 19.8  # its time began anew
    with sessions.use(name):
        pass
    clock.now = 29.9
    with pytest.raises(NotFoundError, match="has expired"), sessions.use(name):
        pass
    assert len(sessions) == 0


def test_a_session_in_use_does_not_end(sessions, clock):
    name = sessions.begin(state())
    with sessions.use(name):
        clock.now = 1000
        sessions.expire()
        assert len(sessions) == 1
    with sessions.use(name):
        pass


def test_only_one_request_uses_a_session(sessions):
    name = sessions.begin(state())
    other = sessions.use(name)
    with sessions.use(name), pytest.raises(ConflictError, match="one request at a time"):
        other.__enter__()
    with sessions.use(name):
        pass


def test_a_session_is_free_after_an_error(sessions):
    name = sessions.begin(state())
    with pytest.raises(ZeroDivisionError), sessions.use(name):
        raise ZeroDivisionError
    with sessions.use(name):
        pass


def test_there_are_not_too_many(sessions, clock):
    names = [sessions.begin(state()) for _ in range(3)]
    with pytest.raises(BusyError, match=r'there are 3 sessions, the maximum.*keep="state"'):
        sessions.begin(state())
    with pytest.raises(BusyError):
        sessions.check_free()
    sessions.end(names[0])
    sessions.begin(state())
    clock.now = 11  # all have expired
    sessions.check_free()
    assert len(sessions) == 0


def test_their_states_do_not_need_too_much_memory(clock):
    sessions = Sessions(SessionOptions(max_session_bytes=100), clock)
    names = [sessions.begin({"h": np.zeros((1, 10), np.float32)}) for _ in range(3)]
    with pytest.raises(BusyError, match="there are 3 sessions"):
        sessions.check_free()
    sessions.end(names[0])
    with sessions.use(names[1]) as session:
        session.state = {"h": np.zeros((1, 50), np.float32)}  # a state may grow
    with pytest.raises(BusyError):
        sessions.begin(state())


def test_a_session_that_is_ended_while_it_is_used_is_gone(sessions):
    name = sessions.begin(state())
    with sessions.use(name):
        sessions.end(name)
    with pytest.raises(NotFoundError):
        sessions.end(name)
    assert len(sessions) == 0


def test_no_sessions_at_all(clock):
    with pytest.raises(BusyError):
        Sessions(SessionOptions(max_sessions=0), clock).begin(state())
