"""Notes on series: which were left out of training, and problems in their rows."""

from collections.abc import Collection, Sequence

from unrolled.data.series import Series, TimeRulesConfig
from unrolled.errors import DataError

MAX_NAMES = 5
"""Maximum number of names in a note."""
LEFT_OUT_KEY = "left_out"
"""Key in ``facts`` of the names of the series left out."""


def drop_left_out(series: Sequence[Series], left_out: Collection[str]) -> list[Series]:
    """Return the series that training did not leave out.

    Raises:
        DataError: if it left out all of them.
    """
    selected = [s for s in series if s.name not in left_out]
    if not selected:
        raise DataError(
            f"series {list_names([s.name for s in series])}: left out of training as too short, "
            "so that no scale is known"
        )
    return selected


def left_out_notes(left_out: Collection[str]) -> list[str]:
    """Return a note that names the series that training left out; empty if there are none."""
    return [f"left out here, as in training: series {list_names(list(left_out))}"] if left_out else []


def list_names(names: Sequence[str]) -> str:
    """Return the first names, quoted and shortened."""
    shown = ", ".join(f"{name!r:.60}" for name in names[:MAX_NAMES])
    return f"{shown}, …" if len(names) > MAX_NAMES else shown


def series_notes(s: Series, rules: TimeRulesConfig) -> list[str]:
    """Return notes on problems in the rows of a series and how they were handled."""
    return [f"{s.name}: {note}" for note in s.notes.describe(rules)]
