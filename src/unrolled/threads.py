"""How many threads a training takes, and what a thread does while it waits for the others.

Torch's loops run on a pool of OpenMP threads that meet thousands of times a second. Whoever comes first spins
there for milliseconds before it sleeps, which is fastest on an idle machine. Where another process holds a
core, it spins in place of the very thread that it waits for, and two such pools bring each other almost to a
halt (docs/threads.md has the figures). So the command line lets waiting threads sleep, and a training that
was given no number of threads takes as many as there are free cores.
"""

import os
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass

from unrolled.cores import busy_elsewhere, usable_cores

WAIT_POLICY, SPIN_COUNT, THREADS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS"


@dataclass(frozen=True)
class ThreadChoice:
    """A number of threads, and why."""

    count: int
    reason: str

    def __str__(self) -> str:
        threads = "1 thread" if self.count == 1 else f"{self.count} threads"
        return f"{threads} ({self.reason}); {describe_waiting()}"


def settle_waiting(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let threads that wait sleep instead of spin, unless the user has said how they shall wait.

    The OpenMP runtime reads this once, when torch is loaded. Called later this does nothing, so that what
    :func:`describe_waiting` says stays true.
    """
    if "torch" not in sys.modules and WAIT_POLICY not in environ and SPIN_COUNT not in environ:
        environ[WAIT_POLICY] = "PASSIVE"


def describe_waiting() -> str:
    """Say what threads do that wait for others."""
    count, policy = os.environ.get(SPIN_COUNT), os.environ.get(WAIT_POLICY)
    if count is not None:  # it outdoes the policy
        return f"waiting threads spin {count} times, then sleep ({SPIN_COUNT})"
    if policy is None:
        return f"waiting threads spin for a while, then sleep ({WAIT_POLICY} is not set)"
    deed = "sleep" if policy.strip().upper() == "PASSIVE" else "spin"
    return f"waiting threads {deed} ({WAIT_POLICY}={policy})"


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
