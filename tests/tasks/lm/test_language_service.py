"""What a server offers of a language model equals what the model does alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.decoding import SamplingConfig
from unrolled.errors import ConfigError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.lm.service import LanguageService, reader
from unrolled.tasks.lm.service.messages import Generate, Next, Score
from unrolled.tasks.lm.service.writer import LanguageWriter

PROMPTS = ["the miller ", "", "a heron\nmends", "q" * 700]


@pytest.fixture(scope="module")
def tiny_sentences(english_file, tiny_options):
    from unrolled import LanguageModel

    options = tiny_options | {"mode": "sentence", "tokenizer": "word", "epochs": 1}
    return LanguageModel(**options).fit(english_file, progress=False)


@pytest.fixture(scope="module", params=["tiny_lm", "tiny_words", "tiny_sentences"])
def runtime(request):
    return request.getfixturevalue(request.param).runtime("float32")


@pytest.fixture(scope="module")
def service(runtime):
    return LanguageService(runtime, Limits(characters=10_000, steps=500))


def write_all(writer, requests, states=None, *, arrive=lambda turn: True):
    """Run a batch to its end; return the answer, the state and the joined events of each request."""
    done, events = {}, dict.fromkeys(range(len(requests)), "")
    waiting = list(enumerate(requests))
    for turn in itertools.count():
        if waiting and arrive(turn):
            row, request = waiting.pop(0)
            writer.begin(row, request, (states or {}).get(row))
        for p in writer.advance([row for row in range(len(requests)) if row not in done]):
            events[p.row] += p.event.text if p.event else ""
            if p.answer is not None:
                done[p.row] = (p.answer, p.state)
        if not waiting and len(done) == len(requests):
            return [(*done[row], events[row]) for row in range(len(requests))]


def text_alone(runtime, request):
    options = SamplingConfig(request.temperature, request.top_k, request.top_p)
    text = "".join(runtime.stream_text(request.text, request.length, options, seed=request.seed))
    needs_space = runtime.tokenizer.kind == "word" and request.text and not request.text[-1].isspace()
    return " " * bool(needs_space) + text


def test_each_text_of_a_batch_is_the_one_written_alone(runtime):
    requests = [
        Generate(text=text, length=length, seed=seed, temperature=temperature, top_k=k, top_p=p)
        for seed, (text, length, temperature, k, p) in enumerate(
            itertools.product(PROMPTS, (1, 70), (0.0, 1.0), (0, 5), (0.5, 1.0))
        )
    ]
    writer = LanguageWriter(runtime, Limits())
    for request, (answer, _, events) in zip(
        requests, write_all(writer, requests, arrive=lambda turn: turn % 2 == 0), strict=True
    ):
        assert answer.text == events == text_alone(runtime, request)
        assert (answer.tokens, answer.finish, answer.seed) == (request.length, "length", request.seed)


def test_texts_that_begin_together_are_those_written_alone(runtime):
    requests = [Generate(text=PROMPTS[n % 4], length=n, temperature=0.8, seed=n) for n in range(7)]
    writer, done = LanguageWriter(runtime, Limits()), {}
    for row, request in enumerate(requests):
        writer.begin(row, request, None)
        if row == 4:
            writer.end(2)
    while len(done) < 6:
        rows = [row for row in range(7) if row not in done and row != 2]
        done |= {p.row: p.answer.text for p in writer.advance(rows) if p.answer is not None}
    for row, text in done.items():
        assert text == text_alone(runtime, requests[row])


def test_a_text_goes_on_from_its_state(runtime):
    writer = LanguageWriter(runtime, Limits())
    whole = Generate(text="the miller", length=60, temperature=0.0, seed=0)
    [(answer, _, _)] = write_all(writer, [whole])
    part = Generate(text="the miller", length=25, temperature=0.0, seed=0)
    [(first, state, _)] = write_all(writer, [part])
    rest = Generate(length=35, temperature=0.0, seed=0)
    [(second, _, _)] = write_all(writer, [rest], {0: state})
    separator = "" if runtime.tokenizer.kind == "char" else " "
    assert answer.text.split() == (first.text + separator + second.text).split()


def test_a_text_ends_before_a_stop_text(runtime):
    writer = LanguageWriter(runtime, Limits())
    plain = Generate(text="the ", length=80, seed=3)
    [(answer, _, _)] = write_all(writer, [plain])
    middle = answer.text[len(answer.text) // 2 :][:4]
    [(stopped, state, events)] = write_all(
        writer, [Generate(text="the ", length=80, seed=3, stop=[middle, "\x00"])]
    )
    assert answer.text.startswith(stopped.text)
    assert middle not in stopped.text
    assert stopped.finish == "stop"
    assert stopped.tokens < 80
    assert events == stopped.text
    [(_, cut, _)] = write_all(writer, [Generate(text="the ", length=stopped.tokens, seed=3)])
    assert all(np.array_equal(state[name], cut[name]) for name in cut)


def test_what_may_begin_a_stop_text_is_shown_once_it_does_not(runtime):
    writer = LanguageWriter(runtime, Limits())
    request = Generate(text="the ", length=80, seed=3)
    [(plain, _, _)] = write_all(writer, [request])
    begins_only = [plain.text[k : k + 3] + "\x00" for k in range(0, len(plain.text) - 3, 9)][:8]
    [(answer, _, events)] = write_all(writer, [Generate(text="the ", length=80, seed=3, stop=begins_only)])
    assert answer.text == events == plain.text
    assert answer.finish == "length"


def test_a_sentence_that_ends_where_a_request_ends_is_followed_by_the_next(tiny_sentences):
    runtime = tiny_sentences.runtime("float32")
    writer = LanguageWriter(runtime, Limits())
    [(whole, _, _)] = write_all(writer, [Generate(length=200, seed=1)])
    sentence = whole.text.partition("\n")[0]
    length = len(sentence.split()) + 1
    assert length < 200
    [(first, state, _)] = write_all(writer, [Generate(length=length, seed=1)])
    assert first.text.rstrip() == sentence
    begin = runtime.read("").state()
    assert all(np.array_equal(state[name], begin[name]) for name in begin)


def test_rows_that_wait_or_leave_do_not_change_the_others(runtime):
    writer = LanguageWriter(runtime, Limits())
    requests = [Generate(text="the ", length=90, seed=seed) for seed in range(4)]
    for row, request in enumerate(requests):
        writer.begin(row, request, None)
    texts = dict.fromkeys(range(4), "")
    for turn in range(1000):
        if turn == 1:
            writer.end(2)
        rows = [row for row in (0, 1, 3) if not (row == 1 and turn < 5)]
        for p in writer.advance(rows):
            texts[p.row] += p.event.text if p.event else ""
            assert turn == 0 or p.row in rows
    for row in (0, 1, 3):
        assert texts[row] == text_alone(runtime, requests[row])


def test_next_tokens_are_those_of_the_runtime(service, runtime):
    for prompt in PROMPTS:
        answer, _ = service.next(Next(text=prompt, top=7), None)
        assert [(t.text, t.probability) for t in answer.tokens] == [
            (text, pytest.approx(p, abs=1e-6)) for text, p in runtime.next(prompt, 7)
        ]


def test_a_text_in_parts_is_the_text(service, runtime):
    parts = ["the ", "mill", "er "] if runtime.tokenizer.kind == "char" else ["the ", "miller ", "mends "]
    whole, _ = service.next(Next(text="".join(parts), scores=True, activations=True), None)
    state, scores = None, []
    for part in parts:
        answer, state = service.next(Next(text=part, scores=True, activations=True, history=3), state)
        scores += [token.log_probability for token in answer.read]
    assert scores == pytest.approx([token.log_probability for token in whole.read], abs=1e-5)
    for ours, theirs, past in zip(answer.activations, whole.activations, answer.history, strict=True):
        assert ours.values == pytest.approx(theirs.values, abs=2e-4)
        assert ours.values == past.values[-1]


def test_scores_are_the_log_probabilities_of_the_tokens(service, runtime):
    texts = ["the miller mends", "", "q", "a boat a boat a boat"]
    [first, second] = service.score([Score(texts=texts[:3], tokens=True), Score(texts=texts[3:])])
    for text, score in zip(texts, first.scores + second.scores, strict=True):
        answer, _ = service.next(Next(text=text, scores=True), None)
        read = [token.log_probability for token in answer.read] if text else []
        if not runtime.is_separate:
            assert score.log_probability == pytest.approx(sum(read), abs=1e-4)
        assert score.count == len(runtime.tokenizer.encode(text))
    assert first.scores[1].perplexity is None
    assert second.scores[0].tokens == []


def test_texts_are_scored_in_batches_whose_logits_are_few(service, runtime, monkeypatch):
    monkeypatch.setattr(reader, "CHUNK_LOGITS", 3 * runtime.tokenizer.size)
    batches, make = [], type(runtime).stream
    monkeypatch.setattr(
        type(runtime), "stream", lambda self, batch=1: (batches.append(batch), make(self, batch))[1]
    )
    [few] = service.score([Score(texts=["the miller"] * 10)])
    assert max(batches) == 3
    monkeypatch.undo()
    assert service.score([Score(texts=["the miller"] * 10)]) == [few]


def test_the_limits_are_named(service):
    with pytest.raises(ConfigError, match="text: 10,001 characters are too many; send at most 10,000"):
        service.next(Next(text="a" * 10_001), None)
    with pytest.raises(ConfigError, match="length: 501 is too many; ask for at most 500"):
        LanguageWriter(service.runtime, service.limits).begin(0, Generate(length=501), None)
    with pytest.raises(ConfigError, match="texts: 257 are too many"):
        service.score([Score(texts=["a"] * 257)])


@given(
    text=st.text(st.characters(), max_size=60),
    temperature=st.sampled_from([0.0, 1e-308, 0.5, 1.0, 100.0]),
    top_k=st.sampled_from([0, 1, 3, 2**31 - 1]),
    top_p=st.sampled_from([1e-300, 0.3, 1.0]),
)
def test_no_request_is_a_fault(tiny_lm, text, temperature, top_k, top_p):
    service = LanguageService(tiny_lm.runtime("float32"), Limits())
    answer, state = service.next(Next(text=text, scores=True), None)
    assert np.isfinite(answer.entropy)
    assert state
    service.score([Score(texts=[text])])
    request = Generate(text=text, length=5, seed=0, temperature=temperature, top_k=top_k, top_p=top_p)
    [(generated, _, _)] = write_all(LanguageWriter(service.runtime, Limits()), [request])
    assert generated.tokens == 5


def test_a_text_whose_numbers_overflow_does_not_disturb_the_others(service, runtime):
    requests = [Generate(text=text, length=30, seed=seed) for seed, text in enumerate(PROMPTS[:3])]
    _, state = service.next(Next(text="a "), None)
    broken = {name: np.full_like(values, np.nan) for name, values in state.items()}
    writer = LanguageWriter(runtime, Limits())
    for row, request in enumerate(requests):
        writer.begin(row, request, None)
    writer.begin(9, Generate(length=30), broken)
    answers, errors, left = {}, {}, {0, 1, 2, 9}
    while left:
        for p in writer.advance(sorted(left)):
            if p.answer is not None:
                answers[p.row] = p.answer.text
            if p.error is not None:
                errors[p.row] = str(p.error)
        left -= answers.keys() | errors.keys()
    assert list(errors) == [9]
    assert "no finite probabilities" in errors[9]
    assert [answers[row] for row in range(3)] == [text_alone(runtime, request) for request in requests]
