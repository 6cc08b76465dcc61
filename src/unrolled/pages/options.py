"""A configuration as a table."""

import json
from collections.abc import Mapping
from typing import Any

from unrolled.pages.parts import Table


def options_table(config: Mapping[str, Any]) -> Table:
    """Return a configuration, its options grouped by name, as a table."""
    rows = [
        (f"{group}.{name}" if name else group, json.dumps(value, ensure_ascii=False))
        for group, options in config.items()
        for name, value in (options.items() if isinstance(options, dict) else [("", options)])
    ]
    return Table("Configuration", "", ("option", "value"), rows)
