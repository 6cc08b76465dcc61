"""What watching a training costs: the same training with and without `--watch`, in turn.

Run: python benchmarks/watch.py [RECIPE …] [--updates N] [--rounds R] [--every E]

Each recipe is cut to N updates without validations. Looks are as frequent as by default unless E is given;
they, their event files and the picture at the end are timed. The times of the watched and of the plain
training differ by the machine's noise too: what the watch's own clock says is printed beside.
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
from unrolled.training import Progress, Trainer, Update, Watcher, Watchers
from unrolled.training.seeding import seeded, with_threads


class Timed(Watcher):
    """A watcher, and the seconds that it takes."""

    def __init__(self, inner: Watcher) -> None:
        self.inner, self.seconds = inner, 0.0

    def started(self, progress: Progress, total_steps: int | None) -> None:
        self.inner.started(progress, total_steps)  # opens the event file once: not counted

    def updating(self, progress: Progress, update: Update) -> None:
        began = time.perf_counter()
        self.inner.updating(progress, update)
        self.seconds += time.perf_counter() - began

    def stepped(self, progress: Progress, loss: float, lr: float) -> None:
        began = time.perf_counter()
        self.inner.stepped(progress, loss, lr)
        self.seconds += time.perf_counter() - began

    def ended(self, progress: Progress) -> None:
        began = time.perf_counter()
        self.inner.ended(progress)
        self.seconds += time.perf_counter() - began


class Subject:
    """A recipe whose data are read once and whose training begins anew at each call."""

    def __init__(self, name: str, updates: int) -> None:
        recipe = load_recipe(name)
        training, _ = with_threads(recipe.config.training)
        training = dataclasses.replace(training, max_steps=updates, epochs=10**6, validate_every=10**9)
        self.task: Any = task_type(recipe.task)(dataclasses.replace(recipe.config, training=training))
        self.data = self.task._learn()
        self.task.facts = self.data.facts

    def train(self, every: int | None) -> tuple[float, float, int]:
        """Return seconds of all, seconds of watching, and the number of looks; None never looks."""
        config = self.task.config
        with seeded(config.training), tempfile.TemporaryDirectory() as folder:
            self.task._model = self.task._make_model(start=True)
            job = self.task._make_job(self.data)
            job.validate = lambda: None
            trainer = Trainer(job, config.optimizer, config.training)
            timed = Timed(Watcher())
            if every is not None:
                timed = Timed(Watch(job, trainer.log, every=every, folder=Path(folder)))
            trainer.watcher = Watchers(timed)
            began = time.perf_counter()
            trainer.run()
            looks = sum(r["kind"] == "watch" for r in trainer.log.records)
            return time.perf_counter() - began, timed.seconds, looks


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipes", nargs="*", default=["stdlib-demo", "names", "airline"])
    parser.add_argument("--updates", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=0)
    args = parser.parse_args()
    for name in args.recipes:
        subject = Subject(name, args.updates)
        subject.train(0)  # warms up, and imports TensorBoard
        plain, watched = [], []
        for _ in range(args.rounds):
            plain.append(subject.train(None))
            watched.append(subject.train(args.every))
        without = statistics.median(seconds for seconds, *_ in plain)
        together = statistics.median(seconds for seconds, *_ in watched)
        own = statistics.median(seconds for _, seconds, _ in watched)
        looks = watched[0][2]
        print(
            f"{name}: {args.updates} updates in {without:.2f} s, watched {together:.2f} s "
            f"({100 * (together / without - 1):+.1f}%); its own clock {own:.2f} s "
            f"({100 * own / (together - own):.1f}%), {looks} looks",
            flush=True,
        )


if __name__ == "__main__":
    main()
