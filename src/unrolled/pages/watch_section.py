"""Section of the page with the records of ``--watch``."""

from collections.abc import Mapping, Sequence
from typing import Any

from unrolled.pages.charts.watched import (
    clipping_chart,
    reach_chart,
    saturation_over_training,
    updates_chart,
)
from unrolled.pages.parts import Part, Section


def watch_section(history: Sequence[Mapping[str, Any]]) -> Section | None:
    """Return the charts of all watch records; None if there are fewer than two."""
    records = [r for r in history if r["kind"] == "watch"]
    if len(records) < 2:
        return None
    parts: list[Part] = [clipping_chart(records)]
    names = {name: None for r in records for name in r["gradients"]["norm"]}
    parts += [reach_chart(records, name) for name in names]
    parts.append(updates_chart(records))
    if records[-1]["saturation"]:
        parts.append(saturation_over_training(records))
    return Section(
        "Watched in training", "Gradients, updates and saturation over the course of training.", tuple(parts)
    )
