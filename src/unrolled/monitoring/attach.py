"""How a training comes to be watched."""

from typing import Any

from unrolled.training import Trainer, Watchers


def watch_training(trainer: Trainer[Any], watch: bool | int) -> None:
    """Watch a training from inside; the watchers that it has stay.

    Args:
        trainer: the training, before it runs.
        watch: updates between two looks; True takes the usual number, False or 0 does not watch.

    Raises:
        ConfigError: if the number is negative.
        RunError: if TensorBoard cannot write into the folder of the run.
    """
    if not watch:
        return
    # Imported here: a training that is not watched loads no diagnostics.
    from unrolled.monitoring.watch import Watch

    every = 0 if watch is True else watch
    watching = Watch(trainer.job, trainer.log, every=every, folder=trainer.folder)
    trainer.watcher = Watchers(watching, trainer.watcher)
