"""What a terminal obeys is shown by its code."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from unrolled.cli.main import main
from unrolled.terminal import Terminal
from unrolled.visible import VisibleStream, styled_output, visible, visible_output

TITLE = "\x1b]0;OWNED\x07"
OBEYED = [*map(chr, range(32)), *map(chr, range(127, 160)), *"\u202a\u202e\u2066\u2069", "\udc80"]
KEPT = "\t\n\f"


@given(st.text())
def test_text_without_such_characters_stays(text):
    assert not {*visible(text).replace("\r\n", "")} & {*OBEYED} - {*KEPT}
    assert visible(visible(text)) == visible(text)
    if not {*text} & {*OBEYED}:
        assert visible(text) == text


def test_each_is_shown_by_its_code():
    shown = visible("a\x1b[31m\r\x9b\u202e\udc80\n")
    assert shown == "a\\x1b[31m\\x0d\\x9b\\u202e\\udc80\n"
    for character in {*OBEYED} - {*KEPT}:
        assert visible(character).isascii()
        assert visible(character).isprintable()
    assert visible("سلام \u200f naïve 日本 😀") == "سلام \u200f naïve 日本 😀"


def test_line_ends_of_windows_stay():
    assert visible("The\tO\r\nover\rwritten\r\n") == "The\tO\r\nover\\x0dwritten\r\n"


def test_a_stream_shows_codes_and_is_otherwise_the_one_inside():
    inner = io.StringIO()
    stream = VisibleStream(inner)
    assert stream.write(f"x{TITLE}\n") == len(TITLE) + 2
    assert inner.getvalue() == "x\\x1b]0;OWNED\\x07\n"
    assert stream.isatty() is False


def test_only_colours_pass_where_a_library_colours():
    inner = io.StringIO()
    VisibleStream(inner, styles=True).write(f"\x1b[1;31mred\x1b[0m{TITLE}\x1b[2J")
    assert inner.getvalue() == "\x1b[1;31mred\x1b[0m\\x1b]0;OWNED\\x07\\x1b[2J"


def test_output_is_put_back(capsys):
    before = sys.stdout
    with visible_output():
        print(TITLE, file=sys.stderr)
        with styled_output():
            print("\x1b[1mhelp\x1b[0m")
        print(TITLE)
    assert sys.stdout is before
    said = capsys.readouterr()
    assert said.out == "\x1b[1mhelp\x1b[0m\n\\x1b]0;OWNED\\x07\n"
    assert said.err == "\\x1b]0;OWNED\\x07\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_console_styles_and_shows_codes(terminal):
    file = io.StringIO()
    table = Table("name", title=TITLE)
    table.add_row(f"[bold]a{TITLE}[/]")
    table.add_row(Text(f"b{TITLE}"))
    console = Terminal(
        file=file,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        width=60,
        highlight=False,
    )
    console.print(table)
    console.print(f"c{TITLE}", Text(TITLE))
    said = file.getvalue()
    assert TITLE not in said
    assert said.count("\\x1b]0;OWNED") == 5
    assert ("\x1b[1m" in said) is terminal
    widths = {len(line) for line in said.splitlines() if not terminal and line[0] in "│┏└"}
    assert len(widths) == (0 if terminal else 1)


def test_an_error_of_the_command_line_is_shown_by_codes(capsys, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(f"time,a{TITLE},b\n2020-01-01,1,2\n2020-01-02,1,2\n")
    assert main(["train", "forecast", "--data", str(path), "--out", str(tmp_path / "x")]) == 1
    assert main(["evaluate", f"no{TITLE}", "--data", "x"]) == 1
    said = capsys.readouterr()
    assert "\x1b" not in said.err + said.out
    assert said.err.count("\\x1b]0;OWNED\\x07") == 2
