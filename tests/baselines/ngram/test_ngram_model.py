"""The n-gram model: valid and invalid inputs, its statistics, and published perplexities."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ngram_reference import EOS, UNK, random_sentences, random_tokens

from unrolled.baselines.ngram import DiscountWarning, NGram
from unrolled.errors import ConfigError, DataError, RunError

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")


@pytest.fixture(scope="module")
def treebank(published):
    """Training and test lines, split into words."""
    return tuple(
        [line.split() for line in published(f"ptb/ptb.{part}.txt").read_text().splitlines()]
        for part in ("train", "test")
    )


def join_lines(lines):
    return [t for line in lines for t in (*line, EOS)]


@pytest.mark.parametrize(
    ("smoothing", "as_text", "perplexity"),
    [
        ("modified-kneser-ney", join_lines, 141.1),
        ("modified-kneser-ney", list, 141.2),
        ("kneser-ney", join_lines, 143.6),
    ],
)
def test_five_grams_of_the_penn_treebank_have_the_published_perplexity(
    treebank, smoothing, as_text, perplexity
):
    train, test = map(as_text, treebank)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiscountWarning)
        model = NGram(5, smoothing).fit(train)
    scores = model.score(test)
    assert scores.shape == (82430,)
    assert math.exp(-scores.mean()) == pytest.approx(perplexity, abs=0.5)
    assert model.perplexity(test) == pytest.approx(math.exp(-scores.mean()))
    assert [g.order for g in model.growth] == [1, 2, 3, 4, 5]
    assert len(model.vocabulary) == model.growth[0].distinct == 10000


def test_growth_reports_the_state_space_of_each_order():
    text = random_tokens(300, 0)
    model = NGram(3, "witten-bell").fit(text)
    with_start = [EOS, *text]
    distinct = [len({tuple(with_start[i : i + n]) for i in range(len(with_start) - n + 1)}) for n in (2, 3)]
    size = len(model.vocabulary)
    assert [g.distinct for g in model.growth] == [size, *distinct]
    assert [g.possible for g in model.growth] == [size, size**2, size**3]
    # Four bytes per probability, four per back-off weight below the highest order, eight per key.
    assert [g.bytes for g in model.growth] == [8 * (size + 1), 16 * distinct[0], 12 * distinct[1]]


def test_the_vocabulary_is_sorted_by_frequency_and_rare_tokens_are_unk():
    model = NGram(1, "mle", min_frequency=2).fit(["b", "a", "c", "b", "a", "d", "b", EOS, UNK])
    assert model.vocabulary == [EOS, UNK, "b", "a"]
    np.testing.assert_allclose(model.distribution(), [1 / 9, 3 / 9, 3 / 9, 2 / 9], rtol=1e-6)
    np.testing.assert_allclose(model.score(["new", "b"]), np.log([3 / 9, 3 / 9]), rtol=1e-6)


@pytest.mark.parametrize("tokens", [["a", "b", "a", "c"], [["a", "b"], ["a", "c"]]])
def test_unknown_tokens_have_the_probability_of_unk(tokens):
    model = NGram(2).fit(tokens)
    nested = not isinstance(tokens[0], str)
    scores = model.score([["a", "x"], ["y"]] if nested else ["a", "x", "y"])
    assert np.isfinite(scores).all()
    p = model.distribution(["a"])
    assert p.sum() == pytest.approx(1)
    assert scores[1] == pytest.approx(np.log(p[1]))
    assert model.step(("a",), "x")[0] == pytest.approx(scores[1])
    assert model.step((), "x") == (model.step((), UNK)[0], ("x",))
    unsmoothed = NGram(2, "mle").fit(tokens)
    assert unsmoothed.score([["x"]] if nested else ["x"])[0] == -np.inf


def test_sentence_marks_are_treated_as_sentence_ends():
    bare = [["a", "b"], ["a", "c"]] * 5
    marked = [["<s>", *s, "</s>"] for s in bare]
    padded = [["<s>", "<s>", *s, "</s>", "</s>"] for s in bare]
    model = NGram(2).fit(bare)
    for sentences in (marked, padded):
        again = NGram(2).fit(sentences)
        assert again.vocabulary == model.vocabulary
        assert again.perplexity(sentences[:2]) == model.perplexity(bare[:2]) == pytest.approx(1.52, abs=0.01)
        np.testing.assert_array_equal(model.score(sentences), model.score(bare))
    for wrong in ([["a", "<s>", "b"]], [["a", "</s>", "b"], ["a"]]):
        with pytest.raises(DataError, match="sentence 1 holds <s> or </s> inside"):
            NGram(2).fit(wrong)
        with pytest.raises(DataError, match="sentence 1 holds"):
            model.score(wrong)
    with pytest.raises(DataError, match=r"the text holds <s>.*list of sentences"):
        NGram(2).fit(["<s>", "a", "b", "</s>"])


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([], "there are no tokens"),
        ("a b c", r"text\.split\(\)"),
        (["a", ["b"]], "holds both"),
        ([["a"], "b"], "holds both"),
        ([["a", "b"], ["c", EOS]], "sentence 2 holds <eos>"),
        ([1, 2, 3], "this list holds int"),
        ([None, ["a"]], "this list holds NoneType, list"),
        ([["a", 1]], "not a string"),
        ([[["a"]]], "not a string"),
        (["a", "b", "a"], r"order=5: the longest text has 3 tokens.*needs 4"),
        ([["a", "b"], [], ["a"]], r"order=5: the longest text has 3 tokens"),
    ],
)
def test_unusable_tokens_are_refused_and_leave_the_model_unchanged(tokens, message):
    model = NGram(5)
    with pytest.raises(DataError, match=message):
        model.fit(tokens)
    with pytest.raises(RunError, match="has not been fitted"):
        model.score(["a"])
    text = random_tokens(50, 1)
    before = model.fit(text).score(text)
    with pytest.raises(DataError, match=message):
        model.fit(tokens)
    np.testing.assert_array_equal(model.score(text), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order=0.*whole number from 1"),
        ({"order": 2.0}, "order=2.0.*whole number"),
        ({"order": "3"}, "order='3'.*whole number"),
        ({"order": True}, "order=True.*whole number"),
        ({"order": -3}, "order=-3"),
        ({"smoothing": "kneser-nay"}, r"kneser-nay.*did you mean 'kneser-ney'\?"),
        ({"smoothing": "add-k", "k": 0}, "k=0: must be positive"),
        ({"k": -1.0}, "k=-1.0"),
        ({"k": math.nan}, "k=nan"),
        ({"k": math.inf}, "k=inf"),
        ({"min_frequency": 0}, "min_frequency=0"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        NGram(**options)


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.score(["a"]),
        lambda m: m.perplexity(["a"]),
        lambda m: m.distribution(),
        lambda m: m.step((), "a"),
        lambda m: m.generate(1),
        lambda m: m.vocabulary,
        lambda m: m.table,
        lambda m: m.growth,
    ],
)
def test_an_unfitted_model_raises(use):
    with pytest.raises(RunError, match="call fit first"):
        use(NGram(2))


def test_a_model_of_one_text_refuses_sentences_and_vice_versa():
    with pytest.raises(DataError, match=r"fitted to one text.*are sentences"):
        NGram(1).fit(["a", "b"]).score([["a"]])
    with pytest.raises(DataError, match=r"fitted to sentences.*are one text"):
        NGram(1).fit([["a"], ["b"]]).score(["a"])
    for number, sentences in enumerate(([[EOS]], [["a"], ["b", EOS]], [[], [], ["a", EOS, "a"], [EOS]]), 1):
        with pytest.raises(DataError, match=f"sentence {number} holds <eos>"):
            NGram(1).fit([["a"], ["b"]]).score(sentences)
    with pytest.raises(DataError, match="not a string"):
        NGram(1).fit([["a"], ["b"]]).score([["a", ["b"]]])


def test_empty_sentences_are_a_model_of_eos():
    model = NGram(1, "witten-bell").fit([[], []])
    np.testing.assert_allclose(model.distribution(), [2.5 / 3, 0.5 / 3], rtol=1e-6)
    assert model.score([[]]).tolist() == pytest.approx([math.log(2.5 / 3)])


@pytest.mark.parametrize("smoothing", ["mle", "add-k", "witten-bell", "kneser-ney", "modified-kneser-ney"])
def test_texts_shorter_than_the_order_are_scored(smoothing):
    text = random_tokens(100, 2)
    model = NGram(4, smoothing).fit(text)
    assert model.score(text[:1]).tolist() == pytest.approx(model.score(text)[:1].tolist())
    lines = NGram(4, smoothing).fit([*random_sentences(30, 3), ["a"], []])
    scores = lines.score([[], ["a"], []])
    assert scores.shape == (4,)
    assert scores[0] == scores[3] == pytest.approx(math.log(lines.distribution([])[0]))


def test_an_mle_model_gives_unseen_bigrams_probability_zero():
    model = NGram(2, "mle").fit(["a", "b", "a", "b", "c"])
    assert model.score(["a", "c"])[1] == -math.inf
    assert model.perplexity(["a", "c"]) == math.inf
    assert model.step(("a",), "c")[0] == -math.inf


@given(st.integers(0, 5), st.sampled_from([0.02, 0.5, 1.0, 3.0]), st.integers(1, 4))
def test_generation_is_reproducible_and_never_yields_unk(seed, temperature, order):
    text = [UNK if i % 3 == 0 else t for i, t in enumerate(random_tokens(200, 4))]
    for tokens in (text, random_sentences(40, seed)):
        model = NGram(order).fit(tokens)
        options = {"temperature": temperature, "seed": seed}
        generated = model.generate(40, ["a"], **options)
        assert generated == model.generate(40, ["a"], **options)
        assert len(generated) == 40
        assert UNK not in generated
        assert set(generated) <= set(model.vocabulary)


def test_generation_follows_the_model_at_its_temperature():
    model = NGram(1, "mle").fit(["a"] * 6 + ["b"] * 3 + [UNK])

    def share(temperature):
        return model.generate(4000, temperature=temperature, seed=1).count("a") / 4000

    assert share(1.0) == pytest.approx(2 / 3, abs=0.03)
    assert share(0.5) == pytest.approx(4 / 5, abs=0.03)
    assert share(1e-5) == 1.0
    assert model.generate(50, seed=1) != model.generate(50, seed=2)
    assert model.generate(0) == []


def test_generation_shortens_the_context_if_only_unk_can_follow():
    model = NGram(3, "mle").fit(["a", "b", UNK, "c", "a", "b", UNK, "c", "b", "c"])
    assert model.distribution(["a", "b"])[1] == 1.0
    assert model.generate(5, ["a", "b"], seed=0)[0] == "c"
    with pytest.raises(DataError, match="all tokens except <unk>"):
        NGram(2, "mle").fit([UNK, UNK, UNK]).generate(1)


@pytest.mark.parametrize(
    ("length", "temperature", "message"),
    [(-1, 1.0, "length=-1"), (3, 0.0, "temperature"), (3, math.nan, "temp")],
)
def test_generation_refuses_invalid_options(length, temperature, message):
    with pytest.raises(ConfigError, match=message):
        NGram(1, "mle").fit(["a", "b"]).generate(length, temperature=temperature)


def test_eos_resets_the_context_of_sentences():
    model = NGram(3, "witten-bell").fit([["a", "b"], ["a", "c"], ["b"]])
    np.testing.assert_array_equal(model.distribution(["b", "a", EOS]), model.distribution([]))
    np.testing.assert_array_equal(model.distribution([EOS, "a"]), model.distribution(["a"]))
    assert model.step(("a", "b"), EOS)[1] == model.start()
