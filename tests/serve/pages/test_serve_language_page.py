"""The page of a language model in a real Chromium: what it shows is what the model says."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from served_bars import shown_bars
from unrolled import LanguageModel
from unrolled.runtime import load

pytestmark = pytest.mark.browser
READ = re.compile("^Uncertainty|^No word|^Words that")


def open_model(open_page: Callable, address: str, expect: Any, **options: Any) -> Any:
    tab = open_page(address, **options)
    expect(tab.locator("#entropy")).to_have_text(READ)
    return tab


def set_slider(tab: Any, name: str, value: float) -> None:
    tab.locator(f"#{name}").evaluate(
        "(slider, value) => { slider.value = value;"
        " slider.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


def expect_next(tab: Any, expect: Any, run: Path, text: str) -> None:
    """Wait until the bars are the model's probabilities of the next token at temperature 1."""
    model = load(run)
    names = {"\n": "↵", " ": "␣", "<eos>": "↵" if model.unit == "word" else "end of text"}
    expected = {names.get(name, name): p for name, p in model.next(text, 10)}
    (best, p), *_ = expected.items()
    first = tab.locator("#bars li").first
    expect(first.locator(".name")).to_have_text(best)
    expect(first.locator(".value")).to_have_text(f"{100 * p:.1f}%")
    shown = shown_bars(tab)
    assert shown.keys() == expected.keys()
    for name, value in shown.items():
        assert value == pytest.approx(expected[name], abs=6e-4), name


def test_typing_and_deleting_show_the_next_characters(
    open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    tab = open_model(open_page, f"{serve_runs(tiny_run)}/models/{tiny_run.name}", expect)
    set_slider(tab, "temperature", 1)
    tab.locator("#suggest").uncheck()
    area, text, rng = tab.locator("#text"), "", random.Random(3)
    area.press_sequentially("The miller ", delay=2)
    expect_next(tab, expect, tiny_run, "The miller ")
    text = "The miller "
    for _ in range(6):
        for _ in range(rng.randrange(1, 9)):
            area.press("Backspace")
        more = rng.choice(["boat", "er and\n", "s, the old ", "~ü"])
        area.press_sequentially(more)
        text = area.input_value()
    expect_next(tab, expect, tiny_run, text)
    area.fill("")
    expect_next(tab, expect, tiny_run, "")
    area.press_sequentially("A heron\n")
    area.evaluate("area => area.setSelectionRange(2, 4)")
    area.press("Delete")  # in the middle
    expect_next(tab, expect, tiny_run, "A ron\n")
    tab.locator("#bars button").first.click()
    assert len(area.input_value()) == len("A ron\n") + 1
    expect(tab.locator("#behind .by-model")).to_have_count(1)


def test_a_long_text_is_read_in_parts(
    open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path, write_english: Callable
) -> None:
    text = write_english(200).replace(".", " 🙂.")[:9001].rstrip("\n")
    tab = open_model(open_page, f"{serve_runs(tiny_run)}/models/{tiny_run.name}", expect)
    set_slider(tab, "temperature", 1)
    tab.fill("#text", text)
    expect(tab.locator("#behind [class^=warm]").first).to_be_attached()
    expect_next(tab, expect, tiny_run, text)
    tab.locator("#text").press("End")
    tab.locator("#text").press("Control+End")
    tab.locator("#text").press("Backspace")
    expect_next(tab, expect, tiny_run, text[:-1])
    assert tab.locator("#behind").inner_text().startswith(text[:200])


def test_the_units_light_up(open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path) -> None:
    tab = open_model(open_page, f"{serve_runs(tiny_run)}/models/{tiny_run.name}#The%20old%20clock", expect)
    assert tab.input_value("#text") == "The old clock"
    field = tab.locator(".field-of-units")
    expect(tab.locator("#unit")).to_have_text(re.compile(r"^Unit \d+$"))
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((byte) => byte)"
    assert field.evaluate(drawn)
    assert tab.locator("#trace").evaluate(drawn)
    field.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#unit")).to_have_text("Unit 3")
    expect(tab.locator("#tip")).to_have_text(re.compile(r"^Unit 3: −?\d\.\d\d$"))
    field.press("Enter")
    field.blur()
    expect(tab.locator("#unit-note")).to_have_text(re.compile("kept"))
    expect(tab.locator("#behind [class^=div]").first).to_be_attached()
    tab.get_by_role("radio", name="Through time").check()
    assert tab.locator("canvas.map").evaluate(drawn)
    tab.get_by_role("radio", name="Through time").press("Escape")
    expect(tab.locator("#unit-note")).to_have_text(re.compile("changes most"))
    expect(tab.locator("#behind [class^=div]")).to_have_count(0)


def test_the_model_writes_by_keyboard(
    open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    tab = open_model(open_page, f"{serve_runs(tiny_run)}/models/{tiny_run.name}", expect)
    area, ghost = tab.locator("#text"), tab.locator("#behind .ghost")
    area.press_sequentially("The ")
    expect(ghost).not_to_be_empty()
    tab.wait_for_timeout(200)
    suggestion = ghost.text_content()
    area.press_sequentially(suggestion[0])
    assert ghost.text_content() == suggestion[1:]
    area.press("Tab")
    assert area.input_value() == f"The {suggestion}"
    area.press("Control+Enter")
    expect(tab.locator("#go")).to_have_text("Stop")
    expect(area).to_have_value(re.compile(rf"^[\s\S]{{{len(suggestion) + 8},}}$"))
    area.press("Escape")
    expect(tab.locator("#go")).to_have_text("Continue")
    text = area.input_value()
    tab.wait_for_timeout(200)
    assert area.input_value() == text
    tab.locator("#clear").click()
    assert area.input_value() == ""
    area.press("Tab")  # leaves the text: there is nothing to take
    assert tab.evaluate("document.activeElement.id") != "text"


def test_settings_reach_the_model(
    open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    tab = open_model(open_page, f"{serve_runs(tiny_run)}/models/{tiny_run.name}", expect)
    tab.locator("#suggest").uncheck()
    tab.fill("#text", "The old ")
    tab.fill("#top-k", "3")
    expect(tab.locator("#bars .off")).to_have_count(7)
    tab.fill("#top-k", "")
    set_slider(tab, "top-p", 0.05)
    expect(tab.locator("#bars .off")).to_have_count(9)
    set_slider(tab, "temperature", 0)
    expect(tab.locator("#bars .value").first).to_have_text("100%")
    with tab.expect_request("**/generate") as request:
        tab.fill("#seed", "7")
        tab.locator("#go").click()
    sent = request.value.post_data_json
    assert (sent["temperature"], sent["top_p"], sent["top_k"], sent["seed"]) == (0, 0.05, 0, 7)
    tab.locator("#go").click()


def test_a_word_that_has_begun_is_kept(
    open_page: Callable, serve_runs: Callable, expect: Any, tiny_words: LanguageModel, tmp_path: Path
) -> None:
    tiny_words.save(tmp_path / "words")
    tab = open_model(open_page, f"{serve_runs(tmp_path / 'words')}/models/words", expect)
    set_slider(tab, "temperature", 1)
    tab.locator("#suggest").uncheck()
    area = tab.locator("#text")
    area.press_sequentially("The mi")
    expect(tab.locator("#bars .name").first).to_have_text("miller")
    assert all(name.startswith("mi") for name in shown_bars(tab))
    tab.get_by_role("button", name=re.compile("^miller,")).click()
    assert area.input_value() == "The miller"
    area.press_sequentially(" ")
    expect_next(tab, expect, tmp_path / "words", "The miller")
    area.press_sequentially("zzz")
    expect(tab.locator("#entropy")).to_have_text(re.compile("^No word"))


def test_it_fits_a_phone_in_both_themes(
    check_views: Callable, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    address = f"{serve_runs(tiny_run)}/models/{tiny_run.name}#The%20miller%20mends"
    check_views(address, lambda tab: expect(tab.locator("#entropy")).to_have_text(READ))


def test_an_error_of_the_server_is_shown(
    browser: Any, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    tab = browser.new_page()
    tab.goto(f"{serve_runs(tiny_run)}/models/{tiny_run.name}")
    expect(tab.locator("#entropy")).to_have_text(READ)
    tab.route("**/next", lambda route: route.fulfill(status=422, json={"error": "text: is <b>odd</b>"}))
    tab.locator("#text").press_sequentially("a")
    expect(tab.get_by_role("alert")).to_contain_text("text: is <b>odd</b>")
    tab.unroute("**/next")
    tab.locator("#text").press_sequentially("b")
    expect(tab.get_by_role("alert")).to_have_count(0)
    tab.close()
