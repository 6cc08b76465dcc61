"""Backward compatibility: convert the configuration of runs that earlier versions wrote."""

from collections.abc import Mapping
from typing import Any

OldDefaults = Mapping[str, Mapping[str, Any]]
"""Values of options that a run lacks, by group and option."""
RenamedOptions = Mapping[str, tuple[str, Mapping[Any, Any]]]
"""Renamed options: "old_group.old_name" → ("new_group.new_name", old value → new value)."""


def artifacts_entry(config: dict[str, Any]) -> Any:
    """Return the entry "artifacts" of a run's ``config.json``.

    Earlier versions stored the same values under the same names in the entry "facts".
    """
    return config.get("artifacts", config.get("facts"))


def add_old_defaults(config: dict[str, Any], old_defaults: OldDefaults) -> dict[str, Any]:
    """Return a run's configuration, plus old defaults of the options that its version did not have yet."""
    return config | {
        group: {**values, **config[group]}
        for group, values in old_defaults.items()
        if isinstance(config.get(group), dict)
    }


def rename_old_options(config: dict[str, Any], renamed_options: RenamedOptions) -> dict[str, Any]:
    """Return a configuration with the options of earlier versions under their current names."""
    groups = {name: dict(values) if isinstance(values, dict) else values for name, values in config.items()}
    for old, (new, new_values) in renamed_options.items():
        group, name = old.split(".")
        if isinstance(groups.get(group), dict) and name in groups[group]:
            value = groups[group].pop(name)
            new_group, new_name = new.split(".")
            groups.setdefault(new_group, {}).setdefault(new_name, new_values.get(value, value))
    return groups
