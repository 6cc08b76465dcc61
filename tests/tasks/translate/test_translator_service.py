"""What a server offers of a translator: the runtime's translations, however requests share batches."""

import contextlib

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tasks.translate.test_translator_runtime import TEXTS, TINY, VARIANTS, make_pairs

from unrolled import Translator
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, UnrolledError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.translate.service import TranslatorService
from unrolled.tasks.translate.service.messages import Attend, Translate, Write

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

ATTENTIVE = ["dot, characters", "additive, gru", "general, two layers", "copies"]
READABLE = [text for text in TEXTS if text]


@pytest.fixture(scope="module")
def make_service():
    """``make_service("pieces")`` is the service of a small translator of that variant."""
    made: dict[str, TranslatorService] = {}

    def make(variant, limits=None):
        if variant not in made:
            translator = Translator(**TINY | VARIANTS[variant]).fit(make_pairs(), progress=False)
            made[variant] = TranslatorService(translator.runtime(), Limits())
        return TranslatorService(made[variant].runtime, limits) if limits else made[variant]

    return make


def make_writer(service):
    return next(o for o in service.operations() if o.name == "write").make_writer()


def write(service, requests, arrivals=None):
    """Write requests in one batch; each enters at its turn. Return their answers and events."""
    writer, answers = make_writer(service), {}
    events = {number: [] for number in range(len(requests))}
    waiting = dict(enumerate(arrivals or [0] * len(requests)))
    turn = 0
    while waiting or len(answers) < len(requests):
        for number in [n for n, at in waiting.items() if at <= turn]:
            writer.begin(number, requests[number], None)
            del waiting[number]
        running = [n for n in events if n not in waiting and n not in answers]
        for progress in writer.advance(running):
            if progress.event is not None:
                events[progress.row].append(progress.event)
            if progress.answer is not None:
                answers[progress.row] = progress.answer
        turn += 1
    return [answers[n] for n in range(len(requests))], events


@pytest.mark.parametrize(
    "options", [{}, {"beams": 1}, {"n_best": 3, "normalisation": 0.3}, {"n_best": 7}], ids=str
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_translations_are_those_of_the_runtime(make_service, variant, options):
    service = make_service(variant)
    [answer] = service.translate([Translate(texts=TEXTS, **options)])
    expected = service.runtime.translate_n_best(TEXTS, **options)
    for ours, outputs in zip(answer.translations, expected, strict=True):
        shown = [ours, *ours.others]
        assert [(t.text, t.cut) for t in shown] == [(o.text, o.cut) for o in outputs]
        np.testing.assert_allclose([t.score for t in shown], [o.score for o in outputs], atol=1e-5)


def test_requests_with_equal_options_are_one_batch(make_service, monkeypatch):
    service = make_service("dot, characters")
    options = [{}, {"beams": 1}, {"n_best": 2}, {"beams": 1, "block_repeats": 2}, {"beams": 1}]
    requests = [Translate(texts=TEXTS[i : i + 3], **o) for i, o in enumerate(options)]
    alone = [service.translate([request])[0] for request in requests]
    batches = []
    search = type(service.runtime.model).search

    def count(model, sources, limits, config):
        batches.append(len(sources))
        return search(model, sources, limits, config)

    monkeypatch.setattr(type(service.runtime.model), "search", count)
    together = service.translate(requests)
    assert sorted(batches) == [3, 6, 6]
    for ours, expected in zip(together, alone, strict=True):
        assert [t.text for t in ours.translations] == [t.text for t in expected.translations]
        scores = [[t.score for t in answer.translations] for answer in (ours, expected)]
        np.testing.assert_allclose(*scores, atol=1e-5)


def test_unknown_and_unread_tokens_are_told(make_service):
    [answer] = make_service("none, forwards").translate([Translate(texts=["ein wal rennt und zebra ein"])])
    assert answer.translations[0].unknown == ["wal", "zebra"]
    [answer] = make_service("pieces").translate([Translate(texts=["ein hund " * 10, "ein"])])
    assert [t.unread > 0 for t in answer.translations] == [True, False]


@pytest.mark.parametrize("variant", ATTENTIVE)
def test_attention_is_that_of_the_runtime(make_service, variant):
    service = make_service(variant)
    ours = service.attention([Attend(text=READABLE[0]), Attend(text="hund", beams=1)])
    for answer, expected in zip(
        ours,
        [service.runtime.attention(READABLE[0]), service.runtime.attention("hund", beams=1)],
        strict=True,
    ):
        assert (answer.source, answer.target) == (expected.source, expected.target)
        np.testing.assert_allclose(answer.weights, expected.weights, atol=1e-5)
        for words, tokens in ((answer.source_words, answer.source), (answer.target_words, answer.target)):
            bounds = [bound for word in words for bound in range(word.begin, word.end)]
            assert bounds == list(range(len(tokens)))
    assert ours[0].text == service.runtime.translate(READABLE[0])


@pytest.mark.parametrize("variant", ATTENTIVE)
def test_attention_to_a_given_translation(make_service, variant):
    service = make_service(variant)
    [best] = service.attention([Attend(text=READABLE[0])])
    [given] = service.attention([Attend(text=READABLE[0], translation=best.text)])
    if "<unk>" not in best.target and best.target[-1] == "<eos>":
        assert given == best
    [other] = service.attention([Attend(text=READABLE[0], translation="hund rennt")])
    assert [w.text for w in other.target_words] == ["hund", "rennt", "<eos>"]


def test_copied_words_are_shown(make_service):
    [answer] = make_service("copies").attention([Attend(text="wal ein hund", translation="hund wal")])
    assert answer.source_words[0].text == "wal"
    assert [w.text for w in answer.target_words] == ["hund", "wal", "<eos>"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_written_translations_are_greedy_ones(make_service, variant):
    service = make_service(variant)
    attentive = service.runtime.has_attention
    requests = [Write(text=text, attention=attentive and i % 2 == 0) for i, text in enumerate(TEXTS)]
    answers, events = write(service, requests)
    expected = service.runtime.translate_n_best(TEXTS, beams=1)
    for number, (answer, [best]) in enumerate(zip(answers, expected, strict=True)):
        assert (answer.text, answer.cut) == (best.text, best.cut)
        assert answer.score == pytest.approx(best.score, abs=1e-5)
        assert "".join(event.text for event in events[number]) == best.text
        assert [t for event in events[number] for t in event.target] == answer.target
        assert [row for event in events[number] for row in event.weights] == answer.weights
        assert events[number][0].source == answer.source
        assert len(answer.weights) == (len(answer.target) if requests[number].attention else 0)


@pytest.mark.parametrize("variant", ["additive, gru", "general, two layers", "fixed, forwards", "pieces"])
def test_rows_come_and_go(make_service, variant, monkeypatch):
    monkeypatch.setattr("unrolled.tasks.translate.service.writer.MOST_STEPS", 1)
    service = make_service(variant)
    requests = [Write(text=text, attention=service.runtime.has_attention) for text in READABLE]
    alone = [write(service, [request])[0][0] for request in requests]
    together, _ = write(service, requests, [2 * (i % 4) for i in range(len(requests))])
    for ours, expected in zip(together, alone, strict=True):
        assert (ours.text, ours.target, ours.cut) == (expected.text, expected.target, expected.cut)
        np.testing.assert_allclose(ours.log_probability, expected.log_probability, atol=1e-4)
        np.testing.assert_allclose(ours.weights, expected.weights, atol=1e-4)


@pytest.mark.parametrize("variant", ["additive, gru", "none, forwards"])
def test_rows_wait_and_leave(make_service, variant, monkeypatch):
    monkeypatch.setattr("unrolled.tasks.translate.service.writer.MOST_STEPS", 1)
    service = make_service(variant)
    texts = READABLE[:5]
    alone = [write(service, [Write(text=text)])[0][0].text for text in texts]
    writer, answers = make_writer(service), {}
    for number, text in enumerate(texts):
        writer.begin(number, Write(text=text), None)
    writer.advance([0, 1, 2])
    writer.end(1)
    rng = np.random.default_rng(0)
    left = {0, 2, 3, 4}
    while left:
        some = [n for n in left if rng.random() < 0.6]
        for progress in writer.advance(some):
            assert progress.row in some
            if progress.answer is not None:
                answers[progress.row] = progress.answer.text
                left.discard(progress.row)
    assert answers == {n: alone[n] for n in (0, 2, 3, 4)}


def test_wrong_requests_are_refused(make_service):
    service = make_service("dot, characters", Limits(characters=50, items=3, steps=80))
    without = make_service("none, forwards")
    refused = [
        (lambda: service.translate([Translate(texts=["hund"] * 4)]), "texts: 4 are too many"),
        (
            lambda: service.translate([Translate(texts=["hund" * 10] * 2)]),
            "texts: 80 characters are too many",
        ),
        (lambda: service.translate([Translate(texts=["hund"], length_ratio=100)]), "lower length_ratio"),
        (lambda: service.translate([Translate(texts=["hund"], n_best=3, beams=2)]), "n_best=3"),
        (lambda: without.translate([Translate(texts=["hund"], copy_unknown=True)]), "copy_unknown needs"),
        (lambda: service.translate([Translate(texts=["hu\ud800nd"])]), "texts: character 3 is half"),
        (lambda: service.attention([Attend(text="hund", translation="\udfff")]), "translation: character 1"),
        (
            lambda: service.attention([Attend(text="hund", translation="a" * 60)]),
            "translation: 60 characters",
        ),
        (lambda: service.attention([Attend(text=" \n")]), "text: it is blank"),
        (lambda: make_writer(without).begin(0, Write(text="hund", attention=True), None), "attention: this"),
        (lambda: make_writer(without).begin(0, Write(text="walrus xylophon"), None), "another kind of text"),
    ]
    for ask, message in refused:
        with pytest.raises((ConfigError, DataError), match=message):
            ask()


def test_operations_follow_the_model(make_service):
    assert [o.name for o in make_service("additive, gru").operations()] == ["translate", "write", "attention"]
    assert [o.name for o in make_service("fixed, forwards").operations()] == ["translate", "write"]
    details = make_service("pieces").details()
    assert (details["attention"], details["tokenizer"], details["languages"]) == (None, "bpe", None)
    assert details["read_at_most"] == 6
    msgspec.json.encode(details)


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("ein hund\u202e\u0301\ufeff\x00\x85\u2028 ▁<eos>"), max_size=60),
    st.sampled_from(
        ["<unk> <eos>", "\n" * 30, " ", "e" * 400, "\ud800", "ein\udc80hund", "🏳️‍🌈 hund", "שלום hund"]
    ),
)
NUMBERS = st.one_of(st.none(), st.sampled_from([0, 1, 2, 999]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    variant=st.sampled_from(["dot, characters", "copies", "pieces"]),
    texts=st.lists(HOSTILE, min_size=1, max_size=4),
    beams=st.one_of(st.none(), st.integers(1, 32)),
    n_best=st.integers(1, 32),
    repeats=NUMBERS,
    ratio=st.one_of(st.none(), st.sampled_from([0.0, 1e-300, 0.5, 3.0, 1000.0])),
)
def test_hostile_requests(make_service, variant, texts, beams, n_best, repeats, ratio):
    service = make_service(variant, Limits(characters=500, items=4, steps=200))
    options = {"block_repeats": repeats, "length_ratio": ratio}
    asked = [lambda: service.translate([Translate(texts=texts, beams=beams, n_best=n_best, **options)])]
    asked.append(lambda: write(service, [Write(text=text, **options) for text in texts]))
    if service.runtime.has_attention:
        asked.append(lambda: service.attention([Attend(text=texts[0], translation=texts[-1])]))
    for ask in asked:
        with contextlib.suppress(UnrolledError):
            msgspec.json.encode(ask())
