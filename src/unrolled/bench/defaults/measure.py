"""Train on each data set with only the task and the path, as a user would, and save the results."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from unrolled.bench.defaults.outcome import HEADINGS, DefaultOutcome, make_outcome
from unrolled.bench.defaults.sets import PublicSet, data_folder
from unrolled.bench.machine import describe_machine
from unrolled.errors import RunError
from unrolled.storage.folder import make_folder
from unrolled.storage.lock import FolderLock
from unrolled.tasks import load
from unrolled.training.tensor_files import read_json, write_json

OUTCOMES = "defaults.json"
TABLE = "defaults.md"
_PROGRAM = "import sys; from unrolled.cli.main import main; sys.exit(main())"


def measure_defaults(sets: Sequence[PublicSet], out: Path, console: Console, *, threads: int) -> bool:
    """Train on each data set that is not done yet, print its row, and write the table.

    Args:
        sets: the data sets, in the order of the table.
        out: folder for the runs, ``defaults.json`` and ``defaults.md``. Sets with a result there are not
            trained again.
        console: console for the rows.
        threads: CPU threads of each training.

    Returns:
        Whether every training succeeded.

    Raises:
        DataError: if the folder of the data sets does not exist.
        RunError: if ``out`` cannot be used.
    """
    root = data_folder()
    make_folder(out)
    failed = []
    with FolderLock(out):
        outcomes = _read_outcomes(out)
        for data_set in sets:
            if data_set.name not in outcomes:
                console.print(f"{data_set.name}: {' '.join(_command(data_set, root, out)[:-2])}")
                outcome = _run_training(data_set, root, out, console, threads)
                if outcome is None:
                    failed.append(data_set.name)
                    continue
                outcomes[data_set.name] = outcome
                _write_outcomes(out, outcomes)
            console.print("| " + " | ".join(outcomes[data_set.name].cells()) + " |")
        rows = [outcomes[s.name].cells() for s in sets if s.name in outcomes]
        table = "\n".join(
            "| " + " | ".join(row) + " |" for row in [list(HEADINGS), ["---"] * len(HEADINGS), *rows]
        )
        (out / TABLE).write_text(table + "\n", encoding="utf-8")
    console.print(f"\n{table}\n\nwritten: {out / TABLE} and {out / OUTCOMES}")
    if failed:
        console.print(f"failed: {', '.join(failed)}")
    return not failed


def _command(data_set: PublicSet, root: Path, out: Path) -> list[str]:
    data = ["--data", data_set.paths(root)]
    return ["unrolled", "train", data_set.task, *data, *data_set.options, "--out", str(out / data_set.name)]


def _run_training(
    data_set: PublicSet, root: Path, out: Path, console: Console, threads: int
) -> DefaultOutcome | None:
    arguments = [*_command(data_set, root, out)[1:], "--threads", str(threads), "--overwrite"]
    start = time.monotonic()
    with open(out / f"{data_set.name}.log", "w", encoding="utf-8") as log:
        status = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *arguments], stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    if status:
        lines = (out / f"{data_set.name}.log").read_text(encoding="utf-8").strip().splitlines()
        console.print(f"{data_set.name}: exit status {status}: {lines[-1] if lines else 'no output'}")
        return None
    task = load(out / data_set.name)
    return make_outcome(data_set, task.result, list(task.notes), time.monotonic() - start)


def _read_outcomes(out: Path) -> dict[str, DefaultOutcome]:
    if not (out / OUTCOMES).exists():
        return {}
    try:
        rows = read_json(out / OUTCOMES)["sets"]
        return {row["set"]: DefaultOutcome(**row) for row in rows}
    except (KeyError, TypeError) as error:
        raise RunError(
            f"{out / OUTCOMES}: was not written by this benchmark ({error}); choose another --out"
        ) from None


def _write_outcomes(out: Path, outcomes: dict[str, DefaultOutcome]) -> None:
    rows = [dataclasses.asdict(row) for row in outcomes.values()]
    write_json(out / OUTCOMES, {"machine": describe_machine(), "sets": rows})
