"""The page of a translator in a real Chromium: what it shows is what the model says."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unrolled import Translator
from unrolled.runtime import load

pytestmark = pytest.mark.browser
OPTIONS = {"hidden": 24, "embedding": 12, "batch": 16, "lr": 0.02, "max_steps": 120, "threads": 1, "seed": 5}
WORDS = {
    "ein": "a",
    "hund": "dog",
    "katze": "cat",
    "rennt": "runs",
    "ruht": "rests",
    "und": "and",
    "gross": "big",
}
HEBREW = {"כלב": "dog", "חתול": "cat", "בית": "house", "עץ": "tree", "גדול": "big"}
TEXT = "ein hund rennt\nund katze ruht gross"


def make_pairs(words: dict[str, str]) -> list[tuple[str, str]]:
    rng = random.Random(2)
    sources = [rng.choices(list(words), k=rng.randint(1, 6)) for _ in range(150)]
    return [(" ".join(s), " ".join(words[w] for w in s)) for s in sources]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder of a translator of words with attention."""
    folder = tmp_path_factory.mktemp("runs") / "words"
    options = {"tokenizer": "word", "attention": "additive"}
    Translator(**OPTIONS | options).fit(make_pairs(WORDS), out=folder, progress=False)
    return folder


def open_translator(open_page: Callable, address: str, text: str, **options: Any) -> Any:
    tab = open_page(address, **options)
    tab.fill("#text", text)
    return tab


def wait_until_done(tab: Any, expect: Any) -> None:
    expect(tab.locator("#spoken")).to_have_text(re.compile("^Done"))
    expect(tab.locator("#others-note")).to_have_text("probability and score")


def shown_candidates(tab: Any) -> dict[str, float]:
    rows = tab.eval_on_selector_all(
        "#candidates button",
        "rows => rows.map(r => ['.candidate', '.num'].map(part => r.querySelector(part).textContent))",
    )
    return {text: float(score.replace("−", "-")) for text, score in rows}


def test_translations_alternatives_and_scores_are_those_of_the_model(
    open_page: Callable, serve_runs: Callable, expect: Any, run: Path
) -> None:
    tab = open_translator(open_page, f"{serve_runs(run)}/models/words", TEXT)
    wait_until_done(tab, expect)
    best = load(run).translate_n_best(TEXT.split("\n"), n_best=5)
    assert tab.inner_text("#parts").split("\n") == [outputs[0].text for outputs in best]
    for line, outputs in enumerate(best):
        tab.locator(".part").nth(line).click()
        expect(tab.locator("#candidates .candidate").first).to_have_text(outputs[0].text)
        shown = shown_candidates(tab)
        for output in outputs:
            assert shown[output.text] == pytest.approx(output.score, abs=0.006)
    other = best[1][2].text
    tab.locator("#candidates button", has_text=other).first.click()
    expect(tab.locator(".part").nth(1)).to_have_text(other)
    expect(tab.locator("#ribbons .target .unit")).to_have_text([*other.split(), "end"])


def test_words_light_up_what_they_came_from(
    open_page: Callable, serve_runs: Callable, expect: Any, run: Path
) -> None:
    tab = open_translator(open_page, f"{serve_runs(run)}/models/words", "ein hund rennt und")
    wait_until_done(tab, expect)
    attention = load(run).attention("ein hund rennt und")
    strongest = attention.weights.argmax(1)
    for index, source in enumerate(strongest[:-1].tolist()):
        tab.locator(".part .unit").nth(index).hover()
        name = attention.source[source].replace("<eos>", "the end")
        expect(tab.locator("#told")).to_have_text(re.compile(rf"looked at \W*{name}"))
        lit = tab.locator("#behind .unit").evaluate_all(
            "all => all.map(e => Number(e.style.getPropertyValue('--w')))"
        )
        np.testing.assert_allclose(lit, np.sqrt(attention.weights[index, :-1]), atol=2e-3)
        expect(tab.locator("#ribbons path.on")).to_have_count(int((attention.weights[index] >= 0.03).sum()))
    word = tab.locator("#behind .unit").nth(1).bounding_box()
    tab.mouse.move(word["x"] + word["width"] / 2, word["y"] + word["height"] / 2)  # through the text over it
    expect(tab.locator("#told")).to_have_text(re.compile(r"hund\W* was looked at for"))
    tab.mouse.move(2, 2)
    expect(tab.locator("#told")).to_have_text(re.compile("^Point at a word"))


def test_the_alignment_by_keyboard(open_page: Callable, serve_runs: Callable, expect: Any, run: Path) -> None:
    tab = open_translator(open_page, f"{serve_runs(run)}/models/words", "ein hund rennt und")
    wait_until_done(tab, expect)
    weights = load(run).attention("ein hund rennt und").weights
    tab.locator("#ribbons .source .unit").first.focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#ribbons .unit:focus")).to_have_text("hund")
    expect(tab.locator("#told")).to_have_text(re.compile(r"hund\W* was looked at for"))
    tab.keyboard.press("ArrowDown")
    partner = int(weights[:, 1].argmax())
    expect(tab.locator("#ribbons .target .unit").nth(partner)).to_be_focused()
    tab.keyboard.press("End")
    expect(tab.locator("#ribbons .unit:focus")).to_have_text("end")
    tab.get_by_role("radio", name="Heat map").check()
    cells = tab.locator("#heat td:not(.corner)")
    shown = cells.evaluate_all("all => all.map(e => Number(e.style.getPropertyValue('--w')))")
    np.testing.assert_allclose(np.reshape(shown, weights.shape), weights, atol=1e-3)
    cells.first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    label = tab.locator("#heat td:focus").get_attribute("aria-label")
    assert label.startswith("hund → ")
    expect(tab.locator("#heat tr.on")).to_have_count(1)


def test_only_what_changed_is_translated_again(
    open_page: Callable, serve_runs: Callable, expect: Any, run: Path
) -> None:
    tab = open_translator(open_page, f"{serve_runs(run)}/models/words", TEXT)
    wait_until_done(tab, expect)
    sent: list[str] = []
    tab.on("request", lambda r: sent.append(r.post_data_json["text"]) if r.url.endswith("/write") else None)
    tab.locator("#text").press("Control+End")
    tab.locator("#text").press_sequentially(" ein")
    expect(tab.locator(".part").nth(1)).to_have_text(load(run).translate("und katze ruht gross ein"))
    assert sent == ["und katze ruht gross ein"]
    tab.get_by_role("radio", name="Whole").check()
    expect(tab.locator(".part")).to_have_count(1)
    tab.get_by_role("button", name="Clear").click()
    expect(tab.locator(".part")).to_have_count(0)
    expect(tab.locator("#inside")).to_be_hidden()


def test_the_search_can_be_changed(open_page: Callable, serve_runs: Callable, expect: Any, run: Path) -> None:
    tab = open_translator(open_page, f"{serve_runs(run)}/models/words", "ein hund rennt")
    wait_until_done(tab, expect)
    with tab.expect_request("**/translate") as request:
        tab.locator("#beams").evaluate(
            "s => { s.value = 3; s.dispatchEvent(new Event('input', {bubbles: true})); }"
        )
    assert (request.value.post_data_json["beams"], request.value.post_data_json["n_best"]) == (3, 3)
    tab.locator("#refine").uncheck()
    expect(tab.locator("#parts")).to_have_text(load(run).translate("ein hund rennt", beams=1))
    with tab.expect_request("**/write") as request:
        tab.fill("#repeats", "2")
    assert request.value.post_data_json["block_repeats"] == 2


def test_a_model_without_attention_and_an_unknown_text(
    browser: Any, serve_runs: Callable, expect: Any, tmp_path: Path
) -> None:
    options = {"tokenizer": "word", "attention": "none", "max_steps": 20}
    Translator(**OPTIONS | options).fit(make_pairs(WORDS), out=tmp_path / "plain", progress=False)
    tab = browser.new_page()
    tab.goto(f"{serve_runs(tmp_path / 'plain')}/models/plain")
    tab.fill("#text", "ein hund\nwal quark")
    wait_until_done(tab, expect)
    expect(tab.locator("#no-attention")).to_be_visible()
    expect(tab.locator("#alignment")).to_be_hidden()
    expect(tab.locator(".part").nth(0)).to_have_text(load(tmp_path / "plain").translate("ein hund"))
    expect(tab.locator(".part").nth(1)).to_contain_text("not in the model's vocabulary")
    tab.fill("#text", "ein hund rennt wal")
    expect(tab.locator("#warnings")).to_have_text("Unknown to the model: wal.")
    tab.close()


def test_a_text_that_is_too_long_for_the_alignment(
    browser: Any, serve_runs: Callable, expect: Any, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unrolled.tasks.translate.service.work.MOST_SHOWN", 2000)
    tab = browser.new_page()  # the browser reports the request that is refused
    tab.goto(f"{serve_runs(run)}/models/words")
    tab.fill("#text", "ein hund " * 250)
    wait_until_done(tab, expect)
    expect(tab.locator("#warnings")).to_have_text(re.compile("too long to show"))
    expect(tab.locator("#alignment")).to_be_hidden()
    sheet, layer, area = (tab.locator(s).bounding_box()["height"] for s in ("#sheet", "#behind", "#text"))
    assert layer == area > sheet, "the layer scrolls with the text"
    tab.fill("#text", "ein hund")
    expect(tab.locator("#alignment")).to_be_visible()
    tab.close()


def test_text_from_right_to_left(
    open_page: Callable, serve_runs: Callable, expect: Any, tmp_path: Path
) -> None:
    options = {"tokenizer": "word", "max_steps": 30}
    Translator(**OPTIONS | options).fit(make_pairs(HEBREW), out=tmp_path / "hebrew", progress=False)
    text = "כלב גדול עץ"
    tab = open_translator(open_page, f"{serve_runs(tmp_path / 'hebrew')}/models/hebrew", text)
    wait_until_done(tab, expect)
    places = tab.locator("#ribbons .source .unit").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().x)"
    )
    assert places == sorted(places, reverse=True)
    layer, area = (tab.locator(s).bounding_box() for s in ("#behind .unit >> nth=0", "#text"))
    assert layer["x"] > area["x"] + area["width"] / 2
    tab.locator("#ribbons .source .unit").first.focus()
    tab.keyboard.press("ArrowLeft")
    expect(tab.locator("#ribbons .unit:focus")).to_have_text("גדול")


def test_it_fits_a_phone_in_both_themes(
    check_views: Callable, serve_runs: Callable, expect: Any, run: Path
) -> None:
    def translate(tab: Any) -> None:
        tab.fill("#text", TEXT)
        wait_until_done(tab, expect)
        tab.get_by_role("radio", name="Heat map").check()
        tab.get_by_role("radio", name="Ribbons").check()

    check_views(f"{serve_runs(run)}/models/words", translate)
