"""The folder of a repetition: a line for each trial, and with seeds a run folder for each."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.experiments.folder import ExperimentFolder, Layout
from unrolled.reading import MalformedError, parse_json, read_bytes
from unrolled.storage.regular import require_regular
from unrolled.tasks.base.outcome import Outcome

TRIALS, PLOT = "trials.jsonl", "trials.png"


@dataclass(frozen=True)
class _Line:
    """A trial as the file has it."""

    variant: str
    number: int
    scores: dict[str, float]
    seconds: float


class RepetitionFolder(ExperimentFolder):
    """See :class:`ExperimentFolder`; all outcomes are in one file of JSON lines."""

    layout: ClassVar[Layout] = Layout(
        kind="trials",
        another="trials of another plan",
        replace="--overwrite",
        earlier=frozenset({"recipe", "folds", "seeds", "variants"}),
        results=(TRIALS, PLOT),
        outcomes=TRIALS,
        runs="variant-*/seed-*",
    )

    def __init__(self, folder: Path, plan: dict[str, Any], *, overwrite: bool = False) -> None:
        super().__init__(folder, plan, overwrite=overwrite)
        self.done = _read(folder / TRIALS)

    def run(self, variant: int, seed: int) -> Path:
        """Return the run folder of a variant, by its place in the plan, and a seed."""
        return self.folder / f"variant-{variant}" / f"seed-{seed}"

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome, on disk too."""
        self.done.append(outcome)
        kept = [_Line(o.model, o.seed, o.scores, o.seconds) for o in self.done]
        lines = "".join(json.dumps(asdict(line)) + "\n" for line in kept)
        write_atomically(self.folder / TRIALS, lines.encode())


def _read(path: Path) -> list[Outcome]:
    if not os.path.lexists(path):
        return []
    require_regular(path)
    outcomes = []
    for number, raw in enumerate(read_bytes(path, RunError).splitlines(), 1):
        try:
            line = parse_json(raw, _Line)
        except MalformedError as error:
            raise RunError(f"{path}: line {number} is damaged ({error}); remove it, or the folder") from None
        outcomes.append(Outcome(line.variant, line.number, line.scores, line.seconds))
    return outcomes
