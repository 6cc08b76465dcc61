"""The trainer of each task's small training run, caught before it starts."""

from pathlib import Path
from typing import Any

import pytest

from cases import CASES
from unrolled.training import Trainer


class CaughtError(Exception):
    """Raised when training is about to begin."""


def catch_trainer(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, **options: Any) -> Trainer[Any]:
    """Return the trainer that ``fit`` builds for a case, before its first step."""
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
