"""Short trainings with the monitoring callback, and the results that must not depend on it."""

import json

from cases import CASES
from unrolled.training import Callback
from unrolled.training.log import read_log

TIME_KEYS = ("seconds", "training_seconds", "tokens_per_second")
TASKS = ["lm", "classify", "tag", "translate", "forecast", "music"]
SHORT = {"epochs": 3, "max_steps": 12, "validate_every": 5}


def comparable_files(folder):
    """Return the parts of a run folder that watching must not change."""
    log = [r for r in read_log(folder / "metrics.jsonl") if r["kind"] != "watch"]
    result = json.loads((folder / "result.json").read_text())
    return without_times(log), without_times(result), (folder / "model.safetensors").read_bytes()


def without_times(values):
    if isinstance(values, dict):
        return {k: without_times(v) for k, v in values.items() if k not in TIME_KEYS}
    return [without_times(v) for v in values] if isinstance(values, list) else values


def watch_records(task):
    return [r for r in task.history if r["kind"] == "watch"]


class KeepSteps(Callback):
    """Keeps the statistics of every step."""

    def __init__(self):
        self.updates = []

    def on_pre_optimizer_step(self, progress, update):
        self.updates.append(update)


def capture_step(tmp_path, name, **options):
    """Train a task; return its job and the statistics of its last step."""
    case, recorder = CASES[name], KeepSteps()
    jobs = []
    task_type = case.kind

    class KeepJob(task_type):
        def _make_job(self, data):
            jobs.append(super()._make_job(data))
            return jobs[-1]

    task = KeepJob(**case.options | SHORT | options)
    task.fit(case.write(tmp_path), progress=recorder) if name != "classify" else task.fit(
        str(case.write(tmp_path)), progress=recorder
    )
    return jobs[0], recorder.updates[-1]


def load_events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder / "tensorboard"), {"histograms": 0, "images": 0, "tensors": 0})
    return accumulator.Reload()
