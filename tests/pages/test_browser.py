"""A report page in a real Chromium."""

import re
import shutil
import sys

import pytest
from report_pages import NASTY, page, states

from unrolled.errors import ConfigError, DataError
from unrolled.pages import Chart, Section, check_page, new_figure, write_page
from unrolled.pages.check import BROWSERS, collect_problems, open_browser
from unrolled.pages.display import visible

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="needs Chromium, which is not on PATH"),
]


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright", reason="needs playwright: pip install 'unrolled[browser]'")
    with open_browser() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "report.html"
    write_page(page(), path)
    return path


@pytest.fixture
def tab(browser, report):
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    opened = context.new_page()
    problems = collect_problems(opened, report)
    opened.goto(report.as_uri())
    yield opened
    context.close()
    assert problems == []


def contrasts(tab, selector):
    """The contrast of the text of each such element with its own background."""
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


def test_a_good_page_has_no_problems(browser, report, tmp_path):
    assert check_page(report, tmp_path / "looks", browser=browser) == []
    looks = ["phone-dark.png", "phone-light.png", "wide-dark.png", "wide-light.png"]
    assert sorted(p.name for p in (tmp_path / "looks").iterdir()) == looks


def test_problems_are_found(browser, tmp_path):
    figure = new_figure(4, 2)
    figure.text(0.98, 0.5, "cut off at the edge")
    cut = Chart("cut", "Cut", "", figure, {})
    path = tmp_path / "bad.html"
    write_page(page(sections=(Section("S", "", (cut,)),)), path)
    html = path.read_text(encoding="utf-8").replace("default-src 'none'; ", "")
    html = html.replace("</main>", "<img src='nowhere.png'><p style='width: 2000px'>wide</p></main>")
    html = html.replace("--ink: light-dark(#1b1f24", "--ink: light-dark(#999999")
    path.write_text(html.replace("</body>", "<script>console.warn('beware'); broken()</script></body>"))
    found = "\n".join(check_page(path, browser=browser))
    for problem in (
        r"wide-light: the page requests file:///.*nowhere\.png",
        r"phone-dark: the page is \d+ px wider than the window",
        r"wide-light: text has a contrast of 2\.\d, less than 7\.0",
        r'figure-cut: "cut off at the edge" is cut off by \d+ px',
        r"warning of the browser: beware",
        r"error of a script: .*broken",
    ):
        assert re.search(problem, found), found
    assert "wide-dark: text has" not in found


def test_the_token_and_value_under_the_pointer_are_told(tab):
    given = states()
    part = tab.locator("#figure-states")
    cells = part.locator("canvas.cells")
    cells.scroll_into_view_if_needed()
    for layer, time, unit in (("l0", 3, 3), ("l1", 13, 5), ("l1", 70, 0)):
        part.locator(".pick-layer").select_option(index=list(given.layers).index(layer))
        cells.hover(position={"x": 9 * time + 4, "y": 16 * unit + 8})
        readout = part.locator(".readout")
        assert readout.get_attribute("data-token") == str(time)
        assert readout.get_attribute("data-unit") == str(unit)
        assert readout.locator("code").inner_text() == visible(given.tokens[time])
        told = float(readout.get_attribute("data-value"))
        assert told == pytest.approx(given.layers[layer][time, unit], abs=0.02)
        assert ("newline, r = 0.93" in readout.inner_text()) == ((layer, unit) == ("l0", 3))


def test_units_stand_in_the_order_that_is_chosen(tab):
    part = tab.locator("#figure-states")
    cells, readout = part.locator("canvas.cells"), part.locator(".readout")
    for order, same in (("similar", False), ("natural", True)):
        part.locator(".pick-order").select_option(order)
        units = []
        for row in range(6):
            cells.hover(position={"x": 4, "y": 16 * row + 8})
            units.append(int(readout.get_attribute("data-unit")))
        assert sorted(units) == list(range(6))
        assert (units == sorted(units)) == same


def test_choosing_a_unit_colours_the_text(tab):
    part = tab.locator("#figure-states")
    spans = (
        "() => [...document.querySelectorAll('#figure-states .coloured span')].map(s => s.style.background)"
    )
    noted = tab.evaluate(spans)
    assert len(set(noted)) > 10
    part.locator(".pick-unit").select_option("5")
    assert tab.evaluate(spans) != noted
    assert "unit 5 of l0" in part.locator(".coloured-title").inner_text()
    part.get_by_role("button", name="newline, r = 0.93").click()
    assert tab.evaluate(spans) == noted
    part.locator("canvas.cells").click(position={"x": 40, "y": 5 * 16 + 8})
    assert tab.evaluate(spans) != noted
    value = states().layers["l0"][0]
    first = {u: tuple(map(int, re.findall(r"\d+", c))) for u, c in self_colours(tab, part, range(6)).items()}
    for unit, (red, _, blue) in first.items():
        assert (red > blue) == (value[unit] > 0), "orange is positive, blue negative"


def self_colours(tab, part, units):
    found = {}
    for unit in units:
        part.locator(".pick-unit").select_option(str(unit))
        found[unit] = part.locator(".coloured span").first.evaluate("s => s.style.background")
    return found


def test_the_map_is_moved_through_by_keys(tab):
    part = tab.locator("#figure-states")
    part.locator(".window").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "Enter"):
        tab.keyboard.press(key)
    readout = part.locator(".readout")
    assert (readout.get_attribute("data-token"), readout.get_attribute("data-unit")) == ("1", "4")
    assert part.locator(".pick-unit").input_value() == "4"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_coloured_text_is_legible_in_both_themes(tab, theme):
    tab.emulate_media(color_scheme=theme)
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert min(contrasts(tab, ".coloured span:not(.faint)")) >= 4.5
    assert min(contrasts(tab, "body")) >= 7


def test_the_theme_is_toggled(tab):
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light, button = tab.evaluate(ground), tab.locator("button.theme")
    drawn = tab.locator("#figure-states canvas.cells").screenshot()
    button.click()
    dark = tab.evaluate(ground)
    assert dark != light
    assert tab.locator("#figure-states canvas.cells").screenshot() != drawn
    assert min(contrasts(tab, "body")) >= 7
    button.click()
    assert tab.evaluate(ground) == light
    assert tab.locator("#figure-states canvas.cells").screenshot() == drawn


def test_nasty_tokens_are_text(tab):
    spans = tab.locator("#figure-nasty .coloured span")
    # innerHTML would show markup that was taken for such; text content shows what is read.
    assert spans.all_text_contents() == [visible(t) for t in NASTY]
    assert tab.locator("#figure-nasty .coloured *").count() == len(NASTY)


def test_an_option_is_copied(tab):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy --clip-norm").click()
    tab.get_by_text("Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == '--clip-norm "1.0"'


def test_without_scripts_all_but_the_maps_is_there(browser, report):
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(report.as_uri())
    assert bare.get_by_text("This map needs JavaScript").first.is_visible()
    assert bare.locator(".drawing svg").first.is_visible()
    assert bare.locator(".verdict").count() == 3
    assert not bare.locator("button.theme").is_visible()
    context.close()


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"none\.html: no such page"):
        check_page(tmp_path / "none.html")
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with (
        pytest.raises(ConfigError, match=r"needs playwright: pip install 'unrolled\[browser\]'"),
        open_browser(),
    ):
        pass
