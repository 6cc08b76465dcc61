"""Output of a lesson: printed on the terminal while it runs, and collected for its page."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from unrolled.console import print_table
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.pages.display import format_number
from unrolled.pages.parts import Chart, Page, Part, Section, Table, Words

MARKS = {"good": ("✓", "green"), "notice": ("!", "yellow"), "bad": ("✗", "red")}


class Script:
    """Prints the parts of a lesson and collects them for the page.

    Args:
        title: title of the lesson.
        subtitle: summary of what the lesson shows.
        console: console to print on.
    """

    def __init__(self, title: str, subtitle: str, console: Console) -> None:
        self.console, self._title, self._subtitle = console, title, subtitle
        self._sections: list[tuple[str, str, list[Part]]] = []
        self._verdicts: list[Verdict] = []
        console.print(Text.assemble((title, "bold"), f": {subtitle}"))

    def section(self, title: str, lead: str) -> None:
        """Begin a section; ``lead`` describes what comes next."""
        self._sections.append((title, lead, []))
        self.console.print()
        self.console.print(Text(f"{len(self._sections)}. {title}", "bold cyan"))
        self.console.print(Text(lead))

    def note(self, text: str) -> None:
        """Print a line of progress that is not added to the page."""
        self.console.print(Text(f"  {text}", "dim"))

    def show(self, part: Part) -> None:
        """Add a part to the section, and print it; a figure is printed as its title only."""
        self._sections[-1][2].append(part)
        if isinstance(part, Table):
            print_table(_grid(part), self.console)
            if part.caption:
                self.console.print(Text(part.caption, "dim"))
        elif isinstance(part, Words):
            self.console.print(Padding(Text(part.text), (1, 0, 1, 4), expand=False))
        elif isinstance(part, Chart):
            self.console.print(Text(f"  figure {part.name}: {part.title}", "dim"))

    def add_verdict(self, verdict: Verdict) -> None:
        """Print a finding with its remedies, and add it to the page."""
        self._verdicts.append(verdict)
        mark, colour = MARKS[verdict.level]
        self.console.print(Text(f"{mark} {verdict.title}", f"bold {colour}"))
        self.console.print(Padding(Text(verdict.says), (0, 0, 0, 2), expand=False))
        for remedy in verdict.remedies:
            flag = f"  {remedy.flag}" if remedy.flag else ""
            self.console.print(Text.assemble("    → ", remedy.what, (flag, "bold")))

    def page(self, facts: dict[str, str]) -> Page:
        """Return the page of all sections and findings; ``facts`` is shown at its top."""
        sections = tuple(Section(title, lead, tuple(parts)) for title, lead, parts in self._sections)
        return Page(self._title, self._subtitle, facts, tuple(self._verdicts), sections)


def _grid(table: Table) -> Grid:
    grid = Grid(title=table.title, title_justify="left")
    for column, name in enumerate(table.header):
        is_numeric = not any(isinstance(row[column], str) for row in table.rows)
        grid.add_column(name, justify="right" if is_numeric else "left")
    for row in table.rows:
        grid.add_row(*(format_number(cell) for cell in row))
    return grid
