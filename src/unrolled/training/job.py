"""What a task and the training loop say to each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from unrolled.training.records import Count
from unrolled.training.schedule import Plateau

Carried = tuple[Tensor, ...] | None
Batch = TypeVar("Batch")


@dataclass(frozen=True)
class StepLoss:
    """What one batch gives."""

    loss: Tensor
    """What is descended."""
    total: Tensor
    """Sum of the plain loss over what was predicted: nats, or squared errors for series."""
    tokens: int
    """How many predictions ``total`` sums up."""
    state: Carried
    """What the next batch begins with."""


@dataclass(frozen=True, eq=False)
class StepLosses:
    """The loss of every prediction by itself, differentiable, for diagnostics."""

    losses: Tensor
    """(N, B) in nats, or in squared errors and the like for series; zero where nothing is predicted."""
    times: Tensor | None
    """(N,) or (N, B), the step of the recurrent layers that each belongs to; -1 for none. None where losses
    belong to no step."""
    layers: str = "recurrent"
    """Name in the model of the module whose steps are meant: of recurrent layers, or of what holds them."""


@dataclass(frozen=True)
class Validation:
    """What was found on held-out data."""

    score: float
    """What decides which weights are kept; lower is better."""
    loss: float
    """Mean loss of a prediction, for the log and the plot."""
    figures: dict[str, float] = field(default_factory=dict)
    """Others to show and to log, by name."""


class Job(Protocol[Batch]):
    """A model with its data and its loss, as the trainer takes them.

    The trainer sets the model's device and precision, and moves each batch to the device before :meth:`loss`:
    see :func:`unrolled.devices.move` for what a batch may be made of.
    """

    @property
    def model(self) -> nn.Module:
        """The module to train."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, the same ones in the same order whenever asked."""

    def batch_count(self) -> int:
        """Return the number of batches in an epoch."""

    def loss(self, batch: Batch, state: Carried) -> StepLoss:
        """Run the model forward."""

    def step_losses(self, batch: Batch, state: Carried) -> StepLosses:
        """Run the model forward by operations that torch can differentiate for many losses at once.

        They are those of :meth:`loss` without smoothing and weights: their sum is its ``total``.
        """

    def first_rows(self, batch: Batch, rows: int) -> Batch:
        """Return the first rows of a batch as a batch, without steps that are padding in all of them."""

    def validate(self) -> Validation | None:
        """Score held-out data, or return None if there is none."""


@dataclass
class Progress:
    """How far training has come; everything here is in the checkpoint."""

    step: Count = 0
    epoch: Count = 0
    position: Count = 0
    """Batches of the epoch that updates were made from."""
    tokens: Count = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: Count = 0
    worse: Count = 0
    window_loss: float = 0.0
    window_tokens: Count = 0
    finished: bool = False
    log_position: Count = 0
    plateau: Plateau = field(default_factory=Plateau)


@dataclass(frozen=True, eq=False)
class Update:
    """What is known of an update before it is made."""

    batch: Any
    """The batch of the gradients; the last one where several are accumulated."""
    carried: Carried
    """State before that batch."""
    norm: float
    """Of all gradients together, before they are scaled down to ``clip_norm``."""
    factor: float
    """What every gradient is about to be multiplied by, 1 where nothing is clipped."""


class Watcher:
    """Is told what happens during training; does nothing itself.

    What it does takes no part in training: it leaves weights, gradients and random numbers as they are.
    """

    def started(self, progress: Progress, total_steps: int | None) -> None:
        """Training begins or goes on; ``total_steps`` is None where only its time is limited."""

    def updating(self, progress: Progress, update: Update) -> None:
        """The gradients are there and finite; ``progress.step`` updates were made before this one."""

    def stepped(self, progress: Progress, loss: float, lr: float) -> None:
        """An update was made; ``loss`` is the mean of its predictions."""

    def validating(self) -> None:
        """A validation begins."""

    def validated(self, progress: Progress, found: Validation, improved: bool) -> None:
        """A validation ended."""

    def ended(self, progress: Progress) -> None:
        """Training is over or was interrupted."""


class Watchers(Watcher):
    """Several watchers as one; they are told in their order."""

    def __init__(self, *watchers: Watcher) -> None:
        self.watchers = watchers

    def started(self, progress: Progress, total_steps: int | None) -> None:
        """See :meth:`Watcher.started`."""
        for watcher in self.watchers:
            watcher.started(progress, total_steps)

    def updating(self, progress: Progress, update: Update) -> None:
        """See :meth:`Watcher.updating`."""
        for watcher in self.watchers:
            watcher.updating(progress, update)

    def stepped(self, progress: Progress, loss: float, lr: float) -> None:
        """See :meth:`Watcher.stepped`."""
        for watcher in self.watchers:
            watcher.stepped(progress, loss, lr)

    def validating(self) -> None:
        """See :meth:`Watcher.validating`."""
        for watcher in self.watchers:
            watcher.validating()

    def validated(self, progress: Progress, found: Validation, improved: bool) -> None:
        """See :meth:`Watcher.validated`."""
        for watcher in self.watchers:
            watcher.validated(progress, found, improved)

    def ended(self, progress: Progress) -> None:
        """See :meth:`Watcher.ended`."""
        for watcher in self.watchers:
            watcher.ended(progress)
