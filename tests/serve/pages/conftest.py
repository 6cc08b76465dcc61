"""Fixtures for served pages: a running server, what is waited for, and checks of every page."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PHONE, DESKTOP = 360, 1280

PROBLEMS = """() => {
  const problems = [], wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) problems.push(`the page is ${wide} px wider than the window`);
  for (const e of document.querySelectorAll("button, a, input, select, textarea, canvas[tabindex]")) {
    const label = e.ariaLabel || e.getAttribute("aria-labelledby") || e.labels?.[0]?.innerText;
    const name = label || e.innerText || e.title;
    if (e.checkVisibility() && !name?.trim()) problems.push(`${e.outerHTML.slice(0, 80)} has no name`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`two elements are #${id}`);
  return problems;
}"""
"""Problems of a page as it is now: too wide, controls without a name, ids that are not unique."""


@pytest.fixture
def serve_runs() -> Iterator[Callable[..., str]]:
    """``serve_runs(folder, …, token="")`` starts a server of these runs and returns its address."""
    pytest.importorskip("uvicorn", reason="needs the server: pip install 'unrolled[serve]'")
    from unrolled.serve.app import build_app
    from unrolled.serve.metrics import Metrics
    from unrolled.serve.models import Models, ServedModel
    from unrolled.serve.options import LimitOptions, ServeOptions, SessionOptions
    from unrolled.serve.server import Server, listen

    running = []

    def start(*folders: Path, token: str = "", **options: Any) -> str:
        metrics, limits, server_options = Metrics(), LimitOptions(), ServeOptions(stop_seconds=0.5, **options)
        parts = ("float32", limits, SessionOptions(), metrics, token)
        models = Models([ServedModel(folder.name, folder, *parts) for folder in folders])
        socket, began = listen("127.0.0.1", 0), threading.Event()
        app = build_app(models, metrics, server_options, limits, token)
        server = Server(app, models, server_options, limits, began.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
        thread.start()
        running.append((server, thread))
        assert began.wait(30)
        return f"http://127.0.0.1:{socket.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def open_page(serve_runs: Callable[..., str], open_page: Callable[..., Any]) -> Callable[..., Any]:
    """``open_page(address)``, as elsewhere; its tabs are closed before the server stops."""
    return open_page


@pytest.fixture
def expect() -> Any:
    """Playwright's assertions, which wait."""
    return pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def check_views(browser: Any, tmp_path: Path) -> Callable[..., None]:
    """``check_views(address, ready)`` opens a page on a phone and a desktop, light and dark, and checks each.

    ``ready(tab)`` waits until the page shows what it has to show.
    """

    def check(address: str, ready: Callable[[Any], object]) -> None:
        colours = set()
        for width in (PHONE, DESKTOP):
            for theme in ("light", "dark"):
                tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
                problems: list[str] = []
                tab.on("pageerror", lambda error, p=problems: p.append(f"error of a script: {error}"))
                tab.on(
                    "console",
                    lambda m, p=problems: p.append(m.text) if m.type in ("error", "warning") else None,
                )
                tab.goto(address)
                ready(tab)
                problems += tab.evaluate(PROBLEMS)
                colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
                tab.locator("#theme").click()
                colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
                tab.close()
                assert problems == [], f"{width} px, {theme}"
        assert len(colours) == 2, "the button switches between the two themes"

    return check
