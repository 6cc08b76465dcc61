"""Every smoothing method compared with its formula, and the probability axioms."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ngram_reference import BOS, EOS, UNK, Reference, common_and_rare_tokens, random_sentences, random_tokens

from unrolled.baselines.ngram import SMOOTHINGS, DiscountWarning, NGram, Texts, count_ngrams, estimate
from unrolled.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")

LANGUAGE = common_and_rare_tokens(350, 8)
CORPORA = {
    "one text": random_tokens(60, 1),
    "one long text": random_tokens(1500, 2),
    "common and rare words": LANGUAGE,
    "sentences of common and rare words": [
        [t for t in LANGUAGE[i : i + 9] if t != EOS] for i in range(0, 350, 9)
    ],
    "a text without ends": random_tokens(80, 3, ends=0.0),
    "a text of <unk> too": [UNK if i % 7 == 3 else t for i, t in enumerate(random_tokens(200, 4))],
    "sentences": random_sentences(20, 5),
    "many sentences": random_sentences(400, 6),
    "one sentence": [random_tokens(9, 7, ends=0.0)],
    "sentences, some empty": [[], ["a"], [], ["b", "a", "a", "b"], ["a", "b"], ["c", "c", "c"]],
    "two tokens": ["a", "a", "b", "a", "b", "b", "a", "a"],
}


def histories(tokens, order, vocabulary):
    """Return contexts of every length: from the text, random ones, and the empty context."""
    flat = tokens if isinstance(tokens[0], str) else [t for s in tokens for t in (*s, EOS)]
    rng = np.random.default_rng(0)
    contexts = [[], flat[-3:], ["zzz"], [flat[0], "zzz"]]
    contexts += [flat[max(0, i - m) : i] for i in range(1, min(len(flat), 25)) for m in range(order + 2)]
    contexts += [rng.choice(vocabulary, size=n).tolist() for n in range(order + 2) for _ in range(6)]
    return contexts


def history_of(tokens, context, vocabulary):
    """Return the history that the reference model needs for a context."""
    context = [t if t in vocabulary else UNK for t in context]
    if isinstance(tokens[0], str):
        return (EOS, *context)
    while EOS in context:
        context = context[context.index(EOS) + 1 :]
    return (BOS, *context)


@pytest.mark.thin(3)
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", CORPORA)
def test_probabilities_agree_with_the_formula(name, order, smoothing):
    tokens = CORPORA[name]
    model = NGram(order, smoothing, k=0.3).fit(tokens)
    reference = Reference(tokens, order, smoothing, k=0.3)
    assert sorted(model.vocabulary) == reference.vocabulary
    for context in histories(tokens, order, model.vocabulary):
        history = history_of(tokens, context, model.vocabulary)
        expected = [reference.p(w, history) for w in model.vocabulary]
        np.testing.assert_allclose(model.distribution(context), expected, rtol=1e-5, atol=1e-12)
    if smoothing != "mle":
        np.testing.assert_allclose(model.score(tokens), reference.score(tokens), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("smoothing", ["kneser-ney", "modified-kneser-ney"])
@pytest.mark.parametrize("name", CORPORA)
def test_discounts_follow_the_counts_or_warn(name, smoothing):
    reference = Reference(CORPORA[name], 3, smoothing)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = NGram(3, smoothing).fit(CORPORA[name])
    warned = [str(w.message).partition(":")[0] for w in caught if w.category is DiscountWarning]
    for n, discounts in enumerate(model.table.discounts, 1):
        expected, determined = reference.discounts[n]
        assert list(discounts) == pytest.approx(expected[: len(discounts)])
        assert (f"order {n}" in warned) is not determined


def test_a_large_corpus_determines_all_discounts():
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiscountWarning)
        assert len(NGram(2).fit(LANGUAGE).table.discounts) == 2
        assert len(NGram(3, "kneser-ney").fit(LANGUAGE).table.discounts) == 3


def test_the_warning_names_the_order_the_counts_and_the_fallback():
    with pytest.warns(DiscountWarning, match=r"order 1: 0, 0, 1 and 0 n-grams.*0\.5, 1\.0, 1\.5 used"):
        NGram(1).fit(["a", "a", "a"])
    with pytest.warns(DiscountWarning, match=r"; 0\.5 used"):
        NGram(1, "kneser-ney").fit(["a", "a", "a"])


def test_a_hand_computed_kneser_ney_bigram():
    # Tokens: <eos> a b a b a c. Pairs: <eos>a 1, ab 2, ba 2, ac 1: D = 2 / (2 + 2 · 2) = 1/3.
    # Before a: {<eos>, b}, b: {a}, c: {a}, so a(·) = 2, 1, 1 and D = 2 / (2 + 2 · 1) = 1/2; V = 5.
    model = NGram(2, "kneser-ney").fit(["a", "b", "a", "b", "a", "c"])
    assert model.vocabulary == [EOS, UNK, "a", "b", "c"]
    rest = 1.5 / 4 / 5
    single = np.array([rest, rest, 1.5 / 4 + rest, 0.5 / 4 + rest, 0.5 / 4 + rest])
    gamma = (2 / 3) / 3
    after_a = gamma * single + np.array([0, 0, 0, (5 / 3) / 3, (2 / 3) / 3])
    np.testing.assert_allclose(model.distribution(["a"]), after_a, rtol=1e-6)
    np.testing.assert_allclose(model.distribution(["c"]), single, rtol=1e-6)  # c ends the text


tokens = st.lists(st.sampled_from(["a", "b", "c", EOS, UNK]), min_size=4, max_size=40)
sentences = st.lists(st.lists(st.sampled_from(["a", "b", "c", UNK]), max_size=8), min_size=1, max_size=8)


@given(
    st.one_of(tokens, sentences),
    st.integers(1, 4),
    st.sampled_from(SMOOTHINGS),
    st.lists(st.sampled_from(["a", "b", "c", EOS, UNK, "new"]), max_size=6),
    st.data(),
)
def test_probabilities_sum_to_one_and_agree_with_scores(text, order, smoothing, context, data):
    flat = isinstance(text[0], str)
    if not flat:
        text = [*text, ["a", "b", "a", "c"]]
    model = NGram(order, smoothing, k=0.01).fit(text)
    p = model.distribution(context)
    assert p.shape == (len(model.vocabulary),)
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1.0, abs=1e-6)
    strategy = sentences if not flat else tokens
    allowed = [t for t in model.vocabulary if t not in (EOS, UNK)] + [EOS] * flat
    held_out = data.draw(strategy).copy()
    held_out = (
        [t if t in allowed else allowed[0] for t in held_out]
        if flat
        else [[t if t in allowed else allowed[0] for t in s] for s in held_out]
    )
    scores, before, position = model.score(held_out), [], 0
    state = model.start()
    for token in held_out if flat else [t for s in held_out for t in (*s, EOS)]:
        with np.errstate(divide="ignore"):
            expected = np.log(model.distribution(before)[model.vocabulary.index(token)])
        nats, state = model.step(state, token)
        assert len(state) < order
        assert scores[position] == pytest.approx(expected, abs=1e-9)
        assert nats == pytest.approx(expected, abs=1e-9)
        before.append(token)
        position += 1
    assert position == len(scores)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"smoothing": "katz"}, "smoothing='katz'.*mle, add-k"),
        ({"smoothing": "add-k", "k": 0.0}, "k=0.0.*positive.*mle"),
        ({"smoothing": "add-k", "k": float("nan")}, "k=nan"),
    ],
)
def test_estimate_refuses_invalid_options(options, message):
    counts = count_ngrams(Texts.opened([np.array([2, 3, 2])], 0), 2, 4)
    with pytest.raises(ConfigError, match=message):
        estimate(counts, **options)
