"""The page of a tagger: tags under words, boxes around spans, counts, probabilities of a word."""

import pytest

from served_bars import shown_bars

pytestmark = pytest.mark.browser

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
TEXT = "The cat sleeps. A dog sees the old cat!"
OPTIONS = {"hidden": 12, "embedding": 12, "characters": 6, "threads": 1, "min_frequency": 1, "lr": 0.02}


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """A run folder of a tagger of parts of speech."""
    from unrolled import Tagger

    folder = tmp_path_factory.mktemp("runs") / "speech"
    known = {
        "DET": ["the", "a"],
        "NOUN": ["cat", "dog"],
        "VERB": ["sleeps", "sees"],
        "ADJ": ["old"],
        "PUNCT": [".", "!"],
    }
    tag_of = {word: tag for tag, words in known.items() for word in words}
    sentences = ["the cat sleeps .", "a dog sees the cat !", "the old dog sees a old cat .", "a cat sleeps !"]
    words = [sentence.split() for sentence in sentences] * 12
    tags = [[tag_of[word] for word in sentence] for sentence in words]
    Tagger(**OPTIONS, epochs=10).fit(words, tags, out=folder, progress=False)
    return folder


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A run folder of a tagger of spans."""
    from unrolled import Tagger

    folder = tmp_path_factory.mktemp("runs") / "places"
    words = [["Anna", "sees", "New", "York", "."], ["Rome", "likes", "Ben", "Smith", "."]] * 20
    tags = [["B-PER", "O", "B-LOC", "I-LOC", "O"], ["B-LOC", "O", "B-PER", "I-PER", "O"]] * 20
    Tagger(**OPTIONS, epochs=10).fit(words, tags, out=folder, progress=False)
    return folder


@pytest.fixture
def tab(serve_runs, open_page, expect, speech):
    tab = open_page(f"{serve_runs(speech)}/models/speech", **DESKTOP)
    tab.locator("#text").fill(TEXT)
    expect(tab.locator("#flow .token")).to_have_count(11)
    return tab


@pytest.mark.parametrize(("run", "text"), [("speech", TEXT), ("places", "Anna sees New York.")])
def test_the_page_fits_phones_and_desktops_in_both_themes(
    serve_runs, check_views, expect, request, run, text
):
    def ready(tab):
        tab.locator("#text").fill(text)
        expect(tab.locator("#counts button").first).to_be_visible()

    check_views(f"{serve_runs(request.getfixturevalue(run))}/models/{run}", ready)


def test_words_have_the_tags_of_the_model(tab, expect, speech):
    from unrolled.runtime import load

    sentences = [["The", "cat", "sleeps", "."], ["A", "dog", "sees", "the", "old", "cat", "!"]]
    words = tab.locator("#flow .word").all_text_contents()
    assert words == [word for sentence in sentences for word in sentence]
    tags = [tag for sentence in load(speech).predict(sentences) for tag in sentence]
    assert tab.locator("#flow .tag").all_text_contents() == tags
    assert tags[:4] == ["DET", "NOUN", "VERB", "PUNCT"]
    expect(tab.locator("#flow .sentence")).to_have_count(2)
    counted = dict(
        zip(
            tab.locator("#counts .tag").all_text_contents(),
            tab.locator("#counts .num").all_text_contents(),
            strict=True,
        )
    )
    assert counted == {tag: str(tags.count(tag)) for tag in set(tags)}
    expect(tab.locator("#counts button", has_text="DET")).to_contain_text("determiner")


def test_a_tag_finds_its_words(tab, expect):
    nouns = tab.locator("#flow .token", has_text="NOUN")
    tab.locator("#counts button", has_text="NOUN").hover()
    expect(tab.locator("#flow .token.hit")).to_have_count(nouns.count())
    tab.mouse.move(5, 5)
    expect(tab.locator("#flow.finding")).to_have_count(0)
    tab.locator("#flow .tag", has_text="VERB").first.hover()
    expect(tab.locator("#flow .token.hit .word")).to_have_text(["sleeps", "sees"])
    tab.locator("#counts button", has_text="NOUN").click()
    tab.mouse.move(5, 5)
    expect(tab.locator("#flow .token.hit")).to_have_count(nouns.count())
    expect(tab.locator("#counts button[aria-pressed=true]")).to_contain_text("NOUN")


def test_a_word_shows_its_tags_and_arrows_move_on(tab, expect):
    expect(tab.locator("#word-title")).to_have_text("Least certain")
    tab.locator("#flow .token").first.focus()
    expect(tab.locator("#word-note")).to_have_text("“The”")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#word-note")).to_have_text("“cat”")
    bars = shown_bars(tab)
    assert next(iter(bars)) == "NOUN · noun"
    assert sum(bars.values()) == pytest.approx(1, abs=0.01)
    expect(tab.locator("#counts .pointed")).to_contain_text("NOUN")


def test_spans_are_boxes(serve_runs, open_page, expect, places):
    tab = open_page(f"{serve_runs(places)}/models/places", **DESKTOP)
    tab.locator("#text").fill("Anna sees New York. Rome likes Ben Smith.")
    expect(tab.locator("#flow .span")).to_have_count(4)
    assert [text.split() for text in tab.locator("#flow .span").all_inner_texts()] == [
        ["Anna", "PER"],
        ["New", "York", "LOC"],
        ["Rome", "LOC"],
        ["Ben", "Smith", "PER"],
    ]
    expect(tab.locator("#counts .num")).to_have_text(["2", "2"])
    tab.locator("#counts button", has_text="LOC").hover()
    expect(tab.locator("#flow .span.hit .word")).to_have_text(["New", "York", "Rome"])


def test_an_empty_text_has_no_tags(tab, expect):
    tab.locator("#clear").click()
    expect(tab.locator("#result")).to_be_hidden()
    expect(tab.locator("#counts")).to_have_text("Type a text to see its tags.")
    expect(tab.locator("#text")).to_be_focused()
