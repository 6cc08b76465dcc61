"""Interface between a task and the training loop: job, losses, progress, callbacks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from unrolled.training.records import Count
from unrolled.training.schedule import Plateau

if TYPE_CHECKING:
    from torch import Tensor, nn

CarriedState = tuple["Tensor", ...] | None
Batch = TypeVar("Batch")


@dataclass(frozen=True)
class StepLoss:
    """Loss of one batch."""

    loss: "Tensor"
    """The loss to minimise."""
    total: "Tensor"
    """Sum of the losses of all predictions, without label smoothing: nats, or squared (or other) errors of
    forecasts."""
    tokens: int
    """Number of predictions in ``total``."""
    state: CarriedState
    """State to carry over to the next batch."""


@dataclass(frozen=True, eq=False)
class StepLosses:
    """Separate, differentiable losses of all predictions, for diagnostics."""

    losses: "Tensor"
    """(N, B) in nats, or in squared (or other) errors for series; zero where nothing is predicted."""
    times: "Tensor | None"
    """Time step of the recurrent layers at which each loss arises, (N,) or (N, B); -1 for a loss that
    belongs to no time step. None if this holds for all losses."""
    layers: str = "recurrent"
    """Name of the submodule that ``times`` refers to: recurrent layers, or a module that contains them."""


@dataclass(frozen=True)
class Validation:
    """Scores on held-out data."""

    score: float
    """Score that selects the best weights; lower is better."""
    loss: float
    """Mean loss per prediction, for the log and the plot."""
    figures: dict[str, float] = field(default_factory=dict)
    """Further metrics to show and to log, by name."""


class Job(Protocol[Batch]):
    """What the trainer needs of a task: the model, its batches and its loss.

    The trainer sets the model's device and precision, and moves each batch to the device before it calls
    :meth:`loss`. A batch may contain the types that :func:`unrolled.devices.move` lists.
    """

    @property
    def model(self) -> "nn.Module":
        """The module to train."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch. They depend on ``epoch`` only: every call yields the same."""

    def batch_count(self) -> int:
        """Return the number of batches in an epoch."""

    def loss(self, batch: Batch, state: CarriedState) -> StepLoss:
        """Run the forward pass and return the loss."""

    def step_losses(self, batch: Batch, state: CarriedState) -> StepLosses:
        """Run the forward pass with separate losses, so that diagnostics can differentiate each of them.

        The losses have no label smoothing and no row weights; their sum is ``StepLoss.total``.
        """

    def first_rows(self, batch: Batch, rows: int) -> Batch:
        """Return a batch of the first ``rows`` sequences.

        Time steps that are padding in all of them are left out.
        """

    def validate(self) -> Validation | None:
        """Score the held-out data; return None without held-out data."""


@dataclass
class Progress:
    """Progress of a training. All fields are stored in the checkpoint."""

    step: Count = 0
    epoch: Count = 0
    position: Count = 0
    """Number of batches of this epoch already used."""
    tokens: Count = 0
    """Number of predictions so far."""
    seconds: float = 0.0
    """Training time without validation and callbacks."""
    best: float | None = None
    """Best validation score; None before the first validation."""
    best_step: Count = 0
    worse: Count = 0
    """Number of successive validations without improvement, for early stopping."""
    window_loss: float = 0.0
    """Sum of the losses since the last "train" record of the log."""
    window_tokens: Count = 0
    """Number of predictions in ``window_loss``."""
    finished: bool = False
    log_position: Count = 0
    """Length of the log in bytes when the checkpoint was written."""
    plateau: Plateau = field(default_factory=Plateau)


@dataclass(frozen=True, eq=False)
class StepStats:
    """Statistics of a step before the optimizer runs."""

    batch: Any
    """The batch; with gradient accumulation, the last one of the step."""
    carried: CarriedState
    """Carried state before that batch."""
    norm: float
    """Norm of all gradients together, before clipping to ``clip_norm``."""
    factor: float
    """Factor by which norm clipping will multiply all gradients; 1 if nothing is clipped."""


class Callback:
    """Base class of callbacks. Override the methods you need; the defaults do nothing.

    A callback must not change weights, gradients or the RNG state.
    """

    def on_train_begin(self, progress: Progress, total_steps: int | None) -> None:
        """Called when training starts or resumes; ``total_steps`` is None if only the time is limited."""

    def on_pre_optimizer_step(self, progress: Progress, stats: StepStats) -> None:
        """Called before each optimizer step, unless the loss or a gradient is NaN or infinite.

        ``progress.step`` does not count this step yet.
        """

    def on_step_end(self, progress: Progress, loss: float, lr: float) -> None:
        """Called after each optimizer step; ``loss`` is the mean over its predictions."""

    def on_validation_begin(self) -> None:
        """Called before each validation."""

    def on_validation_end(self, progress: Progress, validation: Validation, improved: bool) -> None:
        """Called after each validation."""

    def on_train_end(self, progress: Progress) -> None:
        """Called when training has ended, also by an interrupt or an error."""


class CallbackList(Callback):
    """Several callbacks as one, called in the given order."""

    def __init__(self, *callbacks: Callback) -> None:
        self.callbacks = callbacks

    def on_train_begin(self, progress: Progress, total_steps: int | None) -> None:
        """See :meth:`Callback.on_train_begin`."""
        for callback in self.callbacks:
            callback.on_train_begin(progress, total_steps)

    def on_pre_optimizer_step(self, progress: Progress, stats: StepStats) -> None:
        """See :meth:`Callback.on_pre_optimizer_step`."""
        for callback in self.callbacks:
            callback.on_pre_optimizer_step(progress, stats)

    def on_step_end(self, progress: Progress, loss: float, lr: float) -> None:
        """See :meth:`Callback.on_step_end`."""
        for callback in self.callbacks:
            callback.on_step_end(progress, loss, lr)

    def on_validation_begin(self) -> None:
        """See :meth:`Callback.on_validation_begin`."""
        for callback in self.callbacks:
            callback.on_validation_begin()

    def on_validation_end(self, progress: Progress, validation: Validation, improved: bool) -> None:
        """See :meth:`Callback.on_validation_end`."""
        for callback in self.callbacks:
            callback.on_validation_end(progress, validation, improved)

    def on_train_end(self, progress: Progress) -> None:
        """See :meth:`Callback.on_train_end`."""
        for callback in self.callbacks:
            callback.on_train_end(progress)
