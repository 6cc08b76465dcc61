"""Text from a trained model: drawing, searching, looking at the next token."""

import itertools

import pytest
import torch

from unrolled import LanguageModel
from unrolled.decoding import SamplingConfig
from unrolled.errors import ConfigError
from unrolled.text import EOS_ID

PROMPT = "The miller "


@pytest.fixture(scope="module")
def tiny_pieces(english_file, tiny_options):
    options = {"tokenizer": "bpe", "vocabulary": 290, "epochs": 1}
    return LanguageModel(**tiny_options | options).fit(english_file, progress=False)


@pytest.fixture(scope="module")
def tiny_adaptive(english_file, tiny_options, tmp_path_factory):
    """A word model with an adaptive softmax, as it comes back from its folder."""
    options = {"tokenizer": "word", "min_frequency": 3, "adaptive_softmax": (12,), "epochs": 5}
    folder = tmp_path_factory.mktemp("adaptive") / "run"
    LanguageModel(**tiny_options | options).fit(english_file, progress=False).save(folder)
    return LanguageModel.load(folder)


@pytest.fixture(scope="module")
def any_lm(request, tiny_lm, tiny_words, tiny_pieces, tiny_adaptive):
    every = {"char": tiny_lm, "word": tiny_words, "bpe": tiny_pieces, "adaptive": tiny_adaptive}
    return every[request.param]


KINDS = pytest.mark.parametrize("any_lm", ["char", "word", "bpe", "adaptive"], indirect=True)


@torch.no_grad()
def log_p(lm, prompt, ids):
    """ln p of each token after the prompt, from one pass over everything."""
    before = [0, *lm.tokenizer.encode(prompt).tolist()]
    logits, _ = lm.model(torch.tensor(before + list(ids))[:, None])
    rows = logits[len(before) - 1 : -1, 0].double().log_softmax(-1)
    return rows.gather(1, torch.tensor(ids)[:, None]).flatten().tolist()


@torch.no_grad()
def greedy(lm, prompt, length):
    """Most probable token after token, all of the text read anew every time; never <unk>."""
    ids = [0, *lm.tokenizer.encode(prompt).tolist()]
    taken = []
    for _ in range(length):
        logits = lm.model(torch.tensor(ids)[:, None])[0][-1, 0]
        logits[1] = -torch.inf
        taken.append(int(logits.argmax()))
        ids.append(taken[-1])
    return taken


@KINDS
def test_the_state_carries_the_prompt_and_all_that_was_written(any_lm):
    expected = any_lm.tokenizer.decode(greedy(any_lm, PROMPT, 30))
    assert any_lm.generate(PROMPT, 30, temperature=0) == expected
    assert any_lm.generate(PROMPT, 30, top_k=1, seed=8) == expected


@KINDS
def test_streaming_is_generating(any_lm):
    options = SamplingConfig(0.9, 20, 0.95)
    whole = any_lm.generate(PROMPT, 60, temperature=0.9, top_k=20, top_p=0.95, seed=4)
    pieces = list(any_lm.stream(PROMPT, 60, options, seed=4))
    assert "".join(pieces) == whole
    assert len(pieces) > 10


@KINDS
def test_the_seed_makes_the_text(any_lm):
    assert any_lm.generate("", 40, seed=1) == any_lm.generate("", 40, seed=1)
    assert any_lm.generate("", 40, seed=1) != any_lm.generate("", 40, seed=2)


def test_the_length_is_counted_in_tokens(tiny_lm):
    for n in (0, 1, 17):
        assert len(tiny_lm.generate(PROMPT, n)) == n
    with pytest.raises(ConfigError, match="length=-1"):
        tiny_lm.generate(PROMPT, -1)


def test_a_stream_begins_before_it_ends(tiny_lm):
    endless = tiny_lm.stream(PROMPT, 10**9)
    assert len("".join(itertools.islice(endless, 5))) == 5


def test_unk_is_never_written(tiny_words):
    text = tiny_words.generate("", 500, temperature=5.0)
    assert "<unk>" not in text
    assert "<unk>" in tiny_words.tokenizer.tokens
    assert tiny_words.facts["unknown"] > 0
    assert all(1 not in h.tokens for _, h in tiny_words.beam("", 5, beams=20))


def test_a_prompt_of_unseen_tokens_is_read_as_unk_and_told(tiny_lm, tiny_words):
    for use in (tiny_lm.generate, tiny_lm.next, tiny_lm.beam):
        assert use("Ж")
    assert tiny_words.generate("submarine Ж", 5)
    assert tiny_lm.prompt_notes("The Ж") == ("the prompt: 1 of 5 characters are unknown to the model ('Ж')",)
    assert tiny_lm.prompt_notes("The") == ()


def test_an_empty_prompt_begins_a_line_where_no_beginning_was_learned(tiny_lm, write_english, tiny_options):
    assert tiny_lm.next("") == tiny_lm.next("\n")
    assert tiny_lm.generate("", 20, seed=1) == tiny_lm.generate("\n", 20, seed=1)
    # <eos> between documents teaches how one begins.
    texts = [write_english(2, seed=n) for n in range(30)]
    lm = LanguageModel(**tiny_options | {"max_steps": 2}).fit(texts, progress=False)
    assert sorted(p for _, p in lm.next("", 10**6)) == pytest.approx(sorted(lm.distribution()))
    assert lm.next("") != lm.next("\n")


@KINDS
def test_the_next_token_is_a_distribution(any_lm):
    size = any_lm.tokenizer.size
    found = any_lm.next(PROMPT, size)
    p = [probability for _, probability in found]
    assert len(found) == size
    assert sum(p) == pytest.approx(1.0, abs=1e-5)
    assert p == sorted(p, reverse=True)
    assert any_lm.next(PROMPT, 3) == found[:3]
    assert any_lm.next(PROMPT, 10**6) == found
    every = [log_p(any_lm, PROMPT, [t])[0] for t in range(size)]
    assert sorted(p) == pytest.approx(sorted(torch.tensor(every).exp().tolist()), rel=1e-4)
    assert {"<eos>", "<unk>"} <= {token for token, _ in found}


def test_the_next_tokens_are_named(tiny_lm):
    every = {t: log_p(tiny_lm, PROMPT, [i])[0] for i, t in enumerate(tiny_lm.tokenizer.tokens)}
    best = sorted(every, key=lambda t: -every[t])[:5]
    assert [token for token, _ in tiny_lm.next(PROMPT, 5)] == best
    with pytest.raises(ConfigError, match="top=0"):
        tiny_lm.next(PROMPT, 0)


@KINDS
def test_one_beam_is_greedy(any_lm):
    [(text, h)] = any_lm.beam(PROMPT, 12, beams=1, stop_at_eos=False)
    assert h.tokens == greedy(any_lm, PROMPT, 12)
    assert text == any_lm.tokenizer.decode(h.tokens)


@pytest.fixture(scope="module")
def few_tokens(tmp_path_factory, tiny_options):
    path = tmp_path_factory.mktemp("few") / "t.txt"
    path.write_text("a b b a\nb a b\na a b b\n" * 30)
    options = {"tokenizer": "word", "max_steps": 30}
    return LanguageModel(**tiny_options | options).fit(path, progress=False)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("stop", [True, False])
def test_enough_beams_find_the_best_of_all_sequences(few_tokens, alpha, stop):
    lm, length = few_tokens, 4
    assert lm.tokenizer.tokens == ["<eos>", "<unk>", "a", "b"] or lm.tokenizer.size == 4
    expected = {}
    for n in range(1, length + 1):
        for s in itertools.product((0, 2, 3), repeat=n):
            whole = n == length or (stop and s[-1] == 0)
            if whole and not (stop and 0 in s[:-1]):
                expected[s] = sum(log_p(lm, "a", s)) / n**alpha
    found = lm.beam("a", length, beams=200, normalisation=alpha, stop_at_eos=stop)
    assert len(found) == len(expected)
    assert {tuple(h.tokens): h.score for _, h in found} == pytest.approx(expected, rel=1e-4)
    assert [h.score for _, h in found] == sorted((h.score for _, h in found), reverse=True)
    assert all(text == lm.tokenizer.decode(h.tokens) for text, h in found)


@pytest.mark.parametrize("mode", ["sentence", "stream"])
def test_sentences_are_written_apart(english_file, tiny_options, mode):
    """After <eos> a sentence model begins from nothing; a stream goes on from it."""
    options = tiny_options | {"mode": mode, "tokenizer": "word", "min_frequency": 1}
    writer = LanguageModel(**options).fit(english_file, progress=False)._writer()
    read = []
    step = writer._step
    writer._step = lambda tokens, state: read.append(int(tokens)) or step(tokens, state)
    drawn = list(writer.draw("", 300, SamplingConfig(), seed=1))
    assert EOS_ID in drawn[:-1]
    assert (EOS_ID in read) == (mode == "stream")
