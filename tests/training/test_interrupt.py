"""Ctrl-C is noted at once and acted on later; a second one acts at once."""

import os
import signal
import threading

import pytest

from unrolled.training.interrupt import DeferredInterrupt


@pytest.fixture(autouse=True)
def _usual_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_is_noted_the_second_acts():
    with DeferredInterrupt() as deferred:
        assert not deferred.requested
        interrupt()
        assert deferred.requested
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_afterwards_all_is_as_before():
    with DeferredInterrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(RuntimeError), DeferredInterrupt():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_leave_signals_alone():
    seen = []

    def work():
        with DeferredInterrupt() as deferred:
            seen.append((deferred.requested, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.default_int_handler)]
