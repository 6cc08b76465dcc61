"""Fixtures for exported web pages: a real Chromium, a web server for a folder, an opened page."""

import functools
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from unrolled.pages.check import BROWSERS, open_browser

LOADED = "document.getElementById('about').innerText.includes('weights')"
"""True once the model of a page is loaded."""


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("playwright", reason="needs playwright: pip install 'unrolled[browser]'")
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("needs Chromium, which is not on PATH")
    with open_browser() as running:
        yield running


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """``serve(folder)`` returns the address of a web server, as ``python -m http.server`` is one."""
    servers = []

    def start(folder: Path) -> str:
        handler = functools.partial(_Silent, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """``open_page(address)`` opens a page; the test fails if the browser reports an error or a warning."""
    problems: list[str] = []
    tabs = []

    def start(address: str, **options: Any) -> Any:
        tab = browser.new_page(**options)
        tabs.append(tab)
        tab.on("pageerror", lambda error: problems.append(f"error of a script: {error}"))
        tab.on("console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None)
        tab.goto(address)
        return tab

    yield start
    for tab in tabs:
        tab.close()
    assert problems == []


def shown_probabilities(tab: Any) -> dict[str, float]:
    """Return the bars: probability by token."""
    rows = tab.eval_on_selector_all(
        "#bars button", "rows => rows.map(r => [...r.children].map(c => c.innerText))"
    )
    return {token: float(percent.rstrip("%")) / 100 for _, token, percent in rows}


def set_temperature(tab: Any, value: float) -> None:
    """Move the slider."""
    tab.eval_on_selector(
        "#temperature", "(slider, value) => { slider.value = value; slider.oninput(); }", value
    )
