"""Number of threads for training, and how idle OpenMP threads wait.

Torch's loops run on a pool of OpenMP threads that synchronise thousands of times a second. The first thread
to arrive spins for milliseconds before it sleeps. If another process uses one of the cores, a spinning thread
can take the core from the very thread that it waits for, and two such pools bring each other almost to a halt
(docs/threads.md has the figures). So the command line makes waiting threads sleep early, and training without
a given number of threads uses at most as many threads as there are free cores.
"""

import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from unrolled.cores import busy_elsewhere, usable_cores

THREADS = "OMP_NUM_THREADS"
WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")

# With these values GNU's runtime spins for some fifty microseconds, about as long as it takes to sleep and
# wake up. Other runtimes only read the policy.
SHORT_SPIN = {"GOMP_SPINCOUNT": "5000", "OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True)
class ThreadChoice:
    """A number of threads and the reason for it."""

    count: int
    reason: str

    def __str__(self) -> str:
        threads = "1 thread" if self.count == 1 else f"{self.count} threads"
        return f"{threads} ({self.reason}); {describe_waiting()}"


def set_thread_waiting(environ: MutableMapping[str, str] = os.environ) -> None:
    """Shorten how long idle OpenMP threads spin, unless the user has set it.

    The OpenMP runtime reads these variables once, when torch is loaded. A later call does nothing, so that
    :func:`describe_waiting` stays correct.
    """
    if "torch" not in sys.modules and not any(name in environ for name in WAITING):
        environ.update(SHORT_SPIN)


def describe_waiting(environ: Mapping[str, str] = os.environ) -> str:
    """Describe how idle threads wait for others."""
    settings = {name: environ[name] for name in WAITING if name in environ}
    if not settings:
        return "waiting threads spin (OMP_WAIT_POLICY is not set)"
    names = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"waiting threads {'soon sleep' if settings == SHORT_SPIN else 'follow the environment'} ({names})"


def choose_threads(configured: int = 0) -> ThreadChoice:
    """Return the number of threads for training that starts now.

    Args:
        configured: number from the configuration. 0 means torch's number of threads; if the user has not set
            ``OMP_NUM_THREADS``, at most the number of cores that this process may use and that are free.
    """
    if configured:
        return ThreadChoice(configured, "as configured")
    import torch  # not at the top: settle_waiting must run before torch is loaded

    default = torch.get_num_threads()
    if THREADS in os.environ:
        return ThreadChoice(default, f"{THREADS} is set")
    usable, busy = usable_cores(), busy_elsewhere()
    free = max(1, int(usable - busy + 0.5))
    return ThreadChoice(min(default, free), f"of {usable:g} usable cores {busy:.1f} are busy with other work")
