"""How many connections the system allows: each is an open file."""

import logging
import sys

from unrolled.serve.protocol import SPARE_CONNECTIONS

logger = logging.getLogger("unrolled.serve")
OTHER_FILES = 64
"""Files that the server opens besides connections: static files, runs that are read anew, the event loop."""


def allow_connections(most: int) -> int:
    """Ask the system for enough open files; return how many connections it allows, ``most`` at most."""
    if sys.platform == "win32":
        return most
    import resource

    others = OTHER_FILES + SPARE_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= most + others:
        return most
    files = most + others if hard == resource.RLIM_INFINITY else min(hard, most + others)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    allowed = max(1, files - others)
    if allowed < most:
        logger.warning(
            "--max-connections %s: only %s, because this user may have %s open files (ulimit -n)",
            f"{most:,}",
            f"{allowed:,}",
            f"{files:,}",
        )
    return min(most, allowed)
