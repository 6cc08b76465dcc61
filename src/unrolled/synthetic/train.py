"""Train a network on a problem until it is solved, or its time is over."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from unrolled.config import to_dict
from unrolled.synthetic.config import LearnConfig
from unrolled.synthetic.job import SolverJob
from unrolled.synthetic.model import Solver
from unrolled.training import Progress, Trainer, Validation, Watcher, Watchers
from unrolled.training.bar import ProgressBar
from unrolled.training.length import Length
from unrolled.training.seeding import seeded, with_threads


@dataclass(frozen=True, eq=False)
class Learned:
    """What came of a training; the model has its best weights."""

    model: Solver
    config: LearnConfig
    """As it was trained, with the threads that were chosen."""
    loss: float
    """On held-out sequences: mean squared error (adding), or nats an answer (copy, recall)."""
    accuracy: float | None
    """Share of right answers among those that need memory; None for adding, whose answers are numbers."""
    updates: int
    """That were made."""
    best_update: int
    """After which the loss was the least."""
    seconds: float
    """The updates took, validations not counted."""
    history: list[dict[str, Any]]
    """Records of the training log: training and held-out loss."""

    @property
    def baseline(self) -> float:
        """What the problem costs without memory."""
        return self.model.problem.baseline

    @property
    def solved(self) -> bool:
        """Whether the target is reached."""
        return self.loss <= self.config.target()

    def to_json(self) -> dict[str, Any]:
        """Return every figure and the configuration."""
        figures = ("loss", "baseline", "accuracy", "solved", "updates", "best_update")
        return {name: getattr(self, name) for name in figures} | {
            "seconds": round(self.seconds, 1),
            "target": self.config.target(),
            "config": to_dict(self.config),
        }

    def __str__(self) -> str:
        problem = self.model.problem
        name = "MSE" if problem.measure == "squared error" else "cross-entropy"
        figures = f"{name} {figure(self.loss)} beside {figure(self.baseline)} of {problem.baseline_words}"
        if self.accuracy is not None:
            figures += f", {100 * self.accuracy:.1f}% right"
        came = "solved at" if self.solved else f"not solved (target {figure(self.config.target())}) by"
        return f"{figures}; {came} update {self.updates:,} after {self.seconds:.0f} s"


def figure(loss: float) -> str:
    """Return a loss with four decimals, or more where these would be mostly zeros."""
    return f"{loss:.4f}" if loss >= 0.001 or loss == 0 else f"{loss:.2g}"


class UntilSolved(Watcher):
    """Ends a training at the validation that reaches the target.

    Args:
        trainer: of the training.
        target: held-out score.
    """

    def __init__(self, trainer: Trainer[Any], target: float) -> None:
        self._trainer, self._target = trainer, target

    def validated(self, progress: Progress, found: Validation, improved: bool) -> None:
        """See :meth:`Watcher.validated`; no update is made once the score is good enough."""
        if found.score <= self._target:
            self._trainer.length = Length(progress.step)


def learn(config: LearnConfig, *, progress: bool | Watcher = True) -> Learned:
    """Train a network as configured.

    Args:
        config: problem, network and practice.
        progress: show a bar, or tell a watcher.

    Raises:
        ConfigError: if options contradict each other.
        NonFiniteError: if training diverges.
    """
    training, threads = with_threads(config.practice.training())
    practice = dataclasses.replace(config.practice, threads=training.threads)
    config = dataclasses.replace(config, practice=practice)
    with seeded(training):
        model = Solver(config.source(), config.cell, config.solver)
        job = SolverJob(model, practice)
        watcher = progress if isinstance(progress, Watcher) else None
        if progress and watcher is None:
            watcher = _bar(config, str(threads))
        trainer = Trainer(job, config.optimizer, training, watcher=watcher)
        trainer.watcher = Watchers(trainer.watcher, UntilSolved(trainer, config.target()))
        trainer.run()
        score, done = job.score(), trainer.progress
    return Learned(
        model,
        config,
        score.loss,
        score.accuracy,
        done.step,
        done.best_step,
        done.seconds,
        trainer.log.records,
    )


def make_solver(config: LearnConfig) -> Solver:
    """Return the network as training begins with it, before any update."""
    with seeded(config.practice.training()):
        return Solver(config.source(), config.cell, config.solver)


def _bar(config: LearnConfig, opening: str) -> ProgressBar:
    problem = config.source()
    return ProgressBar(
        "sequence" if problem.recalled == 1 else "step",
        opening=opening,
        loss_unit="MSE" if problem.measure == "squared error" else "nats",
        # of a growing problem the cost without memory changes
        describe=None if config.practice.grow_from else lambda loss: _beside(loss, problem.baseline),
        minutes=config.practice.minutes,
    )


def _beside(loss: float, baseline: float) -> str:
    return f"{loss / baseline:.1%} of the cost without memory"
