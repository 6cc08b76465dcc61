"""Check of a page in a real browser: that it opens, fits the window, and is visible and readable."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from unrolled.errors import ConfigError, DataError

if TYPE_CHECKING:
    from playwright.sync_api import Browser  # type: ignore[import-not-found, unused-ignore]
    from playwright.sync_api import Page as Tab

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, WIDE = 360, 1400
"""Widths of the window in pixels; the page must fit both."""
CONTRAST = 7.0
"""Minimum contrast of running text (level AAA of WCAG 2)."""

_FIND_PROBLEMS = """() => {
  const problems = [];
  const luminance = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255);
    const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.body);
  const [dim, bright] = [style.color, style.backgroundColor].map(luminance).sort((a, b) => a - b);
  const contrast = (bright + 0.05) / (dim + 0.05);
  if (contrast < MIN_CONTRAST) {
    problems.push(`text has a contrast of ${contrast.toFixed(1)}, less than MIN_CONTRAST`);
  }
  const excess = document.documentElement.scrollWidth - innerWidth;
  if (excess > 0) problems.push(`the page is ${excess} px wider than the window`);
  for (const svg of document.querySelectorAll(".drawing svg")) {
    const name = svg.closest("figure").id;
    const box = svg.getBoundingClientRect();
    if (box.width < 10 || box.height < 10) { problems.push(`${name} is not visible`); continue; }
    for (const text of svg.querySelectorAll("text")) {
      const label = text.getBoundingClientRect();
      const horizontal = Math.max(box.left - label.left, label.right - box.right);
      const excess = Math.max(horizontal, box.top - label.top, label.bottom - box.bottom).toFixed(0);
      const quoted = JSON.stringify(text.textContent);
      if (excess > 3) problems.push(`${name}: ${quoted} is cut off by ${excess} px`);
    }
  }
  for (const canvas of document.querySelectorAll("canvas.cells, canvas.overview:not([hidden])")) {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    if (!data.some((byte) => byte !== 0)) problems.push(`${canvas.closest("figure").id}: the map is empty`);
  }
  return problems;
}""".replace("MIN_CONTRAST", str(CONTRAST))


def check_page(path: Path, screenshots: Path | None = None, *, browser: "Browser | None" = None) -> list[str]:
    """Open the page in a headless Chromium and return the problems found, one line each.

    The page is checked in the light and the dark theme, on a phone (360 px) and a wide screen (1400 px), for:
    errors and warnings of the browser, requests for other files, charts that are invisible or have cut-off
    labels, empty state maps, text with low contrast, and a page wider than its window.

    Args:
        path: the page.
        screenshots: folder for a screenshot of each variant (``wide-light.png``, …); created if missing.
        browser: a running browser; None starts one and closes it.

    Raises:
        ConfigError: if playwright or Chromium is missing; the message says what to install.
        DataError: if the file does not exist.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such page")
    problems: list[str] = []
    with nullcontext(browser) if browser else open_browser() as running:
        for theme in ("light", "dark"):
            for width in (WIDE, PHONE):
                variant = f"{'phone' if width == PHONE else 'wide'}-{theme}"
                picture = screenshots / f"{variant}.png" if screenshots else None
                problems += [f"{variant}: {p}" for p in _check_variant(running, path, theme, width, picture)]
    return problems


@contextmanager
def open_browser() -> "Iterator[Browser]":
    """Start a headless Chromium: that of the system if there is one, else that of playwright.

    Raises:
        ConfigError: if playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise ConfigError(
            "checking a page in a browser needs playwright: pip install 'unrolled[browser]'"
        ) from error
    with sync_playwright() as playwright:
        executable = next((p for p in map(shutil.which, BROWSERS) if p), playwright.chromium.executable_path)
        if not Path(executable).is_file():
            raise ConfigError(
                f"checking a page in a browser needs Chromium: install it with the system's package manager "
                f"(searched on PATH: {', '.join(BROWSERS)}), or run: playwright install chromium"
            )
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def _check_variant(browser: "Browser", path: Path, theme: str, width: int, picture: Path | None) -> list[str]:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if theme == "dark" else "light"
    )
    tab = context.new_page()
    problems = collect_problems(tab, path)
    tab.goto(path.resolve().as_uri())
    problems += tab.evaluate(_FIND_PROBLEMS)
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=picture, full_page=True)
    context.close()
    return problems


def collect_problems(tab: "Tab", path: Path) -> list[str]:
    """Return a list that collects the browser's errors, warnings and requests for other files."""
    problems: list[str] = []
    page = path.resolve().as_uri()

    def check_request(url: str) -> None:
        if url.partition("#")[0] != page and not url.startswith("data:"):
            problems.append(f"the page requests {url}")

    def check_message(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            problems.append(f"{kind} of the browser: {text}")

    tab.on("request", lambda request: check_request(request.url))
    tab.on("console", lambda message: check_message(message.type, message.text))
    tab.on("pageerror", lambda error: problems.append(f"error of a script: {error}"))
    return problems
