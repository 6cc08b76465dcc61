"""How many threads a training takes, and what a thread does while it waits for the others.

Torch's loops run on a pool of OpenMP threads that meet thousands of times a second. Whoever comes first spins
there for milliseconds before it sleeps. Where another process holds a core, it spins in place of the very
thread that it waits for, and two such pools bring each other almost to a halt (docs/threads.md has the
figures). So the command line lets waiting threads sleep soon, and a training that was given no number of
threads takes no more than there are free cores.
"""

import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from unrolled.cores import busy_elsewhere, usable_cores

THREADS = "OMP_NUM_THREADS"
WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")

# GNU's runtime then spins for some fifty microseconds: about as long as it takes to fall asleep and be woken.
# Other runtimes know the policy alone.
SOON = {"GOMP_SPINCOUNT": "5000", "OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True)
class ThreadChoice:
    """A number of threads, and why."""

    count: int
    reason: str

    def __str__(self) -> str:
        threads = "1 thread" if self.count == 1 else f"{self.count} threads"
        return f"{threads} ({self.reason}); {describe_waiting()}"


def settle_waiting(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let threads that wait sleep soon, unless the user has said how they shall wait.

    The OpenMP runtime reads this once, when torch is loaded. Called later this does nothing, so that what
    :func:`describe_waiting` says stays true.
    """
    if "torch" not in sys.modules and not any(name in environ for name in WAITING):
        environ.update(SOON)


def describe_waiting(environ: Mapping[str, str] = os.environ) -> str:
    """Say what threads do that wait for others."""
    given = {name: environ[name] for name in WAITING if name in environ}
    if not given:
        return "waiting threads spin (OMP_WAIT_POLICY is not set)"
    names = ", ".join(f"{name}={value}" for name, value in given.items())
    return f"waiting threads {'soon sleep' if given == SOON else 'do as told'} ({names})"


def choose_threads(configured: int = 0) -> ThreadChoice:
    """Return the number of threads for a training that starts now.

    Args:
        configured: what the configuration says. 0 takes torch's own number, but where the user has not set
            ``OMP_NUM_THREADS`` no more than there are cores that this process may use and that are free.
    """
    if configured:
        return ThreadChoice(configured, "as configured")
    import torch  # not above: settle_waiting comes before it

    own = torch.get_num_threads()
    if THREADS in os.environ:
        return ThreadChoice(own, f"{THREADS} is set")
    usable, busy = usable_cores(), busy_elsewhere()
    free = max(1, int(usable - busy + 0.5))
    return ThreadChoice(min(own, free), f"of {usable:g} usable cores {busy:.1f} are busy with other work")
