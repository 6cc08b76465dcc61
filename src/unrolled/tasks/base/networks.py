"""Networks as rungs of a ladder: the same configuration with another cell."""

import dataclasses
import re
from typing import Any

from unrolled.config import option_names, with_options
from unrolled.models.config import RECURRENT_CELLS, WINDOW_CELLS, cells_by_network_option, cells_by_option

CELLS = (*WINDOW_CELLS, *RECURRENT_CELLS)
_NAME = re.compile(rf"(bi)?({'|'.join(CELLS)})")
CELLS_BY_PARTIAL_OPTION = cells_by_option() | cells_by_network_option()
"""Cells that have an option, by its name; only options that some cells lack."""


def parse_cell_name(rung: str) -> tuple[str, bool] | None:
    """Return (cell, bidirectional) of a rung such as "lstm" or "bilstm"; None if it is not a network."""
    match = _NAME.fullmatch(rung)
    return (match[2], bool(match[1])) if match else None


def with_cell(config: Any, cell: str, bidirectional: bool) -> Any:
    """Return the configuration with another cell; options that this cell lacks are reset to defaults."""
    options: dict[str, Any] = {}
    for group, name in option_names(type(config)):
        if name in CELLS_BY_PARTIAL_OPTION and cell not in CELLS_BY_PARTIAL_OPTION[name]:
            group_type = type(getattr(config, group))
            options[name] = next(f.default for f in dataclasses.fields(group_type) if f.name == name)
        if name == "bidirectional":
            options[name] = bidirectional
    return with_options(config, options | {"cell": cell})
