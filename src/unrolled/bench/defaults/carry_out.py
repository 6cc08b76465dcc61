"""Trains on each set as a user would, by the command and the path alone, and keeps what it gave."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from unrolled.bench.defaults.outcome import HEADS, DefaultOutcome, outcome_of
from unrolled.bench.defaults.sets import PublicSet, data_folder
from unrolled.bench.machine import describe_machine
from unrolled.errors import RunError
from unrolled.storage.folder import make_folder
from unrolled.storage.lock import FolderLock
from unrolled.tasks import load
from unrolled.training.files import read_json, write_json

OUTCOMES = "defaults.json"
TABLE = "defaults.md"
_COMMAND = "import sys; from unrolled.cli.main import main; sys.exit(main())"


def measure_defaults(sets: Sequence[PublicSet], out: Path, console: Console, *, threads: int) -> bool:
    """Train on each set that is not done yet, print its row, and write the table.

    Args:
        sets: in their order.
        out: folder for the runs, ``defaults.json`` and ``defaults.md``; what is there is not trained again.
        console: where rows go.
        threads: of each training.

    Returns:
        Whether every training ended well.

    Raises:
        DataError: if the folder of the data sets is not there.
        RunError: if ``out`` cannot be used.
    """
    root = data_folder()
    make_folder(out)
    failed = []
    with FolderLock(out):
        done = _read(out)
        for chosen in sets:
            if chosen.name not in done:
                console.print(f"{chosen.name}: {' '.join(_words(chosen, root, out)[:-2])}")
                found = _train(chosen, root, out, console, threads)
                if found is None:
                    failed.append(chosen.name)
                    continue
                done[chosen.name] = found
                _write(out, done)
            console.print("| " + " | ".join(done[chosen.name].cells()) + " |")
        rows = [done[s.name].cells() for s in sets if s.name in done]
        table = "\n".join("| " + " | ".join(row) + " |" for row in [list(HEADS), ["---"] * len(HEADS), *rows])
        (out / TABLE).write_text(table + "\n", encoding="utf-8")
    console.print(f"\n{table}\n\nwritten: {out / TABLE} and {out / OUTCOMES}")
    if failed:
        console.print(f"failed: {', '.join(failed)}")
    return not failed


def _words(chosen: PublicSet, root: Path, out: Path) -> list[str]:
    data = ["--data", chosen.paths(root)]
    return ["unrolled", "train", chosen.task, *data, *chosen.options, "--out", str(out / chosen.name)]


def _train(chosen: PublicSet, root: Path, out: Path, console: Console, threads: int) -> DefaultOutcome | None:
    words = [*_words(chosen, root, out)[1:], "--threads", str(threads), "--overwrite"]
    begun = time.monotonic()
    with open(out / f"{chosen.name}.log", "w", encoding="utf-8") as log:
        status = subprocess.run(
            [sys.executable, "-c", _COMMAND, *words], stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    if status:
        lines = (out / f"{chosen.name}.log").read_text(encoding="utf-8").strip().splitlines()
        console.print(f"{chosen.name}: exit status {status}: {lines[-1] if lines else 'no output'}")
        return None
    task = load(out / chosen.name)
    return outcome_of(chosen, task.result, list(task.notes), time.monotonic() - begun)


def _read(out: Path) -> dict[str, DefaultOutcome]:
    if not (out / OUTCOMES).exists():
        return {}
    try:
        rows = read_json(out / OUTCOMES)["sets"]
        return {row["set"]: DefaultOutcome(**row) for row in rows}
    except (KeyError, TypeError) as error:
        raise RunError(f"{out / OUTCOMES}: is not of this benchmark ({error}); give another --out") from None


def _write(out: Path, done: dict[str, DefaultOutcome]) -> None:
    rows = [dataclasses.asdict(row) for row in done.values()]
    write_json(out / OUTCOMES, {"machine": describe_machine(), "sets": rows})
