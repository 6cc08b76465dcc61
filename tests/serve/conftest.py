"""Fixtures of the tests of the server: trained runs, clients in memory, servers on a port."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cases import CASES
from serving import Client, Listening, Toy, client, listening, setting


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``trained("tag", bidirectional=False)`` returns the run folder of a tiny model, trained once."""
    runs: dict[str, Path] = {}

    def run(task: str, **options: Any) -> Path:
        key = f"{task} {options}"
        if key not in runs:
            folder, case = tmp_path_factory.mktemp(task), CASES[task]
            every = case.options | {"max_steps": 2, "validate_every": 0} | options
            case.kind(**every).fit(case.write(folder), out=folder / task, progress=False)
            runs[key] = folder / task
        return runs[key]

    return run


@pytest.fixture
def toy() -> Toy:
    """The run of a service without a model."""
    return Toy()


@pytest.fixture
def open_client(toy: Toy) -> Iterator[Callable[..., Client]]:
    """``open_client(max_body=100)`` serves the toy in memory; ``runs=`` serves others."""
    with ExitStack() as stack:

        def start(runs: dict[str, Any] | None = None, *, strict: bool = True, **options: Any) -> Client:
            parts = setting(**options)
            return stack.enter_context(client(runs or {"toy": toy}, parts, raise_server_exceptions=strict))

        yield start


@pytest.fixture
def listen(toy: Toy) -> Iterator[Callable[..., Listening]]:
    """``listen(client_seconds=1)`` serves the toy on a port; the test fails if the server logs a problem."""
    servers: list[Listening] = []
    with ExitStack() as stack:

        def start(runs: dict[str, Any] | None = None, **options: Any) -> Listening:
            servers.append(stack.enter_context(listening(runs or {"toy": toy}, setting(**options))))
            return servers[-1]

        yield start
        toy.service.gate.set()
    for server in servers:
        assert [record.getMessage() for record in server.log] == []
