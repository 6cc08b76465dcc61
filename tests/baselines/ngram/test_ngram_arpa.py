"""ARPA files: our files in an independent reader, files of other toolkits, and damaged files."""

import gzip
import math
import re

import numpy as np
import pytest
from ngram_reference import (
    EOS,
    UNK,
    arpa_score,
    arpa_text,
    common_and_rare_tokens,
    head_counts,
    parse_arpa,
    random_sentences,
    random_tokens,
)

from unrolled.baselines.ngram import NGram, SumWarning
from unrolled.errors import ConfigError, DataError, RunError

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")

LANGUAGE = common_and_rare_tokens(600, 1, vocabulary_size=60)
PAIRS = {
    "one text": (random_tokens(300, 2), random_tokens(80, 3)),
    "common and rare words": (LANGUAGE[:400], [t if t in LANGUAGE[:400] else "w1" for t in LANGUAGE[400:]]),
    "sentences": (random_sentences(60, 4), random_sentences(20, 5)),
    "one sentence": ([random_tokens(12, 6, ends=0.0)], [["a", "b", "a"], [], ["b"]]),
    "characters": (list("the_cat_sat_on_the_mat%as_the_hat"), list("the_mat")),
}
SMALL = [["a", "b", "a"], ["b", "b", UNK], ["a", "b", "b", "a"], []]


@pytest.mark.parametrize("smoothing", ["witten-bell", "kneser-ney", "modified-kneser-ney"])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", PAIRS)
def test_an_independent_reader_gives_the_same_scores(name, order, smoothing, tmp_path):
    train, held_out = PAIRS[name]
    if order > 1 and name == "one sentence":
        held_out = [[t for t in s if t in train[0]] for s in held_out]
    model = NGram(order, smoothing).fit(train)
    model.save_arpa(tmp_path / "model.arpa")
    text = (tmp_path / "model.arpa").read_text()
    grams = parse_arpa(text)
    assert head_counts(text) == {n: sum(len(g) == n for g in grams) for n in range(1, order + 1)}
    assert {("<s>",), ("</s>",)} <= grams.keys()
    np.testing.assert_allclose(arpa_score(grams, held_out), model.score(held_out), atol=1e-4)
    reloaded = NGram.load_arpa(tmp_path / "model.arpa")
    assert reloaded.order == order
    assert set(reloaded.vocabulary) == set(model.vocabulary)
    np.testing.assert_allclose(reloaded.score(held_out), model.score(held_out), atol=1e-5)
    for context in ([], ["a"], ["b", "a"], ["zzz", "a"]):
        p = dict(zip(reloaded.vocabulary, reloaded.distribution(context), strict=True))
        expected = dict(zip(model.vocabulary, model.distribution(context), strict=True))
        assert p == pytest.approx(expected, rel=1e-5)
    reloaded.save_arpa(tmp_path / "again.arpa")
    assert sorted(parse_arpa((tmp_path / "again.arpa").read_text())) == sorted(grams)


def test_an_mle_model_keeps_its_zeros(tmp_path):
    text = random_tokens(40, 1)
    model = NGram(3, "mle").fit(text)
    model.save_arpa(tmp_path / "model.arpa")
    reloaded = NGram.load_arpa(tmp_path / "model.arpa")
    for context in ([], ["a"], ["b", "c"], ["zzz"]):
        p = dict(zip(reloaded.vocabulary, reloaded.distribution(context), strict=True))
        assert p == pytest.approx(dict(zip(model.vocabulary, model.distribution(context), strict=True)))


@pytest.mark.parametrize("name", ["one text", "sentences"])
def test_kenlm_gives_the_same_scores(name, tmp_path):
    kenlm = pytest.importorskip("kenlm", reason="KenLM's Python package is not installed")
    train, held_out = PAIRS[name]
    model = NGram(3).fit(train)
    model.save_arpa(tmp_path / "model.arpa")
    kenlm_model = kenlm.Model(str(tmp_path / "model.arpa"))
    if name == "sentences":
        token_scores = [s for line in held_out for s in kenlm_model.full_scores(" ".join(line))]
    else:
        token_scores = list(kenlm_model.full_scores(" ".join([EOS, *held_out]), bos=False, eos=False))[1:]
    np.testing.assert_allclose([p * math.log(10) for p, *_ in token_scores], model.score(held_out), atol=1e-4)


@pytest.fixture
def small_arpa(tmp_path):
    """The ARPA text of a small order-3 model of sentences."""
    NGram(3).fit(SMALL).save_arpa(tmp_path / "small.arpa")
    return (tmp_path / "small.arpa").read_text()


@pytest.fixture
def load(tmp_path):
    def load(text, newline=""):
        with (tmp_path / "read.arpa").open("w", encoding="utf-8", newline=newline) as file:
            file.write(text)
        return NGram.load_arpa(tmp_path / "read.arpa")

    return load


def prune(grams, drop):
    """Remove some n-grams and <unk>, and renormalise with back-off weights."""
    probabilities = {
        g: 10**p
        for g, (p, _) in sorted(grams.items(), key=lambda i: len(i[0]))
        if UNK not in g and not drop(g)
    }
    probabilities = {g: p for g, p in probabilities.items() if len(g) == 1 or g[:-1] in probabilities}
    backoffs = {}

    def p_of(w, h):
        return probabilities[(*h, w)] if (*h, w) in probabilities else backoffs.get(h, 1.0) * p_of(w, h[1:])

    for h in [(), *probabilities]:
        followers = [g for g in probabilities if g[:-1] == h and len(g) == len(h) + 1]
        total = sum(probabilities[g] for g in followers)
        lower_total = sum(p_of(g[-1], h[1:]) for g in followers) if h else 1.0
        if lower_total > 0.999:  # no probability mass is left for the back-off weight
            probabilities |= {g: probabilities[g] / total for g in followers}
        elif followers:
            backoffs[h] = (1 - total) / (1 - lower_total)
    return {
        g: (math.log10(max(p, 1e-99)), math.log10(backoffs.get(g, 1.0))) for g, p in probabilities.items()
    }


@pytest.mark.parametrize("blank", [" ", "\t", " \t "])
def test_a_pruned_model_without_unk_and_separated_by_blanks_is_read(blank, load, tmp_path):
    train, _ = PAIRS["sentences"]
    model = NGram(3, "witten-bell").fit(train)
    model.save_arpa(tmp_path / "model.arpa")
    grams = parse_arpa((tmp_path / "model.arpa").read_text())
    small = prune(grams, lambda g: len(g) > 1 and sum(map(len, g)) + ord(g[-1][0]) % 3 == len(g))
    assert len(small) < 0.9 * len(grams)
    assert any(backoff > 0 for _, backoff in small.values())
    # An n-gram may be present without its suffix.
    assert any(len(g) == 3 and g[1:] not in small for g in small)
    text = arpa_text(small, blank)
    loaded = load(text)
    held_out = [[t for t in s if t != UNK] for s in random_sentences(20, 8)]
    np.testing.assert_allclose(loaded.score(held_out), arpa_score(parse_arpa(text), held_out), atol=1e-4)
    assert loaded.score([["zzz"]])[0] == -np.inf


def test_the_probability_of_the_sentence_start_is_ignored(small_arpa, load):
    changed = re.sub(r"-99\t<s>", "0\t<s>", small_arpa)
    assert changed != small_arpa
    np.testing.assert_array_equal(load(changed).score(SMALL), load(small_arpa).score(SMALL))


def test_crlf_byte_order_marks_and_leading_comments_are_accepted(small_arpa, load):
    expected = load(small_arpa).score(SMALL)
    np.testing.assert_array_equal(load(small_arpa, "\r\n").score(SMALL), expected)
    np.testing.assert_array_equal(load("\ufeff" + small_arpa, "\r\n").score(SMALL), expected)
    np.testing.assert_array_equal(load("made by hand\n\n" + small_arpa).score(SMALL), expected)
    np.testing.assert_array_equal(load(small_arpa.rstrip("\n")).score(SMALL), expected)


def test_an_order_without_n_grams_is_read(load):
    text = "\\data\\\nngram 1=4\nngram 2=0\nngram 3=0\n\n\\1-grams:\n-99 <s>\n-0.30103 </s>\n-0.60206 a\n"
    text += "-0.60206 <unk>\n\n\\2-grams:\n\n\\3-grams:\n\n\\end\\\n"
    np.testing.assert_allclose(load(text).score([["a", "a"]]), np.log([0.25, 0.25, 0.5]), rtol=1e-5)


def test_every_truncation_is_detected(small_arpa, load):
    for cut in range(len(small_arpa) - 1):
        with pytest.raises(DataError):
            load(small_arpa[:cut])


def substitute(pattern, by):
    def change(text):
        changed, count = re.subn(pattern, by, text, count=1, flags=re.MULTILINE)
        assert count == 1
        return changed

    return change


def drop_ngram(pattern):
    """Remove the first line of the n-gram, and lower the count in the header by one."""

    def change(text):
        line = re.search(f"^.*\t{pattern}(\t.*)?\n", text, flags=re.MULTILINE)
        n = len(pattern.split(" "))
        text = text.replace(line[0], "", 1)
        return re.sub(f"^ngram {n}=(.*)$", lambda m: f"ngram {n}={int(m[1]) - 1}", text, flags=re.MULTILINE)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (substitute(r"^ngram 2=.*$", "ngram 2=3"), "more than the 3 2-grams"),
        (substitute(r"^ngram 3=.*$", "ngram 3=999"), "is not 'log10 p"),
        (substitute(r"^ngram 3=.*$", "ngram 3=-1"), "is not 'ngram 3=COUNT'"),
        (substitute(r"^ngram 3=.*$", "ngram 3=²"), "is not 'ngram 3=COUNT'"),
        (substitute(r"^ngram 3=.*$", "ngram 3=" + "9" * 5000), "is not 'ngram 3=COUNT'"),
        (substitute(r"^ngram 3=.*$", "ngram 4=2"), "is not 'ngram 3=COUNT'"),
        (substitute(r"^ngram 3=.*\n", ""), r"end\\' was expected"),
        (substitute(r"^\\2-grams:$", r"\\4-grams:"), "2-grams:' was expected"),
        (substitute("\ta b\t", "\ta zzz\t"), "hold 'zzz', which is not among the 1-grams"),
        (substitute("\ta b\t", "\ta <s>\t"), "hold <s> after another word"),
        (drop_ngram("a b"), "'a b b' is in the file, but not the 2-gram"),
        (drop_ngram("</s>"), "neither </s> nor <eos>"),
        (substitute(r"^\S+\ta b\t", "0.3\ta b\t"), "is not 'log10 p ≤ 0"),
        (substitute(r"^\S+\ta b\t", "nan\ta b\t"), "is not 'log10 p ≤ 0"),
        (substitute(r"^\S+\ta b\t", "inf\ta b\t"), "is not 'log10 p ≤ 0"),
        (substitute(r"^\S+\ta b\t\S+", "-1\ta b\tnan"), "is not 'log10 p ≤ 0"),
        (substitute(r"^\S+\ta b\t\S+", "-1\ta b\t400"), "is not 'log10 p ≤ 0"),
        (substitute(r"^\S+\ta b\t.*$", "-1\ta"), "is not 'log10 p ≤ 0"),
        (substitute(r"^(\S+\ta b\t\S+)$", r"\1\t-1"), "is not 'log10 p ≤ 0"),
        (substitute("\tb b\t", "\ta b\t"), "2-grams hold one n-gram twice"),
        (substitute("\tb\t", "\ta\t"), "1-grams hold one word twice"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(change, message, small_arpa, load):
    with pytest.raises(DataError, match=message) as caught:
        load(change(small_arpa))
    assert "read.arpa: " in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (substitute(r"^\S+\ta b\t", "-0.01\ta b\t"), r"2-grams after 'a' add up to 1\.\d+"),
        (substitute(r"^\S+\ta b a$", "-3\ta b a"), r"3-grams after 'a b' add up to 0\.\d+"),
        (substitute(r"^\S+\ta\t", "-9\ta\t"), r"1-grams add up to 0\.\d+"),
    ],
)
def test_probabilities_that_do_not_sum_to_one_warn_or_fail(change, message, small_arpa, tmp_path):
    path = tmp_path / "read.arpa"
    path.write_text(change(small_arpa))
    with pytest.warns(SumWarning, match=f"{message}, not 1.*scores are those of the file"):
        model = NGram.load_arpa(path)
    assert np.isfinite(model.score([["a", "b", "a"]])).all()
    with pytest.raises(DataError, match=message):
        NGram.load_arpa(path, strict=True)


HAND_MADE = """
\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-1.25\t</s>
-99\t<s>\t-0.5
-2\t<unk>\t-20
-0.5\tbig\t-0.25
-3.141592\tdog

\\2-grams:
-0.75\t<s> big\t-0.125
-4\t<unk> big\t-1
-6\tbig dog

\\3-grams:
-0.0625\t<s> big dog

\\end\\
"""


def test_a_handwritten_file_keeps_its_scores(tmp_path):
    """Like the test files of other toolkits: probabilities do not sum to one, one back-off is -20."""
    path = tmp_path / "hand.arpa"
    path.write_text(HAND_MADE)
    with pytest.warns(SumWarning, match="add up to .* more of 5 contexts"):
        model = NGram.load_arpa(path)
    scores = model.score([["big", "dog", "cat", "dog", "big"]]) / np.log(10)
    expected = [-0.75, -0.0625, -2.0, -20 - 3.141592, -0.5, -0.25 - 1.25]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_gz_files_are_compressed(tmp_path):
    model = NGram(2).fit([["a", "b"], ["b", "a"]] * 5)
    for name in ("m.arpa", "m.arpa.gz"):
        model.save_arpa(tmp_path / name)
    assert gzip.decompress((tmp_path / "m.arpa.gz").read_bytes()) == (tmp_path / "m.arpa").read_bytes()
    reloaded = NGram.load_arpa(tmp_path / "m.arpa.gz")
    np.testing.assert_array_equal(reloaded.score([["a", "x"]]), model.score([["a", "x"]]))


def test_a_model_of_one_text_has_no_n_grams_with_the_end_of_a_sentence(load, tmp_path):
    NGram(2).fit(random_tokens(50, 1)).save_arpa(tmp_path / "model.arpa")
    text = (tmp_path / "model.arpa").read_text()
    with pytest.raises(DataError, match="hold </s>"):
        load(substitute(r"\ta b$", "\ta </s>")(text))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.arpa: no such file"):
        NGram.load_arpa(tmp_path / "none.arpa")
    with pytest.raises(DataError, match="is a folder"):
        NGram.load_arpa(tmp_path)
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(DataError, match="is not an ARPA file"):
        NGram.load_arpa(tmp_path / "binary")
    for text in ("", "once upon a time\n", "\\data\\\n\n", "\\data\\\n\n\\end\\\n", "\0" * 100):
        (tmp_path / "text").write_text(text)
        with pytest.raises(DataError):
            NGram.load_arpa(tmp_path / "text")


@pytest.mark.parametrize("token", [" ", "a b", "a ", "\ta", "", "\n", "a\u3000b"])
def test_a_token_that_the_format_cannot_hold_is_refused(token, tmp_path):
    with pytest.raises(ConfigError, match=re.escape(repr(token))):
        NGram(2).fit(["a", token, "b"]).save_arpa(tmp_path / "model.arpa")
    assert not list(tmp_path.iterdir())


def test_add_k_and_missing_folders_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="add-k"):
        NGram(2, "add-k").fit(["a", "b"]).save_arpa(tmp_path / "model.arpa")
    NGram(1, "add-k").fit(["a", "b"]).save_arpa(tmp_path / "model.arpa")
    reloaded = NGram.load_arpa(tmp_path / "model.arpa")
    assert reloaded.distribution().tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 3, 1 / 3])
    with pytest.raises(RunError, match="does not exist"):
        reloaded.save_arpa(tmp_path / "no" / "model.arpa")
    with pytest.raises(RunError, match="has not been fitted"):
        NGram(2).save_arpa(tmp_path / "model.arpa")
