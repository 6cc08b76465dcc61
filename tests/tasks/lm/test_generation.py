"""Text from a trained model: sampling, beam search and next-token probabilities."""

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
    """A word model with an adaptive softmax, loaded from its run folder."""
    options = {"tokenizer": "word", "min_frequency": 3, "adaptive_softmax": (12,), "epochs": 5}
    folder = tmp_path_factory.mktemp("adaptive") / "run"
    LanguageModel(**tiny_options | options).fit(english_file, progress=False).save(folder)
    return LanguageModel.load(folder)


@pytest.fixture(scope="module")
def any_lm(request, tiny_lm, tiny_words, tiny_pieces, tiny_adaptive):
    models = {"char": tiny_lm, "word": tiny_words, "bpe": tiny_pieces, "adaptive": tiny_adaptive}
    return models[request.param]


EVERY_TOKENIZER = pytest.mark.parametrize("any_lm", ["char", "word", "bpe", "adaptive"], indirect=True)


@torch.no_grad()
def log_probabilities(lm, prompt, ids):
    """ln p of each token after the prompt, from one pass over the prompt and the tokens."""
    before = [0, *lm.tokenizer.encode(prompt).tolist()]
    logits, _ = lm.model(torch.tensor(before + list(ids))[:, None])
    rows = logits[len(before) - 1 : -1, 0].double().log_softmax(-1)
    return rows.gather(1, torch.tensor(ids)[:, None]).flatten().tolist()


@torch.no_grad()
def greedy(lm, prompt, length):
    """Greedy decoding that reads the complete text again for each token; <unk> is excluded."""
    ids = [0, *lm.tokenizer.encode(prompt).tolist()]
    generated = []
    for _ in range(length):
        logits = lm.model(torch.tensor(ids)[:, None])[0][-1, 0]
        logits[1] = -torch.inf
        generated.append(int(logits.argmax()))
        ids.append(generated[-1])
    return generated


@EVERY_TOKENIZER
def test_greedy_generation_equals_rereading_the_text(any_lm):
    expected = any_lm.tokenizer.decode(greedy(any_lm, PROMPT, 30))
    assert any_lm.generate(PROMPT, 30, temperature=0) == expected
    assert any_lm.generate(PROMPT, 30, top_k=1, seed=8) == expected


@EVERY_TOKENIZER
def test_streaming_equals_generating(any_lm):
    options = SamplingConfig(0.9, 20, 0.95)
    text = any_lm.generate(PROMPT, 60, temperature=0.9, top_k=20, top_p=0.95, seed=4)
    pieces = list(any_lm.stream(PROMPT, 60, options, seed=4))
    assert "".join(pieces) == text
    assert len(pieces) > 10


@EVERY_TOKENIZER
def test_the_seed_determines_the_text(any_lm):
    assert any_lm.generate("", 40, seed=1) == any_lm.generate("", 40, seed=1)
    assert any_lm.generate("", 40, seed=1) != any_lm.generate("", 40, seed=2)


def test_the_length_is_counted_in_tokens(tiny_lm):
    for n in (0, 1, 17):
        assert len(tiny_lm.generate(PROMPT, n)) == n
    with pytest.raises(ConfigError, match="length=-1"):
        tiny_lm.generate(PROMPT, -1)


def test_streaming_is_lazy(tiny_lm):
    pieces = tiny_lm.stream(PROMPT, 10**9)
    assert len("".join(itertools.islice(pieces, 5))) == 5


def test_unk_is_never_generated(tiny_words):
    text = tiny_words.generate("", 500, temperature=5.0)
    assert "<unk>" not in text
    assert "<unk>" in tiny_words.tokenizer.tokens
    assert tiny_words.data_info["unknown"] > 0
    assert all(1 not in h.tokens for _, h in tiny_words.beam("", 5, beams=20))


def test_unknown_tokens_of_a_prompt_are_read_as_unk_and_noted(tiny_lm, tiny_words):
    for method in (tiny_lm.generate, tiny_lm.next, tiny_lm.beam):
        assert method("Ж")
    assert tiny_words.generate("submarine Ж", 5)
    assert tiny_lm.prompt_notes("The Ж") == ("the prompt: 1 of 5 characters are unknown to the model ('Ж')",)
    assert tiny_lm.prompt_notes("The") == ()


def test_an_empty_prompt_starts_a_line_or_a_document(tiny_lm, write_english, tiny_options):
    assert tiny_lm.next("") == tiny_lm.next("\n")
    assert tiny_lm.generate("", 20, seed=1) == tiny_lm.generate("\n", 20, seed=1)
    # With several documents, <eos> between them teaches how a document starts.
    texts = [write_english(2, seed=n) for n in range(30)]
    lm = LanguageModel(**tiny_options | {"max_steps": 2}).fit(texts, progress=False)
    assert sorted(p for _, p in lm.next("", 10**6)) == pytest.approx(sorted(lm.distribution()))
    assert lm.next("") != lm.next("\n")


@EVERY_TOKENIZER
def test_next_returns_a_distribution(any_lm):
    size = any_lm.tokenizer.size
    top_tokens = any_lm.next(PROMPT, size)
    p = [probability for _, probability in top_tokens]
    assert len(top_tokens) == size
    assert sum(p) == pytest.approx(1.0, abs=1e-5)
    assert p == sorted(p, reverse=True)
    assert any_lm.next(PROMPT, 3) == top_tokens[:3]
    assert any_lm.next(PROMPT, 10**6) == top_tokens
    log_p = [log_probabilities(any_lm, PROMPT, [t])[0] for t in range(size)]
    assert sorted(p) == pytest.approx(sorted(torch.tensor(log_p).exp().tolist()), rel=1e-4)
    assert {"<eos>", "<unk>"} <= {token for token, _ in top_tokens}


def test_next_returns_the_most_probable_tokens(tiny_lm):
    log_p = {t: log_probabilities(tiny_lm, PROMPT, [i])[0] for i, t in enumerate(tiny_lm.tokenizer.tokens)}
    best = sorted(log_p, key=lambda t: -log_p[t])[:5]
    assert [token for token, _ in tiny_lm.next(PROMPT, 5)] == best
    with pytest.raises(ConfigError, match="top=0"):
        tiny_lm.next(PROMPT, 0)


@EVERY_TOKENIZER
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
def test_enough_beams_find_all_sequences_in_order(few_tokens, alpha, stop):
    lm, length = few_tokens, 4
    assert lm.tokenizer.tokens == ["<eos>", "<unk>", "a", "b"] or lm.tokenizer.size == 4
    expected = {}
    for n in range(1, length + 1):
        for s in itertools.product((0, 2, 3), repeat=n):
            complete = n == length or (stop and s[-1] == 0)
            if complete and not (stop and 0 in s[:-1]):
                expected[s] = sum(log_probabilities(lm, "a", s)) / n**alpha
    hypotheses = lm.beam("a", length, beams=200, normalisation=alpha, stop_at_eos=stop)
    assert len(hypotheses) == len(expected)
    assert {tuple(h.tokens): h.score for _, h in hypotheses} == pytest.approx(expected, rel=1e-4)
    assert [h.score for _, h in hypotheses] == sorted((h.score for _, h in hypotheses), reverse=True)
    assert all(text == lm.tokenizer.decode(h.tokens) for text, h in hypotheses)


@pytest.mark.parametrize("mode", ["sentence", "stream"])
def test_a_sentence_model_resets_its_state_after_eos(english_file, tiny_options, mode):
    """After <eos> a sentence model starts with a fresh state; a stream model reads <eos> and continues."""
    options = tiny_options | {"mode": mode, "tokenizer": "word", "min_frequency": 1}
    writer = LanguageModel(**options).fit(english_file, progress=False)._writer()
    input_tokens = []
    step = writer._step
    writer._step = lambda tokens, state: input_tokens.append(int(tokens)) or step(tokens, state)
    drawn = list(writer.draw("", 300, SamplingConfig(), seed=1))
    assert EOS_ID in drawn[:-1]
    assert (EOS_ID in input_tokens) == (mode == "stream")
