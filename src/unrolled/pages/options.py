"""Table of the configuration."""

import json
from collections.abc import Mapping
from typing import Any

from unrolled.pages.parts import Table


def options_table(config: Mapping[str, Any]) -> Table:
    """Return the options of a configuration as a table, named ``group.option``."""
    rows = [
        (f"{group}.{name}" if name else group, json.dumps(value, ensure_ascii=False))
        for group, options in config.items()
        for name, value in (options.items() if isinstance(options, dict) else [("", options)])
    ]
    return Table("Configuration", "", ("option", "value"), rows)
