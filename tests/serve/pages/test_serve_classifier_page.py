"""The page of a classifier: the label, what each word adds, and the label as the text is read."""

import numpy as np
import pytest

from served_bars import shown_bars

pytestmark = pytest.mark.browser

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
TEXT = "a good film, not a long one"


def make_texts():
    rng = np.random.default_rng(0)
    fillers = ["a", "film", "the", "plot", "long", "one", "and", "not"]
    texts, labels = [], []
    for n in range(160):
        words = list(rng.choice(fillers, rng.integers(3, 8)))
        words.insert(int(rng.integers(len(words))), ("good", "bad", "odd")[n % 3])
        texts.append(" ".join(words))
        labels.append(("praise", "blame", "other")[n % 3])
    return texts, labels


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """A run folder of a classifier of texts."""
    from unrolled import Classifier

    folder = tmp_path_factory.mktemp("runs") / "reviews"
    options = {"hidden": 12, "embedding": 12, "epochs": 12, "threads": 1, "bidirectional": False, "lr": 0.02}
    Classifier(**options, tokenizer="word", pooling="max").fit(*make_texts(), out=folder, progress=False)
    return folder


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """A run folder of a classifier of numbers."""
    from unrolled import Classifier

    folder = tmp_path_factory.mktemp("runs") / "waves"
    rng = np.random.default_rng(0)
    x = [rng.normal(n % 2, 0.3, (12, 1)).astype(np.float32) for n in range(40)]
    y = [("low", "high")[n % 2] for n in range(40)]
    Classifier(hidden=6, epochs=15, lr=0.02, threads=1).fit(x, y, out=folder, progress=False)
    return folder


@pytest.fixture
def tab(serve_runs, open_page, expect, reviews):
    tab = open_page(f"{serve_runs(reviews)}/models/reviews", **DESKTOP)
    tab.locator("#text").fill(TEXT)
    expect(tab.locator("#behind span")).to_have_count(8)
    return tab


def explain(folder, text, label=""):
    from unrolled.runtime import load
    from unrolled.tasks.base.service import Limits
    from unrolled.tasks.classify.service import ClassifierService
    from unrolled.tasks.classify.service.messages import ExplainText

    (answer,) = ClassifierService(load(folder), Limits())._explainer.explain(
        [ExplainText(text=text, label=label)]
    )
    return answer


def test_the_page_fits_phones_and_desktops_in_both_themes(serve_runs, check_views, expect, reviews):
    def ready(tab):
        tab.locator("#text").fill(TEXT)
        expect(tab.locator("#words li")).to_have_count(8)

    check_views(f"{serve_runs(reviews)}/models/reviews", ready)


def test_the_label_and_the_words_are_those_of_the_model(tab, expect, reviews):
    answer = explain(reviews, TEXT)
    assert answer.label == "praise"
    expect(tab.locator("#verdict .label")).to_have_text("praise")
    bars = shown_bars(tab)
    assert list(bars) == ["blame", "other", "praise"]
    for label, p in answer.probabilities.items():
        assert bars[label] == pytest.approx(p, abs=0.001)
    strongest = max(answer.words, key=lambda word: abs(word.contribution))
    first = tab.locator("#words li").first
    expect(first.locator(".word")).to_have_text(strongest.text)
    assert float(first.locator(".num").first.inner_text()) == pytest.approx(strongest.contribution, abs=0.06)
    assert tab.locator("#behind span").all_text_contents() == [word.text for word in answer.words]
    good = tab.locator("#behind span").nth(1)
    assert good.get_attribute("class").startswith("for-")
    expect(tab.locator("#settled")).to_contain_text("praise")


def test_a_chosen_label_is_explained(tab, expect, reviews):
    tab.locator("#bars button", has_text="blame").click()
    expect(tab.locator("#why-title")).to_have_text("What each word adds to blame")
    expect(tab.locator("#verdict .label")).to_have_text("praise")
    good = explain(reviews, TEXT, "blame").words[1]
    assert good.contribution < 0
    tab.locator("#words li", has_text="good").hover()
    expect(tab.locator("#note")).to_contain_text("Without “good”, blame has")
    expect(tab.locator("#behind .pointed")).to_have_text("good")
    tab.locator("#bars button", has_text="blame").click()
    expect(tab.locator("#why-title")).to_have_text("What each word adds to praise")


def test_words_are_pointed_at_in_the_text(tab, expect):
    box = tab.locator("#behind span").nth(2).bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tab.locator("#note")).to_contain_text("Without “film”")
    tab.mouse.move(5, 5)
    expect(tab.locator("#note")).to_contain_text("is left out once")


def test_the_bars_follow_the_curve_and_the_text_is_read_again(tab, expect):
    tab.locator("#curve").focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#verdict .after")).to_have_text("after “a”")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#verdict .after")).to_have_text("after “good”")
    tab.locator("#text").focus()
    expect(tab.locator("#verdict .after")).to_have_text("")
    tab.locator("#play").click()
    expect(tab.locator("#behind .unread")).not_to_have_count(0)
    expect(tab.locator("#play")).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#play")).to_have_attribute(
        "aria-pressed", "false", timeout=15_000
    )  # it ends by itself
    expect(tab.locator("#behind .unread")).to_have_count(0)


def test_places_of_words_after_an_emoji(tab, expect):
    tab.locator("#text").fill("😀😀 a good film")
    expect(tab.locator("#words li")).to_have_count(5)
    assert tab.locator("#behind span").all_text_contents() == ["😀", "😀", "a", "good", "film"]


def test_a_text_that_is_too_long_to_explain_has_a_label(serve_runs, browser, expect, reviews):
    tab = browser.new_page(**DESKTOP)  # not open_page: the browser reports that the server refused to explain
    tab.goto(f"{serve_runs(reviews)}/models/reviews")
    tab.locator("#text").fill("good\n" * 300)
    expect(tab.locator("#note")).to_contain_text("300 sentences and 1,500 characters, too many")
    expect(tab.locator("#verdict .label")).to_have_text("praise")
    tab.locator("#clear").click()
    expect(tab.locator("#verdict")).to_contain_text("Type a text")
    expect(tab.locator("#why")).to_be_hidden()
    tab.close()


def test_numbers_are_pasted_and_drawn(serve_runs, open_page, expect, waves):
    tab = open_page(f"{serve_runs(waves)}/models/waves", **DESKTOP)
    expect(tab.locator("#bars .name")).to_have_text(["high", "low"])
    tab.locator("#text").fill("1, 1.1 0.9;1\n1")
    expect(tab.locator("#verdict .label")).to_have_text("high")
    expect(tab.locator("#settled")).to_contain_text("as if the sequence ended there")
    tab.locator("#text").fill("0 0 x")
    expect(tab.locator("[role=status]", has_text="“x” is not a number")).to_be_visible()
    box = tab.locator("#plot").bounding_box()
    tab.mouse.move(box["x"] + 10, box["y"] + box["height"] - 12)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] - 12, steps=20)
    tab.mouse.up()
    expect(tab.locator("#verdict .label")).to_have_text("low")
    numbers = [float(number) for number in tab.locator("#text").input_value().split()]
    assert len(numbers) == 12
    assert max(numbers) < 0


def test_the_page_of_numbers_fits_phones_and_desktops(serve_runs, check_views, expect, waves):
    address = f"{serve_runs(waves)}/models/waves"
    check_views(address, lambda tab: expect(tab.locator("#verdict .label")).to_be_visible())
