"""Runs of earlier versions, read as if this version had written them."""

from collections.abc import Mapping
from typing import Any

Former = Mapping[str, Mapping[str, Any]]
"""What a run means that lacks an option: values by group and option."""
Moved = Mapping[str, tuple[str, Mapping[Any, Any]]]
"""Options by former group and name: group and name of today, and the values that are called otherwise."""


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


def with_moved(config: dict[str, Any], moved: Moved) -> dict[str, Any]:
    """Return a configuration with the options of earlier versions under their names of today."""
    groups = {name: dict(values) if isinstance(values, dict) else values for name, values in config.items()}
    for former, (today, renamed) in moved.items():
        group, name = former.split(".")
        if isinstance(groups.get(group), dict) and name in groups[group]:
            value = groups[group].pop(name)
            new_group, new_name = today.split(".")
            groups.setdefault(new_group, {}).setdefault(new_name, renamed.get(value, value))
    return groups
