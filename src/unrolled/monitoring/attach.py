"""Attaches the monitoring callback to a trainer."""

from typing import Any

from unrolled.training import CallbackList, Trainer


def watch_training(trainer: Trainer[Any], watch: bool | int) -> None:
    """Add the monitoring callback to a trainer; its other callbacks are kept.

    Args:
        trainer: the trainer, before it runs.
        watch: steps between two watch records; True uses the default, False or 0 disables monitoring.

    Raises:
        ConfigError: if the number is negative.
        RunError: if TensorBoard cannot write to the run folder.
    """
    if not watch:
        return
    # Imported here, so that a training without monitoring does not load the diagnostics.
    from unrolled.monitoring.watch import Watch

    every = 0 if watch is True else watch
    callback = Watch(trainer.job, trainer.log, every=every, folder=trainer.folder)
    trainer.callback = CallbackList(callback, trainer.callback)
