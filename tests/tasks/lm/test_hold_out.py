"""Choice of held-out text: documents, or parts of them."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unrolled import LanguageModel
from unrolled.data import Document
from unrolled.tasks.lm.hold_out import cut_text, resolve_hold_out, split_documents, spread_evenly


def test_the_number_of_documents_decides_the_rule():
    assert [resolve_hold_out("auto", n) for n in (1, 2, 19, 20, 500)] == [
        "end",
        "tails",
        "tails",
        "documents",
        "documents",
    ]
    assert resolve_hold_out("end", 7) == "end"


@given(st.integers(1, 200), st.floats(0, 0.99))
def test_held_out_documents_are_evenly_spread(count, fraction):
    chosen = spread_evenly(count, fraction)
    assert chosen.count(True) == int(count * fraction + 1e-9)
    if fraction <= 0.5:
        assert not any(a and b for a, b in itertools.pairwise(chosen)) or fraction > 0.49


@example("a\n\n a", 0.375, "paragraph")
@given(st.text("ab \n", min_size=1), st.floats(0.05, 0.45), st.sampled_from(["stream", "paragraph"]))
def test_no_text_is_lost(text, fraction, mode):
    assert "".join(cut_text(text, [fraction, fraction], mode)) == text
    documents = [Document("a", text + "x"), Document("b", "one\ntwo\n" * 9)]
    parts = split_documents(documents, [fraction], "tails", mode)
    kept_text = "".join(d.text for part in zip(*parts, strict=False) for d in part)
    assert set(kept_text) <= set(text + "x" + "one\ntwo\n")


def test_paragraphs_are_not_cut():
    text = "one\ntwo\n\nthree\nfour\n\nfive\nsix\n"
    assert cut_text(text, [0.5], "paragraph") == ["one\ntwo\n\nthree\nfour\n\n", "five\nsix\n"]


def test_training_holds_out_the_tail_of_each_document(tmp_path, tiny_options, write_english):
    texts = [write_english(20, seed=n) for n in range(3)]
    lm = LanguageModel(**tiny_options | {"max_steps": 2}).fit(texts, progress=False)
    assert lm.config.corpus.hold_out == "tails"
    assert lm.notes == (
        "held out: the last 10% of each of the 3 documents (--hold-out, --valid-fraction, --valid)",
    )
    # 18 of 20 lines of each text are training data, with one <eos> between documents.
    heads = [cut_text(text, [0.1], "stream")[0] for text in texts]
    assert lm.data_info["tokens"] == sum(map(len, heads)) + 2
    many = LanguageModel(**tiny_options | {"max_steps": 2}).fit([texts[0]] * 30, progress=False)
    assert many.config.corpus.hold_out == "documents"
    assert "3 of 30 documents, evenly spread" in many.notes[0]


@pytest.mark.parametrize("hold_out", ["end", "tails", "documents"])
def test_a_given_rule_is_kept_on_resume(tmp_path, tiny_options, write_english, hold_out):
    for n in range(10):
        (tmp_path / f"{n}.txt").write_text(write_english(6, seed=n))
    options = tiny_options | {"max_steps": 3, "hold_out": hold_out}
    lm = LanguageModel(**options).fit(str(tmp_path / "*.txt"), out=tmp_path / "run", progress=False)
    assert lm.config.corpus.hold_out == hold_out
    resumed = LanguageModel.resume(tmp_path / "run", progress=False)
    assert resumed.data_info == lm.data_info
