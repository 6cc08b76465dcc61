"""The system's limit on open files bounds the number of connections."""

import sys

import pytest

from unrolled.serve.files import OTHER_FILES, allow_connections
from unrolled.serve.protocol import SPARE_CONNECTIONS

if sys.platform == "win32":
    pytest.skip("has no such limit", allow_module_level=True)

import resource

OTHERS = OTHER_FILES + SPARE_CONNECTIONS


@pytest.fixture
def limits(monkeypatch):
    """``limits(soft, hard)`` sets limits; returns those that are set later."""
    later: list[tuple[int, int]] = []

    def start(soft: int, hard: int) -> list[tuple[int, int]]:
        monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda which, values: later.append(values))
        return later

    return start


@pytest.mark.parametrize("soft", [1000 + OTHERS, 10**6, resource.RLIM_INFINITY])
def test_enough_files_stay_as_they_are(limits, soft):
    later = limits(soft, resource.RLIM_INFINITY)
    assert allow_connections(1000) == 1000
    assert later == []


@pytest.mark.parametrize("hard", [1000 + OTHERS, 10**6, resource.RLIM_INFINITY])
def test_more_files_are_asked_for(limits, hard, caplog):
    later = limits(256, hard)
    assert allow_connections(1000) == 1000
    assert later == [(1000 + OTHERS, hard)]
    assert caplog.text == ""


@pytest.mark.parametrize(("hard", "allowed"), [(500, 500 - OTHERS), (20, 1)])
def test_too_few_files_lower_the_number_with_a_line(limits, hard, allowed, caplog):
    later = limits(10, hard)
    assert allow_connections(1000) == allowed
    assert later == [(hard, hard)]
    assert f"--max-connections 1,000: only {allowed}, because this user may have {hard} open" in caplog.text
