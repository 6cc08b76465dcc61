"""One training of many, and the file that keeps them."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from unrolled.errors import RunError
from unrolled.reading import MalformedError, parse_json, read_bytes
from unrolled.storage.folder import MARK, clear_unfinished, list_folder, make_folder, remove_files
from unrolled.storage.regular import check_replaceable, require_regular
from unrolled.training.files import read_json, write_atomically, write_json

PLAN, TRIALS, PICTURE, KIND = "plan.json", "trials.jsonl", "trials.png", "trials"


@dataclass(frozen=True)
class Trial:
    """What one training gave."""

    variant: str
    number: int
    """Of the fold or the seed, from 1."""
    scores: dict[str, float]
    """On data that were not trained on."""
    seconds: float
    """The whole trial took, with reading and scoring."""


class TrialFile:
    """The trials of a plan that are done; a plan that was stopped goes on where it was.

    Args:
        folder: where plan and trials lie; locked.
        plan: what is tried, for JSON.
        overwrite: begin anew even if the folder holds trials.

    Raises:
        RunError: if the folder holds trials of another plan, or anything else.
    """

    def __init__(self, folder: Path, plan: dict[str, object], *, overwrite: bool = False) -> None:
        self.folder, self.done = folder, list[Trial]()
        present = list_folder(folder)
        before = read_json(folder / PLAN) if PLAN in present else {}
        known = before.pop(MARK, "") == KIND or {"recipe", "folds", "seeds", "variants"} <= before.keys()
        if present and not known:
            raise RunError(f"{folder}: is not empty and holds no trials; choose another folder")
        check_replaceable(folder, (PLAN, TRIALS, PICTURE))
        clear_unfinished(folder)
        if present and not overwrite:
            if before != json.loads(json.dumps(plan)):
                raise RunError(
                    f"{folder}: holds trials of another plan; choose another folder, or --overwrite"
                )
            self.done = _read(folder / TRIALS)
            return
        make_folder(folder)
        remove_files(folder, (TRIALS, PICTURE))
        write_json(folder / PLAN, {MARK: KIND} | plan)

    def add(self, trial: Trial) -> None:
        """Keep a trial, on disk too."""
        self.done.append(trial)
        lines = "".join(json.dumps(asdict(t)) + "\n" for t in self.done)
        write_atomically(self.folder / TRIALS, lines.encode())


def _read(path: Path) -> list[Trial]:
    if not os.path.lexists(path):
        return []
    require_regular(path)
    trials = []
    for number, line in enumerate(read_bytes(path, RunError).splitlines(), 1):
        try:
            trials.append(parse_json(line, Trial))
        except MalformedError as error:
            raise RunError(f"{path}: line {number} is damaged ({error}); remove it, or the folder") from None
    return trials
