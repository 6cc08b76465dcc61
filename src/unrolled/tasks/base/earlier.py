"""Runs of earlier versions, read as if this version had written them."""

from collections.abc import Mapping
from typing import Any

Former = Mapping[str, Mapping[str, Any]]
"""What a run means that lacks an option: values by group and option."""


def artifacts_entry(config: dict[str, Any]) -> Any:
    """Return the entry "artifacts" of a run's ``config.json``.

    Earlier versions kept the same values, by the same names, among the facts about the data.
    """
    return config.get("artifacts", config.get("facts"))


def with_former(config: dict[str, Any], former: Former) -> dict[str, Any]:
    """Return a run's configuration with the options that its version did not have yet, as it worked then."""
    return config | {
        group: {**values, **config[group]}
        for group, values in former.items()
        if isinstance(config.get(group), dict)
    }
