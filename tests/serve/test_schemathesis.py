"""Requests that schemathesis makes from the description of the API: all are answered as it says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from serving import TASKS, listening, setting

schemathesis = pytest.importorskip("schemathesis", reason="makes requests from the description of the API")

# 422 is also the answer to what only this model cannot do, which no schema can say.
CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "413", "422", "503"]},
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    }
}
FILE = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "413", "422", "503"]
negative_data_rejection.expected-statuses = ["4xx"]
"""
"""The same for the command line."""
QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=3)


@pytest.fixture(scope="module")
def server(trained):
    """A server of every task, which may log nothing."""
    runs = {task: trained(task) for task in TASKS}
    with listening(runs, setting(max_characters=2000, max_steps=40, max_sessions=50)) as running:
        yield running
        assert [record.getMessage() for record in running.log] == []


@pytest.fixture(scope="module")
def api(server):
    config = schemathesis.Config.from_dict(CONFIG)
    return schemathesis.openapi.from_url(f"{server.address}/openapi.json", config=config)


def test_the_description_is_valid(api):
    api.validate()


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize("task", TASKS)
def test_answers_are_as_described(api, task, mode):
    checked = 0
    for result in api.include(path_regex=f"^/v1/models/{task}/", method="POST").get_all_operations():
        generation = schemathesis.GenerationMode[mode]

        @QUICK
        @given(case=result.ok().as_strategy(generation_mode=generation))
        def check(case):
            case.call_and_validate()

        check()
        checked += 1
    assert checked


@pytest.mark.slow
def test_answers_to_many_requests_are_as_described(server, tmp_path: Path):
    """All that the command line of schemathesis tries."""
    program = shutil.which("schemathesis", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("the command schemathesis is missing")
    (tmp_path / "schemathesis.toml").write_text(FILE)
    words = ["run", f"{server.address}/openapi.json", "--max-examples", "150", "--no-color"]
    done = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-20_000:]
