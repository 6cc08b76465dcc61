"""Spinner and counting bar: shown only on a terminal; the work is done either way."""

import io

import pytest

from unrolled.training import progress_display


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_is_shown_only_on_a_terminal_and_if_requested(monkeypatch, shown, terminal, stream):
    output = stream()
    monkeypatch.setattr("sys.stderr", output)
    monkeypatch.setenv("TERM", terminal)
    with progress_display.spinner("reading it", shown=shown):
        pass
    with progress_display.counting_bar("scoring it", 10, shown=shown) as report:
        report(4)
        report(6)
    visible = shown and stream is Terminal and terminal != "dumb"
    assert ("reading it" in output.getvalue()) == visible
    assert ("scoring it" in output.getvalue()) == visible
