"""Number of examples of property tests: few in ``make test``, many in ``make test-all``."""

import os

from hypothesis import settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(count: int) -> settings:
    """Return settings with ``count`` examples in ``make test-all``, and a third of them in ``make test``."""
    return settings(max_examples=count if THOROUGH else max(8, count // 3))
