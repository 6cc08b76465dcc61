"""The trainer of each task's small training, caught before it runs."""

from pathlib import Path
from typing import Any

import pytest

from cases import CASES
from unrolled.training import Trainer


class CaughtError(Exception):
    """Training was about to begin."""


def catch_trainer(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, **options: Any) -> Trainer[Any]:
    """Return the trainer that ``fit`` makes of a case, before its first update."""
    caught: list[Trainer[Any]] = []

    def run(trainer: Trainer[Any]) -> None:
        caught.append(trainer)
        raise CaughtError

    case = CASES[name]
    task, data = case.kind(**case.options | options), case.write(folder)
    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "run", run)
        with pytest.raises(CaughtError):
            task.fit(data, progress=False)
    return caught[0]
