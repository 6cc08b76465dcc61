"""The server's answers of a classifier are those of the runtime; bad requests are errors."""

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from property_settings import examples
from unrolled.config import with_options
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, NonFiniteError, UnrolledError
from unrolled.tasks.base.service import Limits, checks
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.build import build_model
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.runtime import ClassifierRuntime
from unrolled.tasks.classify.service import ClassifierService
from unrolled.text.characters import CharacterTokenizer
from unrolled.text.words import WordTokenizer

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

WORDS = WordTokenizer(["a", "bad", "good", "film", ".", "not"], lowercase=True, split_punctuation=True)
LETTERS = CharacterTokenizer(list("abcdefg "))
SMALL = Limits(characters=400, items=20, steps=10)
TEXTS = ["a good film.", "", "not bad", "A BAD, bad film"]


def make_runtime(tokenizer=WORDS, features=0, **options):
    torch.manual_seed(4)
    defaults = {"hidden": 7, "embedding": 5, "bidirectional": False, "pooling": "last"}
    config = with_options(ClassifierConfig(), defaults | options)
    artifacts = ClassifierArtifacts(["x", "y", "z"], None if features else tokenizer, features)
    model = build_model(config, artifacts, None).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(4)
    if features:
        model.reader.standardise(torch.zeros(features), torch.ones(features))
    weights = {name: t.numpy() for name, t in model.state_dict().items()}
    return ClassifierRuntime(config, artifacts, weights)


def make_service(limits=SMALL, **options):
    return ClassifierService(make_runtime(**options), limits)


def ask(service, name, *bodies, state=None):
    """Return the answers to requests that arrive together, as JSON data; of ``read`` also the state."""
    operation = next(o for o in service.operations() if o.name == name)
    requests = [msgspec.convert(body, operation.request) for body in bodies]
    if name == "read":
        answer, state = operation.run(requests[0], state)
        return msgspec.to_builtins(answer), state
    return [msgspec.to_builtins(answer) for answer in operation.run(requests)]


def names(service):
    return [operation.name for operation in service.operations()]


@pytest.mark.parametrize("bidirectional", [True, False])
def test_predictions_are_those_of_the_runtime(bidirectional):
    service = make_service(bidirectional=bidirectional)
    (answer,) = ask(service, "predict", {"texts": TEXTS})
    expected = service.runtime.probabilities(TEXTS)
    for prediction, p, label in zip(
        answer["predictions"], expected, service.runtime.predict(TEXTS), strict=True
    ):
        assert prediction["label"] == label == next(iter(prediction["probabilities"]))
        assert prediction["probability"] == pytest.approx(p.max(), abs=1e-6)
        assert [prediction["probabilities"][name] for name in "xyz"] == pytest.approx(p, abs=1e-6)
        assert list(prediction["probabilities"].values()) == sorted(p, reverse=True)


def test_top_returns_the_most_probable_labels():
    one, two = ask(make_service(), "predict", {"texts": TEXTS, "top": 2}, {"texts": TEXTS[:1], "top": 1})
    assert {len(p["probabilities"]) for p in one["predictions"]} == {2}
    (first,) = two["predictions"]
    assert first["probabilities"] == {first["label"]: first["probability"]}


def test_an_answer_has_not_too_many_probabilities(monkeypatch):
    service = make_service()
    classes = len(service.runtime.artifacts.classes)
    monkeypatch.setattr(checks, "MOST_PROBABILITIES", 2 * classes)
    assert ask(service, "predict", {"texts": ["a", "b"]})
    assert ask(service, "predict", {"texts": ["a", "b", "c"], "top": 1})
    with pytest.raises(ConfigError, match=r"top: .* probabilities are too many"):
        ask(service, "predict", {"texts": ["a", "b", "c"]})


def test_requests_together_get_the_answers_of_requests_alone():
    service = make_service()
    bodies = {
        "predict": [{"texts": [text, "bad"]} for text in TEXTS],
        "explain": [{"text": text, "label": label} for text in TEXTS for label in ("", "z")],
        "prefixes": [{"text": text, "top": 2} for text in TEXTS],
    }
    for name, requests in bodies.items():
        together = ask(service, name, *requests)
        alone = [ask(service, name, request)[0] for request in requests]
        assert _rounded(together) == _rounded(alone)


def _rounded(value):
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def test_sequences_of_vectors_and_of_numbers():
    service = make_service(features=2)
    sequences = [[[1.0, -2.0], [0.5, 3]], [[0, 0]]]
    (answer,) = ask(service, "predict", {"sequences": sequences})
    expected = service.runtime.probabilities([np.array(s, np.float32) for s in sequences])
    assert [p["probability"] for p in answer["predictions"]] == pytest.approx(expected.max(1), abs=1e-6)
    service = make_service(features=1)
    flat, nested = ask(service, "predict", {"sequences": [[1, 2.5]]}, {"sequences": [[[1], [2.5]]]})
    assert flat == nested


@pytest.mark.parametrize("label", ["", "x", "y", "z"])
def test_a_contribution_is_the_change_of_the_log_odds_without_the_word(label):
    service, text = make_service(bidirectional=True), "a  good film. Not bad"
    (answer,) = ask(service, "explain", {"text": text, "label": label})
    whole, *without = service.runtime.probabilities(
        [
            text,
            "good film. not bad",
            "a film. not bad",
            "a good . not bad",
            "a good film not bad",
            "a good film. bad",
            "a good film. not",
        ]
    )
    i = "xyz".index(label) if label else whole.argmax()
    assert answer["label"] == "xyz"[i]
    assert answer["probability"] == pytest.approx(whole[i], abs=1e-6)
    assert answer["unit"] == "words"
    words = answer["words"]
    assert [w["text"] for w in words] == ["a", "good", "film", ".", "Not", "bad"]
    assert all(text[w["begin"] : w["end"]] == w["text"] for w in words)
    for word, p in zip(words, without, strict=True):
        change = np.log(whole[i] / (1 - whole[i])) - np.log(p[i] / (1 - p[i]))
        assert word["contribution"] == pytest.approx(change, abs=1e-3)
        assert word["probability_without"] == pytest.approx(p[i], abs=1e-5)
        assert word["label_without"] == "xyz"[p.argmax()]


def test_contributions_add_up_to_the_log_odds_if_words_are_independent(monkeypatch):
    """In a bag of words with two labels, a contribution is the weight of the word."""
    weights = {"a": 0.25, "bad": -3.0, "good": 2.0, "film": 0.0, ".": 0.5}
    service = make_service()

    def logits(texts):
        odds = [0.75 + sum(weights.get(WORDS.tokens[i], 0) for i in WORDS.encode(text)) for text in texts]
        return np.array([[o, 0.0] for o in odds])

    monkeypatch.setattr(service.runtime, "logits", logits)
    (answer,) = ask(service, "explain", {"text": "A good, bad film.", "label": "x"})
    shown = {w["text"]: w["contribution"] for w in answer["words"]}
    assert shown == pytest.approx({"A": 0.25, "good": 2.0, ",": 0, "bad": -3.0, "film": 0, ".": 0.5})
    p = answer["probability"]
    assert sum(shown.values()) + 0.75 == pytest.approx(np.log(p / (1 - p)))
    (against,) = ask(service, "explain", {"text": "A good, bad film.", "label": "y"})
    assert [w["contribution"] for w in against["words"]] == pytest.approx([-c for c in shown.values()])


def test_a_certain_label_has_finite_contributions(monkeypatch):
    service = make_service()
    monkeypatch.setattr(service.runtime, "logits", lambda texts: np.tile([900.0, 0, 0], (len(texts), 1)))
    (answer,) = ask(service, "explain", {"text": "good film"})
    assert answer["probability"] == 1
    assert [w["contribution"] for w in answer["words"]] == [0, 0]


@pytest.mark.parametrize("bidirectional", [True, False])
def test_prefixes_give_the_label_after_each_word(bidirectional):
    service, text = make_service(bidirectional=bidirectional), "a good film. Not bad"
    (answer,) = ask(service, "prefixes", {"text": text, "top": 3})
    ends = ["a", "a good", "a good film", "a good film.", "a good film. not", text]
    p = service.runtime.probabilities(ends)
    assert [w["text"] for w in answer["words"]] == ["a", "good", "film", ".", "Not", "bad"]
    assert [w["label"] for w in answer["words"]] == service.runtime.predict(ends)
    for name, curve in answer["probabilities"].items():
        assert curve == pytest.approx(p[:, "xyz".index(name)], abs=1e-5)
    (few,) = ask(service, "prefixes", {"text": text, "top": 1})
    assert list(few["probabilities"]) == ["xyz"[p.max(0).argmax()]]
    assert ask(service, "prefixes", {"text": " "})[0]["words"] == []


def test_letters_are_left_out_of_a_word_and_words_of_a_text():
    service = make_service(tokenizer=LETTERS, limits=Limits(characters=2000, items=20))
    (word,) = ask(service, "explain", {"text": "bad ge"})
    assert word["unit"] == "characters"
    assert [w["text"] for w in word["words"]] == list("badge")
    p = service.runtime.probabilities(["ad ge", "bd ge", "ba ge", "bad e", "bad g"]).max(1)
    shown = [w["probability_without"] for w in word["words"]]
    assert [a == pytest.approx(b, abs=1e-5) for a, b in zip(shown, p, strict=True) if b > 0.5]
    (text,) = ask(service, "explain", {"text": "bad egg, a fed bee"})
    assert [w["text"] for w in text["words"]] == ["bad", "egg", ",", "a", "fed", "bee"]
    label = text["label"]
    for row, variant in ((0, "egg, a fed bee"), (2, "bad egg a fed bee"), (5, "bad egg, a fed")):
        p = service.runtime.probabilities([variant])[0]["xyz".index(label)]
        assert text["words"][row]["probability_without"] == pytest.approx(p, abs=1e-5)


def test_a_long_text_is_explained_by_sentences():
    text = "A good film! " * 9 + "Not bad.\nA film"
    (answer,) = ask(make_service(limits=Limits(2000, 20)), "explain", {"text": text})
    assert answer["unit"] == "sentences"
    assert [w["text"] for w in answer["words"]] == ["A good film!"] * 9 + ["Not bad.", "A film"]


@pytest.mark.parametrize("features", [0, 2])
def test_reading_in_parts_gives_the_label_so_far(features):
    service = make_service(features=features)
    parts = [[[1, 2]], [[0.5, -1], [2, 2]]] if features else ["a good ", "film"]
    field, state, so_far = "vectors" if features else "text", None, [] if features else ""
    for part in parts:
        answer, state = ask(service, "read", {field: part}, state=state)
        so_far = so_far + part
        item = np.array(so_far, np.float32) if features else so_far
        p = service.runtime.probabilities([item])[0]
        assert answer["label"] == "xyz"[p.argmax()]
        assert [answer["probabilities"][name] for name in "xyz"] == pytest.approx(p, abs=1e-5)


def test_a_model_offers_what_it_can_do():
    assert names(make_service()) == ["predict", "explain", "prefixes", "read"]
    assert names(make_service(bidirectional=True)) == ["predict", "explain", "prefixes"]
    assert names(make_service(features=2)) == ["predict", "read"]
    assert (make_service().unit, make_service(features=2).unit) == ("texts", "sequences")


def test_details_are_json_data():
    details = make_service().details()
    assert msgspec.json.decode(msgspec.json.encode(details)) == details
    assert details["labels"] == ["x", "y", "z"]
    assert (details["reads"], details["tokenizer"], details["vocabulary"]) == ("text", "word", 8)
    assert make_service(features=2).details()["features"] == 2
    path = make_service(data="/home/someone/secret.csv").details()
    assert "secret" not in str(path)
    known = make_service(data="@trec/train").details()
    assert known["data"] == "@trec/train"
    assert known["meanings"]["HUM"] == "person or group"


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("predict", {"texts": ["a"] * 21}, "texts: 21 are too many; send at most 20"),
        ("predict", {"texts": ["a" * 300, "b" * 101]}, "texts: 401 characters are too many"),
        ("explain", {"text": "a" * 401}, "text: 401 characters are too many"),
        ("explain", {"text": "a", "label": "w"}, "label='w': is not a label of this model"),
        ("explain", {"text": "a b", "unit": "characters"}, "this model reads whole words"),
        ("explain", {"text": "a good film " * 7, "unit": "words"}, "has 21 words .* or use unit='sentences'"),
        ("prefixes", {"text": "a\n" * 21}, "text: has 21 sentences and 42 characters, too many"),
        ("read", {"text": "a" * 401}, "text: 401 characters are too many"),
    ],
)
def test_requests_beyond_the_limits_are_errors(name, body, message):
    with pytest.raises(ConfigError, match=message):
        ask(make_service(), name, body)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([[]], "sequences: is empty; give at least one step"),
        ([[[1, 2]], [[1, 2], [1]]], "sequences, sequence 2, step 2: has 1 number; this model reads 2"),
        ([[1, 2]], "sequences, step 1: has 1 number; this model reads 2 in each step"),
        ([[[1, 1e308]]], "sequences: contains a number that is not finite"),
        ([[[1, 2]]] * 21, "sequences: 21 are too many; send at most 20"),
        ([[[1, 2]] * 201], "sequences: hold 402 numbers together; send at most 400"),
    ],
)
def test_wrong_sequences_are_errors(sequences, message):
    with pytest.raises((ConfigError, DataError), match=message):
        ask(make_service(features=2), "predict", {"sequences": sequences})


def test_a_damaged_model_is_an_error(monkeypatch):
    service = make_service()
    monkeypatch.setattr(service.runtime, "logits", lambda texts: np.full((len(texts), 3), np.nan))
    for name, body in (("predict", {"texts": ["a"]}), ("explain", {"text": "a"})):
        with pytest.raises(NonFiniteError):
            ask(service, name, body)


HOSTILE = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["\ud800", "\0", "a" * 390, "." * 390, " \n" * 190, "İ" * 50, "a\u0301" * 50, "<unk> <eos>", "\u2028"]
)
SERVICES = {}


def service_for(kind):
    if kind not in SERVICES:
        options = {
            "words": {},
            "letters": {"tokenizer": LETTERS, "bidirectional": True},
            "vectors": {"features": 2},
        }
        SERVICES[kind] = make_service(**options[kind])
    return SERVICES[kind]


def answer_or_refusal(service, name, body):
    """Return the answer, which has finite numbers; or None if the request was refused in one line."""
    try:
        (answer,) = ask(service, name, body)
    except UnrolledError as error:
        answer, message = None, str(error)
    else:
        message = ""
    assert "\n" not in message
    assert all(np.isfinite(n) for n in _numbers(answer))
    return answer


@examples(60)
@given(kind=st.sampled_from(["words", "letters"]), text=HOSTILE, other=HOSTILE)
def test_any_text_is_answered_or_refused(kind, text, other):
    service = service_for(kind)
    answer_or_refusal(service, "predict", {"texts": [text, other]})
    for name, body in (("explain", {"text": text}), ("prefixes", {"text": text, "top": 2})):
        answer = answer_or_refusal(service, name, body)
        words = [] if answer is None else answer["words"]
        assert all(text[w["begin"] : w["end"]] == w["text"] for w in words)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70).map(float)
STEPS = st.lists(
    st.lists(NUMBERS, min_size=2, max_size=2) | NUMBERS | st.lists(NUMBERS, max_size=3), max_size=5
)


@examples(60)
@given(sequences=st.lists(STEPS, min_size=1, max_size=4))
def test_any_numbers_are_answered_or_refused(sequences):
    answer_or_refusal(service_for("vectors"), "predict", {"sequences": sequences})


def _numbers(value):
    if isinstance(value, float | int):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for item in items for number in _numbers(item)]
