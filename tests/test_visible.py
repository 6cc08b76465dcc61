"""Control characters that a terminal would obey are printed as escape codes."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from unrolled.cli.main import main
from unrolled.terminal import Terminal
from unrolled.visible import VisibleStream, escape_control_characters, styled_output, visible_output

TITLE = "\x1b]0;OWNED\x07"
CONTROL_CHARACTERS = [*map(chr, range(32)), *map(chr, range(127, 160)), *"\u202a\u202e\u2066\u2069", "\udc80"]
ALLOWED = "\t\n\f"


@given(st.text())
def test_text_without_control_characters_is_unchanged(text):
    assert not {*escape_control_characters(text).replace("\r\n", "")} & {*CONTROL_CHARACTERS} - {*ALLOWED}
    assert escape_control_characters(escape_control_characters(text)) == escape_control_characters(text)
    if not {*text} & {*CONTROL_CHARACTERS}:
        assert escape_control_characters(text) == text


def test_control_characters_are_escaped():
    shown = escape_control_characters("a\x1b[31m\r\x9b\u202e\udc80\n")
    assert shown == "a\\x1b[31m\\x0d\\x9b\\u202e\\udc80\n"
    for character in {*CONTROL_CHARACTERS} - {*ALLOWED}:
        assert escape_control_characters(character).isascii()
        assert escape_control_characters(character).isprintable()
    assert escape_control_characters("سلام \u200f naïve 日本 😀") == "سلام \u200f naïve 日本 😀"


def test_windows_line_ends_are_unchanged():
    assert escape_control_characters("The\tO\r\nover\rwritten\r\n") == "The\tO\r\nover\\x0dwritten\r\n"


def test_a_stream_escapes_and_otherwise_delegates():
    inner = io.StringIO()
    stream = VisibleStream(inner)
    assert stream.write(f"x{TITLE}\n") == len(TITLE) + 2
    assert inner.getvalue() == "x\\x1b]0;OWNED\\x07\n"
    assert stream.isatty() is False


def test_with_styles_only_colour_codes_pass():
    inner = io.StringIO()
    VisibleStream(inner, styles=True).write(f"\x1b[1;31mred\x1b[0m{TITLE}\x1b[2J")
    assert inner.getvalue() == "\x1b[1;31mred\x1b[0m\\x1b]0;OWNED\\x07\\x1b[2J"


def test_stdout_is_restored(capsys):
    before = sys.stdout
    with visible_output():
        print(TITLE, file=sys.stderr)
        with styled_output():
            print("\x1b[1mhelp\x1b[0m")
        print(TITLE)
    assert sys.stdout is before
    captured = capsys.readouterr()
    assert captured.out == "\x1b[1mhelp\x1b[0m\n\\x1b]0;OWNED\\x07\n"
    assert captured.err == "\\x1b]0;OWNED\\x07\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_console_styles_and_escapes(terminal):
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
    printed = file.getvalue()
    assert TITLE not in printed
    assert printed.count("\\x1b]0;OWNED") == 5
    assert ("\x1b[1m" in printed) is terminal
    widths = {len(line) for line in printed.splitlines() if not terminal and line[0] in "│┏└"}
    assert len(widths) == (0 if terminal else 1)


def test_command_line_errors_are_escaped(capsys, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(f"time,a{TITLE},b\n2020-01-01,1,2\n2020-01-02,1,2\n")
    assert main(["train", "forecast", "--data", str(path), "--out", str(tmp_path / "x")]) == 1
    assert main(["evaluate", f"no{TITLE}", "--data", "x"]) == 1
    captured = capsys.readouterr()
    assert "\x1b" not in captured.err + captured.out
    assert captured.err.count("\\x1b]0;OWNED\\x07") == 2
