"""Runs of earlier versions, read as if this version had written them."""

from typing import Any


def artifacts_entry(config: dict[str, Any]) -> Any:
    """Return the entry "artifacts" of a run's ``config.json``.

    Earlier versions kept the same values, by the same names, among the facts about the data.
    """
    return config.get("artifacts", config.get("facts"))
