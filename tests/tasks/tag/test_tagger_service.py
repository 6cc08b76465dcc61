"""The server's answers of a tagger are those of the runtime; bad requests are errors."""

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from property_settings import examples
from unrolled.config import with_options
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, NonFiniteError, UnrolledError
from unrolled.tasks.base.service import Limits, checks
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.build import build_model
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.runtime import TaggerRuntime
from unrolled.tasks.tag.service import TaggerService
from unrolled.tasks.tag.vocabularies import Vocabularies
from unrolled.text.vocabulary import Vocabulary

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

BIO = ["B-x", "B-y", "I-x", "I-y", "O"]
UPOS = ["NOUN", "PUNCT", "VERB"]
WORDS = ["the", ".", "mr.", "'s", "cat", "dog", "sleeps"]
SENTENCES = [["The", "cat", "sleeps", "."], ["Dog"], ["a", "b", "the", "dog", "cat", "the"], ["x", "dog"]]
SMALL = Limits(characters=400, items=10, steps=10)


def make_service(tags=BIO, limits=SMALL, **options):
    torch.manual_seed(2)
    defaults = {
        "hidden": 8,
        "embedding": 5,
        "character_embedding": 3,
        "characters": 4,
        "bidirectional": False,
    }
    config = with_options(TaggerConfig(), defaults | {"output": "softmax", "scheme": "none"} | options)
    vocabularies = Vocabularies(Vocabulary(WORDS, lowercase=True), Vocabulary(list("abcdehst")), list(tags))
    artifacts = TaggerArtifacts(vocabularies)
    model = build_model(config, artifacts, None).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.mul_(10 if "input" in name else 4 if name == "output.weight" else 1)
            if name.startswith("crf"):
                p.normal_()
    weights = {name: t.numpy() for name, t in model.state_dict().items()}
    return TaggerService(TaggerRuntime(config, artifacts, weights), limits)


def ask(service, *bodies):
    """Return the sentences of the answers to requests that arrive together, as JSON data."""
    operation = service.operations()[0]
    requests = [msgspec.convert(body, operation.request) for body in bodies]
    return [msgspec.to_builtins(answer)["sentences"] for answer in operation.run(requests)]


CASES = pytest.mark.parametrize(
    "options",
    [
        {"bidirectional": True},
        {"output": "crf", "scheme": "bio"},
        {"scheme": "bio", "characters": 0},
        {"output": "crf"},
    ],
)


@CASES
def test_tags_are_those_of_the_runtime(options):
    service = make_service(**options)
    (answer,) = ask(service, {"sentences": SENTENCES})
    assert [sentence["words"] for sentence in answer] == SENTENCES
    assert [sentence["tags"] for sentence in answer] == service.runtime.predict(SENTENCES)
    assert [sentence["source"] for sentence in answer] == [0, 1, 2, 3]


@CASES
def test_requests_together_get_the_answers_of_requests_alone(options):
    service = make_service(**options)
    bodies = [
        {"sentences": SENTENCES[:2], "top": 2},
        {"texts": ["The cat sleeps. A dog!"]},
        {"sentences": SENTENCES[2:], "top": 1},
        {"texts": ["", "dog"]},
    ]
    together = ask(service, *bodies)
    alone = [ask(service, body)[0] for body in bodies]
    for ours, theirs in zip(together, alone, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            p, q = a.pop("probabilities", []), b.pop("probabilities", [])
            assert a == b
            assert all(x == pytest.approx(y, abs=1e-5) for x, y in zip(p, q, strict=True))


def test_texts_are_split_into_sentences_and_words():
    service, texts = make_service(), ["The cat's here. Mr. Dog sleeps", " ", "the dog."]
    (answer,) = ask(service, {"texts": texts})
    words = [["The", "cat", "'s", "here", "."], ["Mr.", "Dog", "sleeps"], ["the", "dog", "."]]
    assert [sentence["words"] for sentence in answer] == words
    assert [sentence["source"] for sentence in answer] == [0, 0, 2]
    assert [sentence["tags"] for sentence in answer] == service.runtime.predict(words)
    for sentence in answer:
        text = texts[sentence["source"]]
        assert [text[begin:end] for begin, end in sentence["places"]] == sentence["words"]


@pytest.mark.parametrize("options", [{}, {"output": "crf", "scheme": "bio"}, {"scheme": "bio"}])
def test_probabilities_of_the_best_tags(options):
    service = make_service(**options)
    (all_tags,), (two,) = (ask(service, {"sentences": SENTENCES, "top": top})[:1] for top in (99, 2))
    for sentence, best in zip(all_tags, two, strict=True):
        assert len(sentence["probabilities"]) == len(sentence["words"])
        for p, best_two in zip(sentence["probabilities"], best["probabilities"], strict=True):
            assert sum(p.values()) == pytest.approx(1)
            assert list(p.values()) == sorted(p.values(), reverse=True)
            assert best_two == pytest.approx(dict(list(p.items())[:2]))
    if not options:  # each tag is predicted independently: the tag is the most probable one
        assert all(
            next(iter(p)) == tag
            for s in all_tags
            for p, tag in zip(s["probabilities"], s["tags"], strict=True)
        )


def test_an_answer_has_not_too_many_probabilities(monkeypatch):
    monkeypatch.setattr(checks, "MOST_PROBABILITIES", 9)
    service, words = make_service(tags=UPOS), ["dog", "cat", "the"]
    assert len(ask(service, {"sentences": [words], "top": 99})[0][0]["probabilities"]) == 3
    with pytest.raises(ConfigError, match="top: 12 probabilities are too many for an answer; ask for fewer"):
        ask(service, {"sentences": [[*words, "dog"]], "top": 3})
    assert ask(service, {"sentences": [[*words, "dog"]]})


def test_spans_are_marked_by_tags(monkeypatch):
    service = make_service()
    tags = [["B-x", "I-x", "O", "B-y", "B-y"]]
    monkeypatch.setattr(type(service.runtime), "scores", _Fixed([["B-x", "I-x", "O", "B-y", "B-y"]]))
    (answer,) = ask(service, {"sentences": [["a", "b", "c", "d", "e"]]})
    assert answer[0]["tags"] == tags[0]
    assert answer[0]["spans"] == [
        {"begin": 0, "end": 2, "label": "x", "text": "a b"},
        {"begin": 3, "end": 4, "label": "y", "text": "d"},
        {"begin": 4, "end": 5, "label": "y", "text": "e"},
    ]


class _Fixed:
    """Scores whose best tags are given."""

    def __init__(self, tags):
        self._tags = np.array([[BIO.index(tag) for tag in sentence] for sentence in tags]).T

    def best(self, emissions, lengths):
        return self._tags


def test_other_tags_mark_no_spans():
    (answer,) = ask(make_service(UPOS), {"sentences": SENTENCES})
    assert [sentence["spans"] for sentence in answer] == [[]] * 4


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_reading_words_in_parts_gives_the_tags_so_far(output):
    service = make_service(output=output)
    read = service.operations()[1]
    state, words, tags = None, [], []
    for part in (["The", "cat"], ["sleeps"], [".", "The"]):
        answer, state = read.run(read.request(words=tuple(part)), state)
        words += part
        tags += answer.tags
        assert answer.tags[-1] == service.runtime.predict(words)[-1]
    assert len(tags) == len(words)


def test_a_tagger_offers_what_it_can_do():
    assert [o.name for o in make_service().operations()] == ["predict", "read"]
    assert [o.name for o in make_service(bidirectional=True).operations()] == ["predict"]
    assert make_service().unit == "words"


def test_details_are_json_data():
    details = make_service(UPOS, data="/home/someone/secret").details()
    assert msgspec.json.decode(msgspec.json.encode(details)) == details
    assert (details["tags"], details["spans"], details["parts_of_speech"]) == (UPOS, False, "universal")
    assert "secret" not in str(details)
    spans = make_service(data="@x/train").details()
    assert (spans["spans"], spans["parts_of_speech"], spans["data"]) == (True, "", "@x/train")
    assert make_service(["NN", "VBD", "."]).details()["parts_of_speech"] == "penn"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "texts, sentences: give one of them"),
        ({"texts": ["a"], "sentences": [["a"]]}, "texts, sentences: give one of them"),
        ({"texts": ["a"] * 11}, "texts: 11 are too many"),
        ({"texts": ["a" * 401]}, "texts: 401 characters are too many"),
        ({"sentences": [["a"] * 300]}, "sentences: 599 characters are too many"),
        ({"sentences": [["a"], ["b", " "]]}, r"sentences\[1\]: a word is blank"),
    ],
)
def test_wrong_requests_are_errors(body, message):
    with pytest.raises(ConfigError, match=message):
        ask(make_service(), body)


def test_wrong_words_to_read_are_errors():
    service = make_service()
    read = service.operations()[1]
    with pytest.raises(ConfigError, match="words: a word is blank"):
        read.run(read.request(words=("a", "\t")), None)
    with pytest.raises(ConfigError, match="words: 401 characters are too many"):
        read.run(read.request(words=("a" * 401,)), None)


def test_a_damaged_model_is_an_error():
    service = make_service()
    service.runtime.weights["output.weight"][:] = np.nan
    with pytest.raises(NonFiniteError):
        ask(service, {"sentences": SENTENCES})


TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\ud800", "\0", "." * 390, "a'" * 190, "İ" * 90]
)
SERVICE = []


@examples(60)
@given(
    texts=st.lists(TEXT, min_size=1, max_size=3),
    words=st.lists(st.lists(TEXT, max_size=3), min_size=1, max_size=3),
)
def test_any_request_is_answered_or_refused(texts, words):
    if not SERVICE:
        SERVICE.append(make_service(output="crf", scheme="bio"))
    for body in ({"texts": texts, "top": 2}, {"sentences": words}):
        try:
            (answer,) = ask(SERVICE[0], body)
        except (UnrolledError, msgspec.ValidationError) as error:
            answer, message = [], str(error)
        else:
            message = ""
        assert "\n" not in message
        for sentence in answer:
            assert len(sentence["tags"]) == len(sentence["words"])
            assert all(np.isfinite(p) for tags in sentence.get("probabilities", []) for p in tags.values())
