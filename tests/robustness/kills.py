"""Kill commands at random moments; check the files they leave and the final result.

Each round picks a scenario, starts its command in a forked child, kills the child after a random time, and
repeats this with the command that a user would type next. Finally the command runs to its end. A round fails
if a folder in between gives anything but a model or a RunError, if a command refuses to continue, if the
result differs from that of an undisturbed run, or if a file is left over.

    make kills                      three minutes
    PYTHONPATH=tests python tests/robustness/kills.py --seed 5 --first 17 --rounds 1     one round again
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from cases import CASES, TOKENS
from unrolled.cli.main import main as command
from unrolled.errors import RunError
from unrolled.tasks import load
from unrolled.training.log import read_log

CLOCKS = ("seconds", "training_seconds", "tokens_per_second", "rate")
KILLS = 8
"""Largest number of kills per round."""
RECIPE = 'description = "short"\ntask = "classify"\n[config.corpus]\ndata = "{data}"\n'


@dataclass(frozen=True)
class Scenario:
    """A command on a folder that may be killed, and the checks of its result."""

    name: str
    begin: Callable[[Path], None]
    """Runs the command in a child, on a new folder or the one from ``prepare``."""
    after_kill: Callable[[Path], None]
    """Runs the command that a user would type after a kill."""
    result: Callable[[Path], Any]
    """Returns the result, which must be the same as without kills."""
    prepare: Callable[[Path], None] = lambda folder: None
    check: Callable[[Path], None] = lambda folder: None
    """Raises if a kill left the folder in an invalid state."""


def run_command(*words: object) -> None:
    status = command([str(word) for word in words])
    if status:
        raise SystemExit(status)


def drop_times(values: Any) -> Any:
    if isinstance(values, dict):
        return {k: drop_times(v) for k, v in values.items() if k not in CLOCKS}
    return [drop_times(v) for v in values] if isinstance(values, list) else values


def read_result(folder: Path) -> Any:
    """Return everything about a run except times: file names, weights, log, result."""
    result = json.loads((folder / "result.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    return file_names(folder), weights, drop_times(read_log(folder / "metrics.jsonl")), drop_times(result)


def file_names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def check_loads_or_raises(folder: Path) -> None:
    with contextlib.suppress(RunError):
        load(folder)


def make_training(name: str, data: Path) -> Scenario:
    case = CASES[name]

    def begin(folder: Path) -> None:
        run_command("train", case.verb, "--data", data, "--out", folder, *case.flags)

    def after_kill(folder: Path) -> None:
        if (folder / "config.json").exists():
            run_command("resume", folder)
        else:
            begin(folder)

    return Scenario(f"train {name}", begin, after_kill, read_result, check=check_loads_or_raises)


def make_overwriting(data: Path) -> Scenario:
    case = CASES["classify"]

    def begin(folder: Path) -> None:
        run_command("train", case.verb, "--data", data, "--out", folder, "--overwrite", *case.flags)

    def prepare(folder: Path) -> None:
        case.kind(**case.options | {"hidden": 4, "max_steps": 9}).fit(data, out=folder, progress=False)

    return Scenario("train --overwrite", begin, begin, read_result, prepare, check_loads_or_raises)


def make_saving(data: Path) -> Scenario:
    case = CASES["classify"]
    tasks = [
        case.kind(**case.options | {"max_steps": 9, "hidden": size}).fit(data, progress=False)
        for size in (4, 7)
    ]

    def save(folder: Path) -> None:
        for task in tasks:
            task.save(folder, overwrite=True)

    def end(folder: Path) -> Any:
        return file_names(folder), (folder / "model.safetensors").read_bytes(), load(folder).result

    return Scenario("save(overwrite=True)", save, save, end, tasks[0].save, check_loads_or_raises)


def make_comparing(data: Path) -> Scenario:
    options = TOKENS | {"max_steps": 30, "validate_every": 10, "epochs": 9}
    options.pop("seed")
    flags = [w for name, v in options.items() for w in ("--" + name.replace("_", "-"), v)]
    words = ["compare", "classify", "--data", data, "--models", "most-frequent", "elman", "gru"]

    def begin(folder: Path) -> None:
        run_command(*words, "--budget", 5, "--seeds", 2, "--out", folder, *flags)

    def end(folder: Path) -> Any:
        table = (folder / "table.csv").read_text().splitlines()
        return file_names(folder), [line.split(",")[:8] for line in table]

    return Scenario("compare", begin, begin, end)


def make_repeating(data: Path, recipe: Path) -> Scenario:
    recipe.write_text(RECIPE.format(data=data))
    case = CASES["classify"]
    short = case.options | {"max_steps": 30}
    variant = ",".join(f"{name}={value}" for name, value in short.items() if name != "seed")

    def begin(folder: Path) -> None:
        words = ("--recipe", recipe, "--seeds", 2, "--jobs", 1, "--metric", "accuracy", "--out", folder)
        run_command("repeat", *words, "--variant", variant, variant + ",hidden=5")

    def end(folder: Path) -> Any:
        lines = (folder / "trials.jsonl").read_text().splitlines()
        return file_names(folder), [drop_times(json.loads(line)) for line in lines]

    return Scenario("repeat", begin, begin, end)


def fork(work: Callable[[Path], None], folder: Path) -> int:
    """Run the work in a silent child and return its pid; its exit status is 0 on success."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        log = os.open(folder.parent / "child.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(log, stream)
        work(folder)
        status = 0
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def run_to_end(work: Callable[[Path], None], folder: Path) -> None:
    _, status = os.waitpid(fork(work, folder), 0)
    if status:
        last_lines = (folder.parent / "child.log").read_text(errors="replace").splitlines()[-3:]
        raise AssertionError(f"the command failed: {last_lines}")


class Killer:
    """Plays rounds and counts the kills of each scenario."""

    def __init__(self, scenarios: list[Scenario], home: Path) -> None:
        self.scenarios, self.home = scenarios, home
        self.kills: Counter[str] = Counter()
        self._known: dict[str, tuple[Any, float]] = {}

    def play(self, rng: random.Random) -> str:
        """Play a round; return the failure, or "" if there is none."""
        scenario = rng.choice(self.scenarios)
        try:
            with tempfile.TemporaryDirectory(dir=self.home) as name:
                self._play(scenario, Path(name) / "out", rng)
        except Exception as error:
            return f"{scenario.name}: {type(error).__name__}: {error}"[:600]
        return ""

    def _play(self, scenario: Scenario, folder: Path, rng: random.Random) -> None:
        expected, duration = self._undisturbed(scenario)
        scenario.prepare(folder)
        work = scenario.begin
        for _ in range(rng.randint(1, KILLS)):
            child = fork(work, folder)
            time.sleep(duration * rng.random() ** 2 * 1.1)  # early moments more often than late ones
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            if os.WIFSIGNALED(status):
                self.kills[scenario.name] += 1
            elif status:
                raise AssertionError((folder.parent / "child.log").read_text()[-300:])
            else:
                break
            scenario.check(folder)
            work = scenario.after_kill
        else:
            run_to_end(work, folder)
        assert scenario.result(folder) == expected, f"another end; files: {file_names(folder)}"

    def _undisturbed(self, scenario: Scenario) -> tuple[Any, float]:
        if scenario.name not in self._known:
            with tempfile.TemporaryDirectory(dir=self.home) as name:
                folder = Path(name) / "out"
                scenario.prepare(folder)
                began = time.monotonic()
                run_to_end(scenario.begin, folder)
                self._known[scenario.name] = scenario.result(folder), time.monotonic() - began
        return self._known[scenario.name]


def make_scenarios(home: Path, only: str) -> list[Scenario]:
    """Return the scenarios whose names start with ``only``."""
    verbs = ("lm", "classify", "tag", "translate", "forecast", "music")
    data = {}
    for verb in verbs:
        folder = home / verb
        folder.mkdir()
        data[verb] = CASES[verb].write(folder)
    labelled = data["classify"]
    makers: dict[str, Callable[[], Scenario]] = {
        **{f"train {verb}": partial(make_training, verb, data[verb]) for verb in verbs},
        "overwrite": lambda: make_overwriting(labelled),
        "save": lambda: make_saving(labelled),
        "compare": lambda: make_comparing(labelled),
        "repeat": lambda: make_repeating(labelled, home / "recipe.toml"),
    }
    return [make() for name, make in makers.items() if name.startswith(only)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill commands at random moments.")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=10**9)
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--only", default="", help="train, train lm, overwrite, save, compare or repeat")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"seed {args.seed}", flush=True)
    failures = rounds = 0
    with tempfile.TemporaryDirectory() as name:
        killer = Killer(make_scenarios(Path(name), args.only), Path(name))
        end = time.monotonic() + 60 * args.minutes
        for number in range(args.first, args.first + args.rounds):
            if time.monotonic() > end:
                break
            failure = killer.play(random.Random(f"{args.seed} {number}"))
            rounds += 1
            if failure:
                failures += 1
                print(f"FAILED round {number} (--seed {args.seed} --first {number} --rounds 1): {failure}")
    for scenario, count in sorted(killer.kills.items()):
        print(f"{count:6} kills: {scenario}")
    print(f"{rounds} rounds, {sum(killer.kills.values())} kills, {failures} failures")
    return 1 if failures or not rounds else 0


if __name__ == "__main__":
    sys.exit(main())
