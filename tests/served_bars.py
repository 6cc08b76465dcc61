"""What a served page shows."""

import re
from typing import Any


def shown_bars(tab: Any, selector: str = "#bars") -> dict[str, float]:
    """Return the names and values (0 to 1) of a list of bars."""
    names = tab.locator(f"{selector} .name").all_text_contents()
    values = tab.locator(f"{selector} .value").all_text_contents()
    return {name: float(re.sub("[<%]", "", value)) / 100 for name, value in zip(names, values, strict=True)}
