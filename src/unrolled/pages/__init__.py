"""Reports: a page that opens without a network, its figures for papers, and its numbers as JSON.

:mod:`.parts` defines the parts of a page, :mod:`.style` the style of its figures; :mod:`.charts` draws the
numbers of :mod:`unrolled.diagnostics`. :func:`write_page` writes a page, :func:`write_figures` its figures,
:func:`write_numbers` its numbers; :func:`check_page` opens it in a real browser. Nothing here depends on a
task.
"""

from unrolled.extras import extra

with extra("plots", "a page"):
    from unrolled.pages.check import check_page
    from unrolled.pages.figures import write_figures
    from unrolled.pages.numbers import write_numbers
    from unrolled.pages.page import write_page
    from unrolled.pages.parts import Chart, Page, Part, Section, StateMap, Table, Words
    from unrolled.pages.style import new_figure


__all__ = [
    "Chart",
    "Page",
    "Part",
    "Section",
    "StateMap",
    "Table",
    "Words",
    "check_page",
    "new_figure",
    "write_figures",
    "write_numbers",
    "write_page",
]


def __dir__() -> list[str]:
    return sorted(__all__)
