"""Monitoring of a running training.

:func:`watch_training` adds a :class:`~unrolled.monitoring.watch.Watch` to a trainer. It analyses a few rows
of a batch (:mod:`.look`), measures weights (:mod:`.weights`), adds records to the log (:mod:`.record`) and
shows them in TensorBoard (:mod:`.board`); :func:`plot_reach` draws the records of a whole training.
"""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

__all__ = ["plot_reach", "watch_training"]

_HOMES = {
    "attach": ("watch_training",),
    "plot": ("plot_reach",),
}

if TYPE_CHECKING:
    from unrolled.monitoring.attach import watch_training
    from unrolled.monitoring.plot import plot_reach
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES)
