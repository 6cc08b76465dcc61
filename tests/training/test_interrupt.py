"""The first Ctrl-C is only recorded, to stop later; a second one raises immediately."""

import os
import signal
import threading

import pytest

from unrolled.training.interrupt import DeferredInterrupt


@pytest.fixture(autouse=True)
def _default_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_second_interrupt_raises():
    with DeferredInterrupt() as deferred:
        assert not deferred.requested
        interrupt()
        assert deferred.requested
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_signal_handler_is_restored():
    with DeferredInterrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(RuntimeError), DeferredInterrupt():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_keep_the_signal_handler():
    observed = []

    def work():
        with DeferredInterrupt() as deferred:
            observed.append((deferred.requested, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert observed == [(False, signal.default_int_handler)]
