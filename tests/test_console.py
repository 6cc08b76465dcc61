"""Tables are printed without truncation, on a narrow terminal and in a file."""

import io

import pytest
from rich.console import Console
from rich.table import Table

from unrolled.console import print_table

PATH = "/a/long/path to/some folder/" * 6 + "model.arpa"


def make_table(*cells):
    table = Table(title="a title of many words that is longer than the table " * 3)
    for number, _ in enumerate(cells):
        table.add_column(f"bits/character {number}")
    table.add_row(*cells)
    return table


def print_to_text(table, width, **options):
    file = io.StringIO()
    print_table(table, Console(file=file, width=width, highlight=False, **options))
    return file.getvalue()


@pytest.mark.parametrize("soft_wrap", [False, True])
@pytest.mark.parametrize("width", [20, 60, 200])
def test_in_a_file_each_row_is_one_line(width, soft_wrap):
    lines = print_to_text(make_table(PATH, "1.5"), width, soft_wrap=soft_wrap).splitlines()
    assert lines[0].startswith("a title of many words")
    assert sum(PATH in line and "1.5" in line for line in lines) == 1
    assert sum("bits/character 0" in line for line in lines) == 1


@pytest.mark.parametrize("soft_wrap", [False, True])
@pytest.mark.parametrize("width", [20, 60])
def test_on_a_terminal_a_long_cell_wraps(width, soft_wrap):
    text = print_to_text(make_table(PATH), width, force_terminal=True, color_system=None, soft_wrap=soft_wrap)
    assert max(map(len, text.splitlines())) <= width
    cells = [line.strip("│┃ ") for line in text.splitlines() if line[0] in "│┃"]
    assert "".join(cells).replace(" ", "").endswith(PATH.replace(" ", ""))
    assert "…" not in text


def test_the_width_of_the_console_is_unchanged():
    console = Console(file=io.StringIO(), width=30)
    print_table(make_table(PATH), console)
    assert console.width == 30
