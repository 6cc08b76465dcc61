"""A report as one page that opens without a network, its figures for papers, and its numbers as JSON.

:mod:`.parts` is the vocabulary of a page, :mod:`.style` how its figures are drawn; a page is written by
:func:`write_page`, its figures by :func:`write_figures`, its numbers by :func:`write_numbers`, and looked at
in a real browser by :func:`check_page`. Nothing here knows of models or of PyTorch: arrays, figures, words.
"""

from unrolled.extras import extra

with extra("plots", "a page"):
    from unrolled.pages.check import check_page
    from unrolled.pages.figures import write_figures
    from unrolled.pages.numbers import write_numbers
    from unrolled.pages.page import write_page
    from unrolled.pages.parts import (
        Chart,
        Level,
        Page,
        Part,
        Remedy,
        Section,
        StateMap,
        Table,
        Verdict,
        Words,
    )
    from unrolled.pages.style import new_figure

__all__ = [
    "Chart",
    "Level",
    "Page",
    "Part",
    "Remedy",
    "Section",
    "StateMap",
    "Table",
    "Verdict",
    "Words",
    "check_page",
    "new_figure",
    "write_figures",
    "write_numbers",
    "write_page",
]
