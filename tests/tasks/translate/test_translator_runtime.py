"""The translator without torch writes what the torch task writes; streams of sources."""

import io
import random

import numpy as np
import pytest

from unrolled import Translator
from unrolled.decoding import Hypothesis
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, RunError, ShapeError
from unrolled.symbols import UNK_ID
from unrolled.tasks.translate.runtime import TranslatorRuntime

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

TINY = {"hidden": 12, "embedding": 8, "batch": 8, "lr": 0.02, "max_steps": 30, "threads": 1, "seed": 5}
WORDS = ["ein", "hund", "katze", "rennt", "ruht", "und", "gross", "klein"]
VARIANTS = {
    "dot, characters": {"tokenizer": "char", "attention": "dot"},
    "additive, gru": {"tokenizer": "word", "attention": "additive", "cell": "gru", "input_feeding": True},
    "general, two layers": {
        "tokenizer": "word",
        "attention": "general",
        "layers": 2,
        "residual": True,
        "joint": True,
        "share_embeddings": True,
        "tie_weights": True,
    },
    "none, forwards": {"tokenizer": "word", "attention": "none", "bidirectional": False},
    "fixed, forwards": {"tokenizer": "char", "attention": "fixed", "bidirectional": False, "cell": "elman"},
    "pieces": {"tokenizer": "bpe", "vocabulary": 262, "read_at_most": 6, "attention": "none"}
    | {"bidirectional": False},
    "copies": {"tokenizer": "word", "copy_unknown": True, "min_frequency": 3},
}
SEARCHES = ({}, {"beams": 1}, {"beams": 3, "normalisation": 0.3, "block_repeats": 2}, {"length_ratio": 0.5})


def make_pairs(count=60, seed=0):
    rng = random.Random(seed)
    sources = [" ".join(rng.choices(WORDS, k=rng.randint(1, 6))) for _ in range(count)]
    return [(s, " ".join(reversed(s.split()))) for s in sources]


TEXTS = [source for source, _ in make_pairs(12, seed=9)] + ["", "hund"]


@pytest.fixture(scope="module")
def trained():
    """``trained("pieces")`` is a small translator of that variant and its runtime."""
    made: dict[str, tuple[Translator, TranslatorRuntime]] = {}

    def make(variant):
        if variant not in made:
            translator = Translator(**TINY | VARIANTS[variant]).fit(make_pairs(), progress=False)
            made[variant] = (translator, translator.runtime())
        return made[variant]

    return make


def assert_same(ours, reference):
    for outputs, expected in zip(ours, reference, strict=True):
        assert [(o.text, o.cut) for o in outputs] == [(o.text, o.cut) for o in expected]
        scores = ([[o.score, o.log_probability] for o in side] for side in (outputs, expected))
        np.testing.assert_allclose(*scores, atol=1e-5)


@pytest.mark.parametrize("search", SEARCHES, ids=str)
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_are_those_of_torch(trained, variant, search):
    translator, runtime = trained(variant)
    options = {"n_best": 1 if search.get("beams") == 1 else 2} | search
    expected = translator.translate_sources(TEXTS, **options)
    result = runtime.translate_sources(TEXTS, **options)
    assert result.notes == expected.notes
    assert_same(result.outputs, expected.outputs)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_scores_in_smaller_precisions_are_close(trained, precision):
    translator, _ = trained("dot, characters")
    runtime = translator.runtime(precision)
    reference = translator.translate_n_best(TEXTS[:6], beams=1)
    for [ours], [expected] in zip(runtime.translate_n_best(TEXTS[:6], beams=1), reference, strict=True):
        assert ours.score == pytest.approx(expected.score, abs=0.05)


def test_one_text_and_files_are_translated(trained, tmp_path):
    translator, runtime = trained("copies")
    path = tmp_path / "texts.txt"
    path.write_text("ein hund rennt\nkatze wal ruht\n")
    assert runtime.translate("ein hund") == translator.translate("ein hund")
    assert runtime.translate(path) == translator.translate(path)
    ours, expected = io.StringIO(), io.StringIO()
    runtime.predict_file(path, ours)
    translator.predict_file(path, expected)
    assert ours.getvalue() == expected.getvalue()
    table = tmp_path / "texts.csv"
    table.write_text("source,number\nein hund,1\nkatze,2\n")
    assert runtime.predict_table(str(table)) == translator.predict_table(str(table))
    assert runtime.predict_table(str(path)) is None


def test_unknown_words_are_copied_from_the_source(trained):
    translator, runtime = trained("copies")
    texts = ["wal ein hund wal", "hund zebra"]
    assert runtime.translate(texts) == translator.translate(texts)


def test_attention_is_that_of_torch(trained, tmp_path):
    translator, runtime = trained("additive, gru")
    ours, expected = runtime.attention("ein hund rennt"), translator.attention("ein hund rennt")
    assert (ours.source, ours.target) == (expected.source, expected.target)
    np.testing.assert_allclose(ours.weights, expected.weights, atol=1e-5)
    assert runtime.plot_attention("ein hund", tmp_path / "a.png").exists()


def test_wrong_options_and_texts_are_refused(trained):
    _, runtime = trained("none, forwards")
    with pytest.raises(ConfigError, match="did you mean 'beams'"):
        runtime.translate(["hund"], beam=2)
    with pytest.raises(ConfigError, match="only options of the search"):
        runtime.translate(["hund"], hidden=3)
    with pytest.raises(ConfigError, match="no attention to show"):
        runtime.attention("hund")
    with pytest.raises(DataError, match="another kind of text"):
        runtime.translate(["walrus xylophon zebra"])


def test_weights_that_do_not_fit_are_refused(trained):
    _, runtime = trained("dot, characters")
    weights = dict(runtime.weights)
    del weights["bridge.0.maps.0.weight"]
    with pytest.raises(RunError, match=r"bridge\.0\.maps\.0\.weight is missing"):
        TranslatorRuntime(runtime.config, runtime.artifacts, weights)


@pytest.mark.parametrize("variant", ["none, forwards", "fixed, forwards"])
def test_a_source_is_read_in_parts(trained, variant):
    _, runtime = trained(variant)
    stream = runtime.stream()
    assert stream.translate() == ""
    read = ""
    for part in ("ein hund", " rennt und", " ruht"):
        stream.push(part)
        read += part
        for options in ({}, {"beams": 1}):
            assert stream.translate(**options) == runtime.translate(read, **options)
    stream.reset()
    stream.push("katze")
    assert stream.translate() == runtime.translate("katze")


def test_sources_of_a_batch_are_read_independently(trained):
    _, runtime = trained("none, forwards")
    stream = runtime.stream(3)
    stream.push(["ein hund", "katze", ""])
    state = stream.state()
    assert stream.translate() == runtime.translate(["ein hund", "katze", ""])
    stream.push(["rennt", "", "gross und klein"])
    later = runtime.translate(["ein hund rennt", "katze", "gross und klein"])
    assert stream.translate() == later
    stream.reset([1])
    assert stream.translate() == [later[0], "", later[2]]
    stream.keep([2, 0])
    stream.add(1)
    assert stream.translate() == [later[2], later[0], ""]
    other = runtime.stream(3)
    other.restore(state)
    copy = other.copy()
    copy.push(["ruht", "ruht", "ruht"])
    assert other.translate() == runtime.translate(["ein hund", "katze", ""])
    other.push(["rennt", "", "gross und klein"])
    assert other.translate() == later
    other.extend(stream.select([0, 0]))
    assert other.translate() == [*later, later[2], later[2]]


def test_token_ids_are_read_up_to_the_limit(trained):
    _, runtime = trained("pieces")
    text = "ein hund rennt und katze ruht"
    ids = runtime.tokenizer.encode_source(text)
    assert len(ids) > 6
    stream = runtime.stream()
    for token in ids:
        stream.push(token)
    assert stream.translate() == runtime.translate(text)
    with pytest.raises(ConfigError, match="push the token ids"):
        stream.push("hund")


def test_streams_refuse_what_they_cannot_read(trained):
    with pytest.raises(ConfigError, match="also reads backwards"):
        trained("dot, characters")[1].stream()
    _, runtime = trained("none, forwards")
    stream = runtime.stream(2)
    with pytest.raises(ShapeError, match="got 1 texts"):
        stream.push("hund")
    with pytest.raises(ShapeError, match="999"):
        stream.push([[3, 999]])
    with pytest.raises(DataError, match="7 is not a text"):
        stream.push(["hund", 7])
    with pytest.raises(ShapeError, match="'tokens' has shape"):
        stream.restore(runtime.stream(1).state())


def test_a_source_with_attention_cannot_be_streamed(trained):
    options = {"tokenizer": "word", "attention": "general", "bidirectional": False, "max_steps": 1}
    runtime = Translator(**TINY | options).fit(make_pairs(), progress=False).runtime()
    with pytest.raises(ConfigError, match="attention='general' keeps every step"):
        runtime.stream()


def test_words_are_copied_if_punctuation_is_split():
    pairs = [("ein hund, katze.", "a dog, cat.")] * 20 + [("katze, hund.", "cat, dog.")] * 20
    options = {"tokenizer": "word", "split_punctuation": True, "copy_unknown": True, "min_frequency": 2}
    translator = Translator(**TINY | options).fit(pairs, progress=False)
    runtime = translator.runtime()
    generator = runtime.generator(runtime.search_config({}))
    text = "wal, Hund. wal, ..."
    ids = generator.encode_source(text)
    copied = generator.decode(text, ids, Hypothesis([UNK_ID] * 4, -1.0, -1.0)).text.split()
    assert len(copied) == 4
    assert set(copied) <= {"wal", ",", "Hund", "."}


def test_batches_of_long_sources_are_small(trained, monkeypatch):
    _, runtime = trained("none, forwards")
    monkeypatch.setattr("unrolled.tasks.translate.generator.MAX_SOURCE_TOKENS", 12)
    sizes = []
    search = type(runtime.model).search

    def record(model, sources, limits, config):
        sizes.append([len(source) for source in sources])
        return search(model, sources, limits, config)

    texts = ["ein", "hund " * 20, "ein hund", "katze rennt", "und " * 5]
    expected = runtime.translate(texts)
    monkeypatch.setattr(type(runtime.model), "search", record)
    assert runtime.translate(texts) == expected
    assert sizes == [[20], [5, 2], [2, 1]]
