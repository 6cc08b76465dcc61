"""A report page in a real Chromium."""

import re
import shutil
import sys

import pytest
from report_pages import NASTY_TOKENS, make_page, make_states

from unrolled.errors import ConfigError, DataError
from unrolled.pages import Chart, Section, check_page, new_figure, write_page
from unrolled.pages.check import BROWSERS, collect_problems, open_browser
from unrolled.pages.display import visible

pytestmark = [
    pytest.mark.browser,
    pytest.mark.draws,
    pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="needs Chromium, which is not on PATH"),
]


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright", reason="needs playwright: pip install 'unrolled[browser]'")
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "report.html"
    write_page(make_page(), path)
    return path


@pytest.fixture
def tab(browser, report):
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    page = context.new_page()
    problems = collect_problems(page, report)
    page.goto(report.as_uri())
    yield page
    context.close()
    assert problems == []


def contrasts(tab, selector):
    """Contrast of the text of each matching element with its background."""
    return tab.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].map((element) => {
          const style = getComputedStyle(element);
          const [low, high] = [style.color, style.backgroundColor].map((colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3)
              .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          }).sort((a, b) => a - b);
          return high / low;
        })""",
        selector,
    )


def test_a_valid_page_has_no_problems(browser, report, tmp_path):
    assert check_page(report, tmp_path / "looks", browser=browser) == []
    screenshots = ["phone-dark.png", "phone-light.png", "wide-dark.png", "wide-light.png"]
    assert sorted(p.name for p in (tmp_path / "looks").iterdir()) == screenshots


def test_problems_are_found(browser, tmp_path):
    figure = new_figure(4, 2)
    figure.text(0.98, 0.5, "cut off at the edge")
    cut = Chart("cut", "Cut", "", figure, {})
    path = tmp_path / "bad.html"
    write_page(make_page(sections=(Section("S", "", (cut,)),)), path)
    html = path.read_text(encoding="utf-8").replace("default-src 'none'; ", "")
    html = html.replace("</main>", "<img src='nowhere.png'><p style='width: 2000px'>wide</p></main>")
    html = html.replace("--ink: light-dark(#1b1f24", "--ink: light-dark(#999999")
    path.write_text(html.replace("</body>", "<script>console.warn('beware'); broken()</script></body>"))
    problems = "\n".join(check_page(path, browser=browser))
    for problem in (
        r"wide-light: the page requests file:///.*nowhere\.png",
        r"phone-dark: the page is \d+ px wider than the window",
        r"wide-light: text has a contrast of 2\.\d, less than 7\.0",
        r'figure-cut: "cut off at the edge" is cut off by \d+ px',
        r"warning of the browser: beware",
        r"error of a script: .*broken",
    ):
        assert re.search(problem, problems), problems
    assert "wide-dark: text has" not in problems


def test_hovering_shows_token_unit_and_value(tab):
    expected_states = make_states()
    figure = tab.locator("#figure-states")
    cells = figure.locator("canvas.cells")
    cells.scroll_into_view_if_needed()
    for layer, time, unit in (("l0", 3, 3), ("l1", 13, 5), ("l1", 70, 0)):
        figure.locator(".pick-layer").select_option(index=list(expected_states.layers).index(layer))
        cells.hover(position={"x": 9 * time + 4, "y": 16 * unit + 8})
        readout = figure.locator(".readout")
        assert readout.get_attribute("data-token") == str(time)
        assert readout.get_attribute("data-unit") == str(unit)
        assert readout.locator("code").inner_text() == visible(expected_states.tokens[time])
        value = float(readout.get_attribute("data-value"))
        assert value == pytest.approx(expected_states.layers[layer][time, unit], abs=0.02)
        assert ("newline, r = 0.93" in readout.inner_text()) == ((layer, unit) == ("l0", 3))


def test_units_are_shown_in_the_chosen_order(tab):
    figure = tab.locator("#figure-states")
    cells, readout = figure.locator("canvas.cells"), figure.locator(".readout")
    for order, is_sorted in (("similar", False), ("natural", True)):
        figure.locator(".pick-order").select_option(order)
        units = []
        for row in range(6):
            cells.hover(position={"x": 4, "y": 16 * row + 8})
            units.append(int(readout.get_attribute("data-unit")))
        assert sorted(units) == list(range(6))
        assert (units == sorted(units)) == is_sorted


def test_selecting_a_unit_colours_the_text(tab):
    figure = tab.locator("#figure-states")
    spans = (
        "() => [...document.querySelectorAll('#figure-states .coloured span')].map(s => s.style.background)"
    )
    initial_colours = tab.evaluate(spans)
    assert len(set(initial_colours)) > 10
    figure.locator(".pick-unit").select_option("5")
    assert tab.evaluate(spans) != initial_colours
    assert "unit 5 of l0" in figure.locator(".coloured-title").inner_text()
    figure.get_by_role("button", name="newline, r = 0.93").click()
    assert tab.evaluate(spans) == initial_colours
    figure.locator("canvas.cells").click(position={"x": 40, "y": 5 * 16 + 8})
    assert tab.evaluate(spans) != initial_colours
    value = make_states().layers["l0"][0]
    colours_by_unit = {
        u: tuple(map(int, re.findall(r"\d+", c)))
        for u, c in first_token_colours(tab, figure, range(6)).items()
    }
    for unit, (red, _, blue) in colours_by_unit.items():
        assert (red > blue) == (value[unit] > 0), "orange is positive, blue negative"


def first_token_colours(tab, figure, units):
    colours = {}
    for unit in units:
        figure.locator(".pick-unit").select_option(str(unit))
        colours[unit] = figure.locator(".coloured span").first.evaluate("s => s.style.background")
    return colours


def test_the_map_is_navigated_by_keyboard(tab):
    figure = tab.locator("#figure-states")
    figure.locator(".window").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "Enter"):
        tab.keyboard.press(key)
    readout = figure.locator(".readout")
    assert (readout.get_attribute("data-token"), readout.get_attribute("data-unit")) == ("1", "4")
    assert figure.locator(".pick-unit").input_value() == "4"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_coloured_text_is_legible_in_both_themes(tab, theme):
    tab.emulate_media(color_scheme=theme)
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert min(contrasts(tab, ".coloured span:not(.faint)")) >= 4.5
    assert min(contrasts(tab, "body")) >= 7


def test_the_theme_is_toggled(tab):
    get_background = "() => getComputedStyle(document.body).backgroundColor"
    light, button = tab.evaluate(get_background), tab.locator("button.theme")
    light_screenshot = tab.locator("#figure-states canvas.cells").screenshot()
    button.click()
    dark = tab.evaluate(get_background)
    assert dark != light
    assert tab.locator("#figure-states canvas.cells").screenshot() != light_screenshot
    assert min(contrasts(tab, "body")) >= 7
    button.click()
    assert tab.evaluate(get_background) == light
    assert tab.locator("#figure-states canvas.cells").screenshot() == light_screenshot


def test_nasty_tokens_are_shown_as_text(tab):
    spans = tab.locator("#figure-nasty .coloured span")
    # Text content shows what is read; tokens parsed as markup would be missing in it.
    assert spans.all_text_contents() == [visible(t) for t in NASTY_TOKENS]
    assert tab.locator("#figure-nasty .coloured *").count() == len(NASTY_TOKENS)


def test_an_option_is_copied(tab):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy --clip-norm").click()
    tab.get_by_text("Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == '--clip-norm "1.0"'


def test_without_javascript_only_the_maps_are_missing(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.get_by_text("This map needs JavaScript").first.is_visible()
    assert page.locator(".drawing svg").first.is_visible()
    assert page.locator(".verdict").count() == 3
    assert not page.locator("button.theme").is_visible()
    context.close()


def test_missing_page_and_playwright_are_reported(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"none\.html: no such page"):
        check_page(tmp_path / "none.html")
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with (
        pytest.raises(ConfigError, match=r"needs playwright: pip install 'unrolled\[browser\]'"),
        open_browser(),
    ):
        pass
