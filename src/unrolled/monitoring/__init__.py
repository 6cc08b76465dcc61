"""Monitoring of a running training.

:func:`watch_training` adds a :class:`~unrolled.monitoring.watch.Watch` to a trainer. It analyses a few rows
of a batch (:mod:`.look`), measures weights (:mod:`.weights`), adds records to the log (:mod:`.record`) and
shows them in TensorBoard (:mod:`.board`); :func:`plot_reach` draws the records of a whole training.
"""

from unrolled.monitoring.attach import watch_training
from unrolled.monitoring.plot import plot_reach

__all__ = ["plot_reach", "watch_training"]


def __dir__() -> list[str]:
    return sorted(__all__)
