"""Train one network of a lesson, recording the loss and gradient norm of every update."""

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
from unrolled.synthetic.job import ProblemJob, Score
from unrolled.synthetic.model import ProblemNetwork
from unrolled.synthetic.train import StopWhenSolved
from unrolled.terminal import Terminal
from unrolled.training import Callback, Trainer
from unrolled.training import Progress as TrainingProgress
from unrolled.training.job import CallbackList, StepStats
from unrolled.training.seeding import resolve_threads, seeded
from unrolled.tutorials.config import LessonConfig
from unrolled.wording import counted

BATCH, HELD_OUT, VALIDATION_COUNT = 50, 200, 8
"""Sequences per update, number of held-out sequences, and approximate number of validations."""
SOLVED_FRACTION = 0.025
"""A problem counts as solved if the loss is at most this fraction of the baseline: the best loss possible
without memory.

For recall of one of eight symbols: 0.025 × ln 8 ≈ 0.05 nats."""
MIN_ACCURACY = 0.9
"""Accuracy from which a network counts as having learnt the problem."""


@dataclass(frozen=True)
class Trial:
    """A network to train: its display name and options."""

    name: str
    """Display name."""
    options: Mapping[str, Any]
    """Options of :class:`LearnConfig`, by name."""
    recurrent_gain: float = 1.0
    """Factor by which the initial recurrent weights (weight_hh) are multiplied."""

    def config(self, lesson: LessonConfig) -> LearnConfig:
        """Return the configuration: the sizes of the lesson, overridden by the options of the trial."""
        sizes = {
            "distance": lesson.distance,
            "hidden": lesson.hidden,
            "updates": lesson.updates,
            "seed": lesson.seed,
            "threads": lesson.threads,
            "batch": BATCH,
            "held_out": HELD_OUT,
            "validate_every": max(1, lesson.updates // VALIDATION_COUNT),
        }
        config = with_options(LearnConfig(), sizes | dict(self.options), self.name)
        return with_options(config, {"target": SOLVED_FRACTION * config.make_problem().baseline})


@dataclass(frozen=True, eq=False)
class TrialResult:
    """Result of a trial. ``model`` has the best weights, or the last ones if training failed."""

    trial: Trial
    initial_model: ProblemNetwork
    """The network before the first update."""
    model: ProblemNetwork
    loss: float
    """Loss on held-out sequences; infinite if training failed."""
    accuracy: float
    """Fraction of correct answers; NaN if the answers are numbers, or training failed."""
    reached_target: bool
    updates: int
    norms: list[float]
    """Gradient norm before clipping, one per update."""
    losses: list[float]
    """Training loss, one per update."""
    validations: list[tuple[int, float]]
    """(update number, held-out loss) of each validation."""
    failure: str = ""
    """Name of the module or parameter with the first NaN or infinity; "" if training did not fail."""

    @property
    def name(self) -> str:
        """Display name of the network."""
        return self.trial.name

    @property
    def is_learnt(self) -> bool:
        """Whether the network learnt the problem at least roughly (:data:`SOLVED_FRACTION` is stricter).

        Classes: accuracy at least 90%. Numbers: loss at most a tenth of the baseline.
        """
        if self.accuracy == self.accuracy:
            return self.accuracy >= MIN_ACCURACY
        return self.loss <= self.model.problem.baseline / 10

    @property
    def outcome(self) -> str:
        """The result as a line of text."""
        if self.failure:
            return f"NaN or infinity at update {self.updates + 1}, first in {self.failure}"
        accuracy = "" if self.accuracy != self.accuracy else f"accuracy {self.accuracy:.0%}, "
        baseline = f"{self.model.problem.baseline:.3g}"
        updates = counted(self.updates, "update")
        return f"{accuracy}held-out loss {self.loss:.3g} (without memory {baseline}), {updates}"


def make_network(trial: Trial, lesson: LessonConfig) -> ProblemNetwork:
    """Return the initial network of a trial, before any update."""
    config = trial.config(lesson)
    with seeded(config.practice.training_config()):
        return _make_initial(trial, config)


def train_trial(trial: Trial, lesson: LessonConfig) -> TrialResult:
    """Train a network until the problem is solved, the updates are used up, or a value is not finite."""
    config = trial.config(lesson)
    training, _ = resolve_threads(config.practice.training_config())
    with seeded(training):
        model = _make_initial(trial, config)
        initial_model = copy.deepcopy(model)
        job, recorder = ProblemJob(model, config.practice), _Recorder(trial.name)
        trainer = Trainer(job, config.optimizer, training)
        trainer.callback = CallbackList(recorder, StopWhenSolved(trainer, config.target()))
        score, failure = Score(float("inf"), None), ""
        try:
            trainer.run()
            score = job.score()
        except NonFiniteError:
            failure = str(trainer.log.records[-1]["where"])
    records = [r for r in trainer.log.records if r["kind"] == "valid"]
    return TrialResult(
        trial=trial,
        initial_model=initial_model,
        model=model,
        loss=score.loss,
        accuracy=float("nan") if score.accuracy is None else score.accuracy,
        reached_target=score.loss <= config.target(),
        updates=trainer.progress.step,
        norms=recorder.norms,
        losses=recorder.losses,
        validations=[(r["step"], r["loss"]) for r in records],
        failure=failure,
    )


def _make_initial(trial: Trial, config: LearnConfig) -> ProblemNetwork:
    model = ProblemNetwork(config.make_problem(), config.cell, config.solver)
    if trial.recurrent_gain != 1.0:
        with torch.no_grad():
            model.get_parameter("recurrent.weight_hh_l0").mul_(trial.recurrent_gain)
    return model


@dataclass
class _Recorder(Callback):
    """Records gradient norms and losses, and shows a progress bar on a terminal."""

    name: str
    norms: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def on_train_begin(self, progress: TrainingProgress, total_steps: int | None) -> None:
        columns = TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.fields[text]}")
        console = Terminal(file=sys.stderr)
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_interactive)
        self._task = self._bar.add_task(self.name, total=total_steps, text="")
        self._bar.start()

    def on_pre_optimizer_step(self, progress: TrainingProgress, stats: StepStats) -> None:
        self.norms.append(stats.norm)

    def on_step_end(self, progress: TrainingProgress, loss: float, lr: float) -> None:
        self.losses.append(loss)
        self._bar.update(self._task, completed=progress.step, text=f"loss {loss:.3g}")

    def on_train_end(self, progress: TrainingProgress) -> None:
        self._bar.stop()
