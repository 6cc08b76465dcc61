"""A trained run looked at from inside: what diagnostics find, beside how it was trained and what it
writes."""

from unrolled.inspection.run import RunInspection, inspect_run

__all__ = ["RunInspection", "inspect_run"]
