"""Print findings on the terminal."""

from collections.abc import Sequence

from rich.text import Text

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.terminal import Terminal

MARKS = {"good": ("✓", "green"), "notice": ("!", "yellow"), "bad": ("✗", "red")}


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print each finding with its numbers and remedies."""
    console = Terminal(highlight=False, soft_wrap=True)
    for verdict in verdicts:
        mark, colour = MARKS[verdict.level]
        where = f" ({verdict.where})" if verdict.where else ""
        console.print(Text.assemble((f"{mark} {verdict.title}", f"bold {colour}"), where))
        console.print(f"  {verdict.says}", markup=False)
        for remedy in verdict.remedies:
            flag = f"  {remedy.flag}" if remedy.flag else ""
            console.print(Text.assemble("    → ", remedy.what, (flag, "bold")))
