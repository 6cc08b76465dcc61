"""Train a network on a synthetic problem until it is solved or a limit is reached."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from unrolled.config import to_dict
from unrolled.synthetic.config import LearnConfig
from unrolled.synthetic.job import ProblemJob
from unrolled.synthetic.model import ProblemNetwork
from unrolled.training import Callback, CallbackList, Progress, Trainer, Validation
from unrolled.training.bar import ProgressBar
from unrolled.training.seeding import resolve_threads, seeded
from unrolled.training.stopping import StoppingCriterion


@dataclass(frozen=True, eq=False)
class LearnResult:
    """Result of a training; the model has the weights with the lowest held-out loss."""

    model: ProblemNetwork
    config: LearnConfig
    """Configuration of the training, with the number of threads that was used."""
    loss: float
    """Loss on held-out sequences: mean squared error (adding), or nats per answer (copy, recall)."""
    accuracy: float | None
    """Fraction of correct answers among those that need memory; None for adding (answers are numbers)."""
    updates: int
    """Number of updates made."""
    best_update: int
    """Update with the lowest held-out loss."""
    seconds: float
    """Training time, without validations."""
    history: list[dict[str, Any]]
    """Records of the training log, with training and held-out losses."""

    @property
    def baseline(self) -> float:
        """Best expected loss without memory."""
        return self.model.problem.baseline

    @property
    def solved(self) -> bool:
        """Whether the held-out loss reached the target."""
        return self.loss <= self.config.target()

    def to_json(self) -> dict[str, Any]:
        """Return the metrics and the configuration."""
        names = ("loss", "baseline", "accuracy", "solved", "updates", "best_update")
        return {name: getattr(self, name) for name in names} | {
            "seconds": round(self.seconds, 1),
            "target": self.config.target(),
            "config": to_dict(self.config),
        }

    def __str__(self) -> str:
        problem = self.model.problem
        name = "MSE" if problem.loss_kind == "squared error" else "cross-entropy"
        scores = f"{name} {format_loss(self.loss)}, "
        scores += f"baseline {format_loss(self.baseline)} ({problem.baseline_name})"
        if self.accuracy is not None:
            scores += f", accuracy {100 * self.accuracy:.1f}%"
        outcome = (
            "solved at" if self.solved else f"not solved (target {format_loss(self.config.target())}) by"
        )
        return f"{scores}; {outcome} update {self.updates:,} after {self.seconds:.0f} s"


def format_loss(loss: float) -> str:
    """Return a loss as text: with four decimals, or two significant digits if it is below 0.001."""
    return f"{loss:.4f}" if loss >= 0.001 or loss == 0 else f"{loss:.2g}"


class StopWhenSolved(Callback):
    """Stops training at the first validation that reaches the target.

    Args:
        trainer: the trainer to stop.
        target: held-out loss to reach.
    """

    def __init__(self, trainer: Trainer[Any], target: float) -> None:
        self._trainer, self._target = trainer, target

    def on_validation_end(self, progress: Progress, validation: Validation, improved: bool) -> None:
        """See :meth:`Callback.on_validation_end`: stop if the score is at most the target."""
        if validation.score <= self._target:
            self._trainer.length = StoppingCriterion(progress.step)


def learn(config: LearnConfig, *, progress: bool | Callback = True) -> LearnResult:
    """Train a network on a problem.

    Args:
        config: problem, network and training.
        progress: True to show a progress bar, or a callback to call during training.

    Raises:
        ConfigError: if options contradict each other.
        NonFiniteError: if a loss or gradient is not finite.
    """
    training, threads = resolve_threads(config.practice.training_config())
    practice = dataclasses.replace(config.practice, threads=training.threads)
    config = dataclasses.replace(config, practice=practice)
    with seeded(training):
        model = ProblemNetwork(config.make_problem(), config.cell, config.solver)
        job = ProblemJob(model, practice)
        callback = progress if isinstance(progress, Callback) else None
        if progress and callback is None:
            callback = _make_bar(config, str(threads))
        trainer = Trainer(job, config.optimizer, training, callback=callback)
        trainer.callback = CallbackList(trainer.callback, StopWhenSolved(trainer, config.target()))
        trainer.run()
        score, state = job.score(), trainer.progress
    return LearnResult(
        model=model,
        config=config,
        loss=score.loss,
        accuracy=score.accuracy,
        updates=state.step,
        best_update=state.best_step,
        seconds=state.seconds,
        history=trainer.log.records,
    )


def make_solver(config: LearnConfig) -> ProblemNetwork:
    """Return the initial network of a training, before any update."""
    with seeded(config.practice.training_config()):
        return ProblemNetwork(config.make_problem(), config.cell, config.solver)


def _make_bar(config: LearnConfig, opening: str) -> ProgressBar:
    problem = config.make_problem()
    return ProgressBar(
        "sequence" if problem.memory_steps == 1 else "step",
        opening=opening,
        loss_unit="MSE" if problem.loss_kind == "squared error" else "nats",
        # With a growing distance the baseline changes during training.
        describe=None if config.practice.grow_from else lambda loss: _describe(loss, problem.baseline),
        minutes=config.practice.minutes,
    )


def _describe(loss: float, baseline: float) -> str:
    return f"{loss / baseline:.1%} of the loss without memory"
