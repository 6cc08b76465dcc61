"""Trains one network of a lesson and keeps what happened at every update."""

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn

from unrolled.config import with_options
from unrolled.errors import NonFiniteError
from unrolled.synthetic.config import LearnConfig
from unrolled.synthetic.job import Score, SolverJob
from unrolled.synthetic.model import Solver
from unrolled.synthetic.train import UntilSolved
from unrolled.terminal import Terminal
from unrolled.training import Progress as Done
from unrolled.training import Trainer, Watcher
from unrolled.training.job import Update, Watchers
from unrolled.training.seeding import seeded, with_threads
from unrolled.tutorials.config import LessonConfig

BATCH, HELD_OUT, VALIDATIONS = 50, 200, 8
SOLVED = 0.025
"""Share of the baseline that counts as solved: of recall among eight, 0.05 nats."""
KNOWN = 0.9
"""Share of right answers from which on a symbol counts as recalled."""


@dataclass(frozen=True)
class Trial:
    """A network to train."""

    name: str
    """For people."""
    options: Mapping[str, Any]
    """Of :class:`LearnConfig`, by name."""
    gain: float = 1.0
    """What U is multiplied by before training."""

    def config(self, lesson: LessonConfig) -> LearnConfig:
        """Return the options with the sizes of the lesson."""
        sizes = {
            "distance": lesson.distance,
            "hidden": lesson.hidden,
            "updates": lesson.updates,
            "seed": lesson.seed,
            "threads": lesson.threads,
            "batch": BATCH,
            "held_out": HELD_OUT,
            "validate_every": max(1, lesson.updates // VALIDATIONS),
        }
        config = with_options(LearnConfig(), sizes | dict(self.options), self.name)
        return with_options(config, {"target": SOLVED * config.source().baseline})


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a trial; the model has its best weights, unless training broke."""

    trial: Trial
    start: Solver
    """The network before any update."""
    model: Solver
    loss: float
    """On held-out sequences; infinite where training broke before any."""
    accuracy: float
    """Share of right answers; NaN where answers are numbers, or training broke."""
    solved: bool
    updates: int
    norms: list[float]
    """Of the gradient before it is clipped, at every update."""
    losses: list[float]
    """Of training, at every update."""
    validated: list[tuple[int, float]]
    """Update and held-out loss."""
    broke: str = ""
    """Where a number that is not finite was first seen; empty where all went well."""

    @property
    def name(self) -> str:
        """Of the network."""
        return self.trial.name

    @property
    def learnt(self) -> bool:
        """Whether it does what is asked: nine of ten answers right, or a tenth of the error of a guess."""
        if self.accuracy == self.accuracy:
            return self.accuracy >= KNOWN
        return self.loss <= self.model.problem.baseline / 10

    @property
    def outcome(self) -> str:
        """What came of it, for people."""
        if self.broke:
            return f"broke at update {self.updates + 1}: first not finite in {self.broke}"
        right = "" if self.accuracy != self.accuracy else f"{self.accuracy:.0%} right, "
        beside = f"held-out loss {self.loss:.3g} beside {self.model.problem.baseline:.3g} without memory"
        return f"{right}{beside}, {self.updates} updates"


def make(trial: Trial, lesson: LessonConfig) -> Solver:
    """Return the network as training begins with it."""
    config = trial.config(lesson)
    with seeded(config.practice.training()):
        return _start(trial, config)


def practise(trial: Trial, lesson: LessonConfig) -> Trained:
    """Train a network until it is solved, its updates are over, or it breaks."""
    config = trial.config(lesson)
    training, _ = with_threads(config.practice.training())
    with seeded(training):
        model = _start(trial, config)
        start = copy.deepcopy(model)
        job, seen = SolverJob(model, config.practice), _Seen(trial.name)
        trainer = Trainer(job, config.optimizer, training)
        trainer.watcher = Watchers(seen, UntilSolved(trainer, config.target()))
        score, broke = Score(float("inf"), None), ""
        try:
            trainer.run()
            score = job.score()
        except NonFiniteError:
            broke = str(trainer.log.records[-1]["where"])
    records = [r for r in trainer.log.records if r["kind"] == "valid"]
    return Trained(
        trial=trial,
        start=start,
        model=model,
        loss=score.loss,
        accuracy=float("nan") if score.accuracy is None else score.accuracy,
        solved=score.loss <= config.target(),
        updates=trainer.progress.step,
        norms=seen.norms,
        losses=seen.losses,
        validated=[(r["step"], r["loss"]) for r in records],
        broke=broke,
    )


def _start(trial: Trial, config: LearnConfig) -> Solver:
    model = Solver(config.source(), config.cell, config.solver)
    if trial.gain != 1.0:
        with torch.no_grad():
            model.get_parameter("recurrent.weight_hh_l0").mul_(trial.gain)
    return model


@dataclass
class _Seen(Watcher):
    """Keeps norms and losses, and shows a bar on a terminal while they come in."""

    name: str
    norms: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def started(self, progress: Done, total_steps: int | None) -> None:
        columns = TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.fields[text]}")
        console = Terminal(file=sys.stderr)
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_interactive)
        self._task = self._bar.add_task(self.name, total=total_steps, text="")
        self._bar.start()

    def updating(self, progress: Done, update: Update) -> None:
        self.norms.append(update.norm)

    def stepped(self, progress: Done, loss: float, lr: float) -> None:
        self.losses.append(loss)
        self._bar.update(self._task, completed=progress.step, text=f"loss {loss:.3g}")

    def ended(self, progress: Done) -> None:
        self._bar.stop()
