"""A network as a rung: the same configuration with another cell."""

import dataclasses
import re
from typing import Any

from unrolled.config import option_names, with_options
from unrolled.models.config import RECURRENT, WINDOWED, loop_owners, owners

CELLS = (*WINDOWED, *RECURRENT)
_NAME = re.compile(rf"(bi)?({'|'.join(CELLS)})")
OWN = owners() | loop_owners()
"""Options by the cells that have them, of those that some lack."""


def parse_network(rung: str) -> tuple[str, bool] | None:
    """Return the cell that a rung names, and whether it reads in both directions ("bilstm"); None if none."""
    found = _NAME.fullmatch(rung)
    return (found[2], bool(found[1])) if found else None


def with_cell(config: Any, cell: str, bidirectional: bool) -> Any:
    """Return the configuration with this cell; what the cell lacks goes back to its default."""
    options: dict[str, Any] = {}
    for group, name in option_names(type(config)):
        if name in OWN and cell not in OWN[name]:
            kind = type(getattr(config, group))
            options[name] = next(f.default for f in dataclasses.fields(kind) if f.name == name)
        if name == "bidirectional":
            options[name] = bidirectional
    return with_options(config, options | {"cell": cell})
