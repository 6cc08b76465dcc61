"""Trainings that are watched, and what of them must not depend on it."""

import json

from cases import CASES
from unrolled.training import Watcher
from unrolled.training.log import read_log

CLOCKS = ("seconds", "training_seconds", "tokens_per_second")
TASKS = ["lm", "classify", "tag", "translate", "forecast", "music"]
SHORT = {"epochs": 3, "max_steps": 12, "validate_every": 5}


def essence(folder):
    """What watching must not change."""
    log = [r for r in read_log(folder / "metrics.jsonl") if r["kind"] != "watch"]
    result = json.loads((folder / "result.json").read_text())
    return without_clocks(log), without_clocks(result), (folder / "model.safetensors").read_bytes()


def without_clocks(values):
    if isinstance(values, dict):
        return {k: without_clocks(v) for k, v in values.items() if k not in CLOCKS}
    return [without_clocks(v) for v in values] if isinstance(values, list) else values


def looks(task):
    return [r for r in task.history if r["kind"] == "watch"]


class Grab(Watcher):
    """Keeps the updates, and the task's job."""

    def __init__(self):
        self.updates = []

    def updating(self, progress, update):
        self.updates.append(update)


def stopped(tmp_path, name, **options):
    """Return a job and an update of its training."""
    case, grab = CASES[name], Grab()
    found = []
    kind = case.kind

    class Caught(kind):
        def _make_job(self, data):
            found.append(super()._make_job(data))
            return found[-1]

    task = Caught(**case.options | SHORT | options)
    task.fit(case.write(tmp_path), progress=grab) if name != "classify" else task.fit(
        str(case.write(tmp_path)), progress=grab
    )
    return found[0], grab.updates[-1]


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / "tensorboard"), {"histograms": 0, "images": 0, "tensors": 0})
    return found.Reload()
