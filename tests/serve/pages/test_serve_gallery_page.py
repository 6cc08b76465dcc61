"""The page of all models in a real Chromium."""

import json
import shlex
import shutil
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
TOKEN = "correct-horse"


def test_it_lists_the_models(
    open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path, run_copy: Path
) -> None:
    address = serve_runs(tiny_run, run_copy)
    tab = open_page(address)
    cards = tab.locator("article.model")
    expect(cards).to_have_count(2)
    expect(cards.first).to_contain_text("bits per character")
    expect(cards.first).to_contain_text("weights")
    tab.select_option("#which", run_copy.name)
    words = shlex.split(tab.locator("#example code").inner_text().replace("\\\n", " "))
    assert words[:2] == ["curl", "-s"]
    assert words[2] == f"{address}/v1/models/{run_copy.name}/generate"
    headers = dict(word.split(": ") for word, flag in zip(words[1:], words, strict=False) if flag == "-H")
    request = urllib.request.Request(words[2], words[-1].encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["text"]
    tab.keyboard.press("Tab")
    cards.first.get_by_role("link").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**/models/{tiny_run.name}")


def test_a_folder_that_is_gone_is_reported(
    open_page: Callable, serve_runs: Callable, expect: Any, run_copy: Path
) -> None:
    address = serve_runs(run_copy, reload_seconds=0.05)
    shutil.move(run_copy, run_copy.with_name("elsewhere"))
    for _ in range(100):
        with urllib.request.urlopen(f"{address}/healthz", timeout=30) as answer:
            if json.load(answer)["notes"]:
                break
        time.sleep(0.05)
    tab = open_page(address)
    expect(tab.locator("article .callout")).to_contain_text("the run folder is gone")


def test_a_wrong_address_leads_to_all_models(
    browser: Any, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    address = serve_runs(tiny_run)
    for path in ("/models/none", "/none"):
        tab = browser.new_page()
        tab.goto(address + path)
        expect(tab.get_by_role("heading")).to_have_text("No such page")
        tab.get_by_role("link", name="All models").last.click()
        expect(tab.locator("article.model")).to_have_count(1)
        tab.close()


def test_it_fits_a_phone_in_both_themes(
    check_views: Callable, serve_runs: Callable, expect: Any, tiny_run: Path
) -> None:
    check_views(serve_runs(tiny_run), lambda tab: expect(tab.locator("article.model")).to_have_count(1))


def test_the_theme_is_kept(open_page: Callable, serve_runs: Callable, expect: Any, tiny_run: Path) -> None:
    tab = open_page(serve_runs(tiny_run), color_scheme="light")
    tab.get_by_role("button", name="Switch to the dark theme").press("Enter")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.reload()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    expect(tab.get_by_role("button", name="Switch to the light theme")).to_be_visible()


def test_the_token_is_asked_for_once(browser: Any, serve_runs: Callable, expect: Any, tiny_run: Path) -> None:
    tab = browser.new_page()
    tab.goto(serve_runs(tiny_run, token=TOKEN))
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("alert")).to_contain_text("needs a token")
    tab.reload()
    tab.locator("#token").fill("wrong")
    tab.keyboard.press("Enter")
    expect(dialog).to_contain_text("not the token")
    tab.locator("#token").fill(TOKEN)
    tab.keyboard.press("Enter")
    expect(tab.locator("article.model")).to_have_count(1)
    expect(dialog).to_have_count(0)
    assert TOKEN not in tab.content()
    assert "$UNROLLED_TOKEN" in tab.locator("#example code").inner_text()
    tab.get_by_role("link", name=tiny_run.name).click()
    expect(tab.locator("#bars li")).to_have_count(10)
    tab.close()
