"""Rendering of a page to one self-contained HTML file."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.colors import to_rgb

from unrolled.diagnostics.findings.verdict import LEVELS
from unrolled.pages.display import format_number
from unrolled.pages.parts import Chart, Page, Part, Section, StateMap, Table
from unrolled.pages.states import payload
from unrolled.pages.style import DIVERGING_STOPS
from unrolled.pages.svg import page_svg
from unrolled.storage.output import write_output

HALF_WIDTH = 5.0
"""Figures up to this width in inches are placed side by side."""
LEVEL_WORDS = {"bad": "Problem", "notice": "Take note", "good": "Good"}
LEVEL_MARKS = {"bad": "✕", "notice": "!", "good": "✓"}


def write_page(page: Page, path: Path) -> None:
    """Write the page atomically as one file that opens without a network.

    The same page gives the same bytes.

    Raises:
        RunError: if the file cannot be written.
    """
    write_output(path, page_bytes(page))


def page_bytes(page: Page) -> bytes:
    """Return the page as the bytes of a file."""
    # Lone surrogates, Python's form of undecodable bytes, have no UTF-8: they are written as escapes.
    return render(page).encode("utf-8", "backslashreplace")


def render(page: Page) -> str:
    """Return the page as HTML."""
    counter = _Counter()
    return _environment().get_template("page.html.j2").render(
        page=page,
        verdicts=sorted(page.verdicts, key=lambda v: -LEVELS.index(v.level)),
        tally=_tally(page),
        sections=[_section(number, s, counter) for number, s in enumerate(page.sections, 1)],
        colours={theme: [_bytes(c) for c in stops] for theme, stops in DIVERGING_STOPS.items()},
        level_words=LEVEL_WORDS,
        level_marks=LEVEL_MARKS,
        style=Markup(_asset("style.css")),
        script=Markup(f"{_asset('page.js')}\n{_asset('state_map.js')}"),
    )  # fmt: skip


class _Counter:
    """Counter that numbers the figures and tables of a page."""

    def __init__(self) -> None:
        self.parts = self.figures = self.tables = 0

    def label(self, part: Part) -> str:
        self.parts += 1
        if isinstance(part, Chart | StateMap):
            self.figures += 1
            return f"Figure {self.figures}"
        if isinstance(part, Table):
            self.tables += 1
            return f"Table {self.tables}"
        return ""


def _section(number: int, section: Section, counter: _Counter) -> dict[str, Any]:
    parts = [_part(part, counter) for part in section.parts]
    return {"id": f"section-{number}", "title": section.title, "lead": section.lead, "parts": parts}


def _part(part: Part, counter: _Counter) -> dict[str, Any]:
    label = counter.label(part)
    view: dict[str, Any] = {"label": label, "part": part, "id": f"part-{counter.parts}", "kind": "words"}
    if isinstance(part, Chart):
        svg = page_svg(part.figure, f"f{counter.parts}.", part.title)
        half = part.figure.get_figwidth() <= HALF_WIDTH
        view |= {"kind": "chart", "id": f"figure-{part.name}", "svg": Markup(svg), "half": half}
    elif isinstance(part, StateMap):
        view |= {"kind": "map", "id": f"figure-{part.name}", "payload": payload(part)}
    elif isinstance(part, Table):
        view |= {"kind": "table", "flush_right": [_is_numeric(part, i) for i in range(len(part.header))]}
    return view


def _is_numeric(table: Table, column: int) -> bool:
    return bool(table.rows) and not any(isinstance(row[column], str) for row in table.rows)


def _tally(page: Page) -> str:
    """Return ``"1 problem, 2 to take note of, 3 good"``."""
    words = {"bad": ("problem", "problems"), "notice": ("to take note of",) * 2, "good": ("good",) * 2}
    levels = [v.level for v in page.verdicts]
    return ", ".join(
        f"{levels.count(level)} {words[level][levels.count(level) != 1]}"
        for level in reversed(LEVELS)
        if level in levels
    )


def _bytes(colour: str) -> list[int]:
    return [round(255 * c) for c in to_rgb(colour)]


def _asset(name: str) -> str:
    return (files("unrolled.pages") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = format_number
    return environment
