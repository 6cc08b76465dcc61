"""The callback class of version 0.1, with the method names of that version."""

from typing import Any

from unrolled.renamed import warn_renamed
from unrolled.training.job import Callback, Progress, StepStats, Validation


class Watcher(Callback):
    """Deprecated: subclass :class:`Callback`, whose methods are named ``on_train_begin`` and so on."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        warn_renamed("unrolled.training.Watcher", "unrolled.training.Callback")

    def started(self, progress: Progress, total_steps: int | None) -> None:
        """Old name of ``on_train_begin``."""

    def updating(self, progress: Progress, stats: StepStats) -> None:
        """Old name of ``on_pre_optimizer_step``."""

    def stepped(self, progress: Progress, loss: float, lr: float) -> None:
        """Old name of ``on_step_end``."""

    def validating(self) -> None:
        """Old name of ``on_validation_begin``."""

    def validated(self, progress: Progress, found: Validation, improved: bool) -> None:
        """Old name of ``on_validation_end``."""

    def ended(self, progress: Progress) -> None:
        """Old name of ``on_train_end``."""

    def on_train_begin(self, progress: Progress, total_steps: int | None) -> None:
        """Call ``started``."""
        self.started(progress, total_steps)

    def on_pre_optimizer_step(self, progress: Progress, stats: StepStats) -> None:
        """Call ``updating``."""
        self.updating(progress, stats)

    def on_step_end(self, progress: Progress, loss: float, lr: float) -> None:
        """Call ``stepped``."""
        self.stepped(progress, loss, lr)

    def on_validation_begin(self) -> None:
        """Call ``validating``."""
        self.validating()

    def on_validation_end(self, progress: Progress, found: Validation, improved: bool) -> None:
        """Call ``validated``."""
        self.validated(progress, found, improved)

    def on_train_end(self, progress: Progress) -> None:
        """Call ``ended``."""
        self.ended(progress)
