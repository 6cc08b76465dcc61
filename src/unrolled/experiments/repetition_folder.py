"""The folder of a repetition: a file with one line per trial and, with seeds, one run folder per trial."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.experiments.folder import ExperimentFolder, Layout
from unrolled.reading import MalformedError, parse_json, read_bytes
from unrolled.storage.regular import require_regular_file
from unrolled.tasks.base.outcome import Outcome

TRIALS, PLOT = "trials.jsonl", "trials.png"


@dataclass(frozen=True)
class _Line:
    """One line of the trials file."""

    variant: str
    number: int
    """Number of the fold, or the seed."""
    scores: dict[str, float]
    seconds: float


class RepetitionFolder(ExperimentFolder):
    """An :class:`ExperimentFolder` with all outcomes in one file of JSON lines."""

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
        self.done = _read_outcomes(folder / TRIALS)

    def run(self, variant: int, seed: int) -> Path:
        """Return the path of the run folder of a variant, given its index in the plan, and a seed."""
        return self.folder / f"variant-{variant}" / f"seed-{seed}"

    def add(self, outcome: Outcome) -> None:
        """Append an outcome, and write the file."""
        self.done.append(outcome)
        lines = [_Line(o.model, o.seed, o.scores, o.seconds) for o in self.done]
        text = "".join(json.dumps(asdict(line)) + "\n" for line in lines)
        write_atomically(self.folder / TRIALS, text.encode())


def _read_outcomes(path: Path) -> list[Outcome]:
    if not os.path.lexists(path):
        return []
    require_regular_file(path)
    outcomes = []
    for number, raw in enumerate(read_bytes(path, RunError).splitlines(), 1):
        try:
            line = parse_json(raw, _Line)
        except MalformedError as error:
            raise RunError(
                f"{path}: line {number} is damaged ({error}); remove this line, or the folder"
            ) from None
        outcomes.append(Outcome(line.variant, line.number, line.scores, line.seconds))
    return outcomes
