"""What is shown while one waits: only on a terminal, and the work is done either way."""

import io

import pytest

from unrolled.training import waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_it_is_shown_on_a_terminal_when_asked_for(monkeypatch, shown, terminal, stream):
    written = stream()
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setenv("TERM", terminal)
    with waiting.spinner("reading it", shown=shown):
        pass
    with waiting.counting_bar("scoring it", 10, shown=shown) as report:
        report(4)
        report(6)
    visible = shown and stream is Terminal and terminal != "dumb"
    assert ("reading it" in written.getvalue()) == visible
    assert ("scoring it" in written.getvalue()) == visible
