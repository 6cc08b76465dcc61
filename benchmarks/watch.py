"""Cost of `--watch`: the same training with and without it, alternately.

Run: python benchmarks/watch.py [RECIPE …] [--updates N] [--rounds R] [--every E]

Each recipe is cut to N updates without validation. Diagnostics are recorded as often as by default unless E
is given. The records, their event files and the plot at the end are timed. The times of the two
trainings also differ by the machine's noise, so the time measured inside the callback is printed too.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from unrolled.monitoring.watch import Watch
from unrolled.recipes import load_recipe
from unrolled.tasks import task_type
from unrolled.training import Callback, CallbackList, Progress, Trainer, Update
from unrolled.training.seeding import resolve_threads, seeded


class TimedCallback(Callback):
    """Callback that runs another callback and measures its seconds."""

    def __init__(self, inner: Callback) -> None:
        self.inner, self.seconds = inner, 0.0

    def on_train_begin(self, progress: Progress, total_steps: int | None) -> None:
        self.inner.started(progress, total_steps)  # opens the event file once; not counted

    def on_pre_optimizer_step(self, progress: Progress, update: Update) -> None:
        start = time.perf_counter()
        self.inner.updating(progress, update)
        self.seconds += time.perf_counter() - start

    def on_step_end(self, progress: Progress, loss: float, lr: float) -> None:
        start = time.perf_counter()
        self.inner.stepped(progress, loss, lr)
        self.seconds += time.perf_counter() - start

    def on_train_end(self, progress: Progress) -> None:
        start = time.perf_counter()
        self.inner.ended(progress)
        self.seconds += time.perf_counter() - start


class RecipeRun:
    """A recipe whose data are read once. Each call of ``train`` starts a new training."""

    def __init__(self, name: str, updates: int) -> None:
        recipe = load_recipe(name)
        training, _ = resolve_threads(recipe.config.training)
        training = dataclasses.replace(training, max_steps=updates, epochs=10**6, validate_every=10**9)
        self.task: Any = task_type(recipe.task)(dataclasses.replace(recipe.config, training=training))
        self.data = self.task._prepare_data()
        self.task.facts = self.data.facts

    def train(self, every: int | None) -> tuple[float, float, int]:
        """Return the total seconds, the seconds inside the callback, and the number of records.

        ``every`` is the number of updates between records; 0: the default; None: no records.
        """
        config = self.task.config
        with seeded(config.training), tempfile.TemporaryDirectory() as folder:
            self.task._model = self.task._make_model(start=True)
            job = self.task._make_job(self.data)
            job.validate = lambda: None
            trainer = Trainer(job, config.optimizer, config.training)
            timed_callback = TimedCallback(Callback())
            if every is not None:
                timed_callback = TimedCallback(Watch(job, trainer.log, every=every, folder=Path(folder)))
            trainer.callback = CallbackList(timed_callback)
            start = time.perf_counter()
            trainer.run()
            records = sum(r["kind"] == "watch" for r in trainer.log.records)
            return time.perf_counter() - start, timed_callback.seconds, records


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipes", nargs="*", default=["stdlib-demo", "names", "airline"])
    parser.add_argument("--updates", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=0)
    args = parser.parse_args()
    for name in args.recipes:
        recipe_run = RecipeRun(name, args.updates)
        recipe_run.train(0)  # warms up, and imports TensorBoard
        plain, watched = [], []
        for _ in range(args.rounds):
            plain.append(recipe_run.train(None))
            watched.append(recipe_run.train(args.every))
        without_watch = statistics.median(seconds for seconds, *_ in plain)
        with_watch = statistics.median(seconds for seconds, *_ in watched)
        callback_seconds = statistics.median(seconds for _, seconds, _ in watched)
        records = watched[0][2]
        print(
            f"{name}: {args.updates} updates in {without_watch:.2f} s, watched {with_watch:.2f} s "
            f"({100 * (with_watch / without_watch - 1):+.1f}%); inside the callback {callback_seconds:.2f} s "
            f"({100 * callback_seconds / (with_watch - callback_seconds):.1f}%), {records} records",
            flush=True,
        )


if __name__ == "__main__":
    main()
