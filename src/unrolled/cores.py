"""CPU cores: how many this process may use, and how many are busy with other work."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

CONTROL_GROUPS, PROCESS_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
STAT = Path("/proc/stat")


def usable_cores() -> float:
    """Return how many cores this process may use, by its affinity and the quotas of its control groups.

    A quota may be a fraction. On systems without affinity and quotas, all cores count.
    """
    return min([float(len(_allowed_cores())), *_quotas()])


def busy_elsewhere(seconds: float = 0.2) -> float:
    """Return how many of this process's cores are busy with other work, measured for ``seconds``.

    Return 0 on systems without /proc/stat.
    """
    if not STAT.is_file():
        return 0.0
    before = _busy_seconds(), time.process_time(), time.perf_counter()
    time.sleep(seconds)
    after = _busy_seconds(), time.process_time(), time.perf_counter()
    busy, this_process, elapsed = (b - a for a, b in zip(before, after, strict=True))
    return max(0.0, (busy - this_process) / elapsed)


def _allowed_cores() -> set[int]:
    """Return the cores of this process's affinity, or all cores on systems without affinity."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _quotas() -> Iterator[float]:
    """Yield the quotas, in cores, of this process's control group (version 2) and of its parents."""
    if not PROCESS_GROUP.is_file():
        return
    group = next((g[3:] for g in PROCESS_GROUP.read_text().splitlines() if g.startswith("0::")), "/")
    folder = CONTROL_GROUPS / group.strip("/")
    # In a container the group may have its name on the host; then only the root group is readable.
    for limit in (f / "cpu.max" for f in (folder, *folder.parents) if f.is_relative_to(CONTROL_GROUPS)):
        quota, period = limit.read_text().split() if limit.is_file() else ("max", "0")
        if quota != "max":
            yield int(quota) / int(period)


def _busy_seconds() -> float:
    """Return the busy time of this process's cores since the machine started, summed over the cores."""
    names = {f"cpu{n}" for n in _allowed_cores()}
    ticks = 0
    for line in STAT.read_text().splitlines():
        name, *times = line.split()
        if name in names:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, times[:8])
            ticks += user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")
