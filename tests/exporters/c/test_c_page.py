"""The web page of a language model: its data, and its behaviour in a real Chromium."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_models import language_model, run, tool
from page_browser import LOADED, shown_probabilities
from unrolled.errors import ExportError
from unrolled.exporters.c import export_c
from unrolled.exporters.page import PageText
from unrolled.programs.evaluate import Evaluator
from unrolled.text import Tokenizer
from unrolled.text.characters import CharacterTokenizer
from unrolled.text.words import WordTokenizer

CHARACTERS = CharacterTokenizer(sorted("\n </abcdefghé"))
WORDS = WordTokenizer(["the", "them", "end", ".", "old", "'s"], lowercase=True, split_punctuation=True)


LINE_FIRST = PageText(CHARACTERS, start=(CHARACTERS.tokens.index("\n"),))
SENTENCES = PageText(WORDS, separate=True)


def write_page(folder: Path, tokens: Tokenizer | PageText, **options: Any) -> None:
    tokenizer = tokens.tokenizer if isinstance(tokens, PageText) else tokens
    program, weights = language_model(tokenizer.size)
    export_c(program, weights, folder, name="model", tokens=tokens, **options)


def test_the_page_holds_the_tokens(tmp_path: Path) -> None:
    write_page(tmp_path, CHARACTERS)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    data = json.loads(text)
    assert data["tokens"] == CHARACTERS.tokens
    assert data["kind"] == "char"
    assert "__" not in re.sub(r"__heap_base", "", html)


def test_make_wasm_builds_one_page(tmp_path: Path) -> None:
    for name in ("clang", "wasm-ld"):
        tool(name)
    write_page(tmp_path, CHARACTERS)
    run(tool("make"), "-s", "wasm", folder=tmp_path)
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert html.count("const MODEL = ") == 1
    assert html.replace(re.search(r"<script>const MODEL.*\n", html)[0], "") == (
        tmp_path / "page.html"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("vocabulary", [5, 9])
def test_a_tokeniser_of_another_size_is_refused(vocabulary: int, tmp_path: Path) -> None:
    program, weights = language_model(vocabulary)
    with pytest.raises(ExportError, match="the web page needs a program from one of 8 tokens"):
        export_c(program, weights, tmp_path, name="model", tokens=WORDS)
    assert list(tmp_path.iterdir()) == []


def expected_probabilities(tokenizer: Tokenizer, ids: list[int], temperature: float) -> np.ndarray:
    program, weights = language_model(tokenizer.size)
    logits = Evaluator(program, weights).run({}, {"token": np.array(ids)})["logits"][-1] / temperature
    logits[1] = -np.inf
    p = np.exp(logits - logits.max())
    return p / p.sum()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("tokens", "text", "weights_in", "ids"),
    [
        (CHARACTERS, "a bad é</", "array", CHARACTERS.encode("a bad é</")),
        (CHARACTERS, "", "file", []),
        (LINE_FIRST, "", "array", CHARACTERS.encode("\n")),
        (WORDS, "The end.\nOld ", "file", WORDS.encode("the end.\nold")),
        (WORDS, "the end\n", "array", WORDS.encode("the end\n")),
        (WORDS, "the strange", "array", WORDS.encode("the strange")),
        (SENTENCES, "the end\nold ", "array", WORDS.encode("old")),
    ],
    ids=["characters", "empty", "line-first", "words", "line", "unknown", "sentences"],
)
def test_the_page_shows_the_next_tokens(
    open_page: Callable, tokens: Any, text: str, weights_in: Any, ids: Any, tmp_path: Path
) -> None:
    write_page(tmp_path, tokens, weights_in=weights_in)
    run(tool("make"), "-s", "wasm", folder=tmp_path)
    page = open_page((tmp_path / "index.html").as_uri())
    page.wait_for_function(LOADED)
    page.fill("#text", text)
    page.wait_for_timeout(100)
    tokenizer = tokens.tokenizer if isinstance(tokens, PageText) else tokens
    p = expected_probabilities(tokenizer, [0, *ids], 0.7)
    end = "↵" if tokenizer.kind == "word" else "end of text"
    names = [end, *(t.replace("\n", "↵").replace(" ", "␣") for t in tokenizer.tokens[1:])]
    expected, shown = dict(zip(names, p, strict=True)), shown_probabilities(page)
    assert len(shown) > 3
    for token, value in shown.items():
        assert value == pytest.approx(expected[token], abs=1e-3), token


@pytest.mark.browser
def test_a_word_that_the_model_wrote_is_complete(open_page: Callable, tmp_path: Path) -> None:
    write_page(tmp_path, WORDS)
    run(tool("make"), "-s", "wasm", folder=tmp_path)
    page = open_page((tmp_path / "index.html").as_uri())
    page.locator("#text").press_sequentially("th")  # the model may still load
    page.get_by_role("button", name="the", exact=False).filter(has_text=re.compile("^the[^m]")).click()
    assert page.input_value("#text") == "the"
    page.wait_for_timeout(100)
    assert len(shown_probabilities(page)) > 3
    page.locator("#text").press_sequentially("m")
    page.wait_for_timeout(100)
    assert set(shown_probabilities(page)) == {"them"}


@pytest.mark.browser
def test_the_page_by_keyboard(open_page: Callable, tmp_path: Path) -> None:
    write_page(tmp_path, WORDS)
    run(tool("make"), "-s", "wasm", folder=tmp_path)
    page = open_page((tmp_path / "index.html").as_uri())
    page.wait_for_function(LOADED)
    page.locator("#text").press_sequentially("end th")
    page.wait_for_timeout(100)
    assert set(shown_probabilities(page)) == {"the", "them"}  # the word that has begun
    page.wait_for_function("document.querySelector('#behind span').textContent.length > 0")
    suggestion = page.text_content("#behind span")
    page.keyboard.press("Tab")
    assert page.input_value("#text") == f"end th{suggestion}"
    assert page.text_content("#behind mark") == suggestion
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(400)
    assert page.inner_text("#go") == "Stop"
    page.keyboard.press("Control+Enter")
    length = len(page.input_value("#text"))
    assert length > len(f"end th{suggestion}")
    page.wait_for_timeout(200)
    assert len(page.input_value("#text")) <= length + 8
    page.click("#clear")
    assert page.input_value("#text") == ""
