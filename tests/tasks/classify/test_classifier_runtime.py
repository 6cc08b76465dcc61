"""The classifier without torch gives the probabilities of the classifier under torch."""

import io

import numpy as np
import pytest
import torch

from cases import CASES
from unrolled import Classifier
from unrolled.config import with_options
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, NonFiniteError, RunError, ShapeError
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.build import build_model
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import Examples, encode_rows
from unrolled.tasks.classify.predicting import log_probabilities
from unrolled.tasks.classify.runtime import BATCH_SIZE, ClassifierRuntime
from unrolled.text.characters import CharacterTokenizer
from unrolled.text.words import WordTokenizer

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

LETTERS = list("abcdefg ")
FEATURES = 3
SMALL = {"hidden": 7, "embedding": 5, "zoneout": 0.1}
SCALES = {"reader.input": 10, "pooling": 5, "output.weight": 8}
"""Factors of weights: without them, an untrained classifier hardly looks at its input."""
NETWORKS = {
    "lstm": {"cell": "lstm", "layers": 2, "zoneout_cell": 0.1},
    "peepholes": {"cell": "lstm", "peepholes": True, "layer_norm": True},
    "projected": {"cell": "lstm", "projection": 4, "layers": 2, "residual": True},
    "gru": {"cell": "gru", "skip": 2},
    "one-hot": {"cell": "gru", "reset": "before", "input": "one-hot"},
    "elman": {"cell": "elman", "nonlinearity": "relu", "layer_norm": True},
    "jordan": {"cell": "jordan"},
    "minlstm": {"cell": "minlstm", "layers": 2, "residual": True},
    "word vectors": {"cell": "gru", "input": "vectors", "vectors": "a file", "freeze_vectors": True},
    "tdnn": {"cell": "tdnn", "context": 3, "layers": 2, "zoneout": 0.0},
    "feed-forward": {"cell": "feed-forward", "context": 2, "zoneout": 0.0},
}


def make_items(text, count=40):
    rng = np.random.default_rng(3)
    if text:
        return ["".join(rng.choice([*LETTERS, "x"], n)) for n in rng.integers(0, 15, count)]
    return [rng.normal(2, 3, size=(n, FEATURES)).astype(np.float32) for n in rng.integers(1, 15, count)]


class Pair:
    """An untrained classifier, under torch and in the runtime."""

    def __init__(self, text=True, precision="float32", tokenizer=None, **options):
        torch.manual_seed(4)
        self.config = with_options(ClassifierConfig(), SMALL | options)
        tokenizer = (tokenizer or CharacterTokenizer(LETTERS)) if text else None
        vectors = torch.randn(tokenizer.size, 4) if text and "vectors" in options else None
        size = None if vectors is None else 4
        self.artifacts = ClassifierArtifacts(["x", "y", "z"], tokenizer, 0 if text else FEATURES, size)
        self.model = build_model(self.config, self.artifacts, vectors).eval()
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                p.mul_(next((n for part, n in SCALES.items() if part in name), 1))
        if not text:
            self.model.reader.standardise(torch.full((FEATURES,), 2.0), torch.full((FEATURES,), 3.0))
        self.weights = {name: t.numpy() for name, t in self.model.state_dict().items()}
        self.runtime = ClassifierRuntime(self.config, self.artifacts, self.weights, precision)

    def expected(self, items):
        rows = encode_rows(items, self.artifacts.tokenizer, self.artifacts.features)
        return np.exp(log_probabilities(self.model, Examples(rows, np.zeros(len(rows), np.int64))))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("text", [True, False])
def test_probabilities_are_those_of_the_torch_model(pooling, bidirectional, text):
    pair, items = Pair(text, pooling=pooling, bidirectional=bidirectional, layers=2), make_items(text)
    expected = pair.expected(items)
    assert np.ptp(expected, 0).max() > 0.05
    np.testing.assert_allclose(pair.runtime.probabilities(items), expected, atol=1e-5)
    assert pair.runtime.predict(items) == [pair.runtime.classes[i] for i in expected.argmax(1)]


@pytest.mark.thin(3)
@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_gives_the_probabilities_of_the_torch_model(name, bidirectional, text):
    pair = Pair(text, pooling="attention", bidirectional=bidirectional, **NETWORKS[name])
    items = make_items(text)
    np.testing.assert_allclose(pair.runtime.probabilities(items), pair.expected(items), atol=1e-5)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("text", [True, False])
def test_a_stream_gives_the_probabilities_of_what_it_has_read(pooling, text):
    runtime = Pair(text, pooling=pooling, bidirectional=False, layers=2).runtime
    item = next(item for item in make_items(text) if len(item) > 5)
    stream = runtime.stream()
    for end in range(1, len(item) + 1):
        expected = runtime.probabilities([item[:end]])
        np.testing.assert_allclose(stream.push(item[end - 1]), expected, atol=2e-6)
        assert stream.label == runtime.predict([item[:end]])[0]


@pytest.mark.thin(2)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_stream_of_every_network_reads_pieces(name):
    runtime = Pair(pooling="mean", bidirectional=False, **NETWORKS[name]).runtime
    stream = runtime.stream()
    for text in ("", "bad ", "ca", "", "ge"):
        p = stream.push(text)
    np.testing.assert_allclose(p, runtime.probabilities(["bad cage"]), atol=2e-6)


def test_rows_of_a_stream_read_texts_of_different_lengths():
    runtime = Pair(bidirectional=False).runtime
    stream = runtime.stream(3)
    stream.push(["ab", "", "a bad bed"])
    p = stream.push(["c", "egg", ""])
    np.testing.assert_allclose(p, runtime.probabilities(["abc", "egg", "a bad bed"]), atol=2e-6)
    assert stream.labels == runtime.predict(["abc", "egg", "a bad bed"])


def test_tokens_are_read_as_their_text_is():
    runtime = Pair(bidirectional=False).runtime
    ids = runtime.artifacts.tokenizer.encode("bad")
    expected = runtime.probabilities(["bad"])
    np.testing.assert_allclose(runtime.stream().push(ids), expected, atol=2e-6)
    both = runtime.stream(2)
    both.push(np.stack([ids[:1], ids[:1]], axis=1))
    p = both.push(np.stack([ids[1:], ids[1:]], axis=1))
    np.testing.assert_allclose(p, expected.repeat(2, 0), atol=2e-6)


def test_words_are_read_one_by_one():
    words = ["good", "bad", "film", "a"]
    runtime = Pair(bidirectional=False, tokenizer=WordTokenizer(words)).runtime
    stream = runtime.stream()
    for word in ("a", "bad", "new", "film"):
        p = stream.push(word)
    np.testing.assert_allclose(p, runtime.probabilities(["a bad new film"]), atol=2e-6)


def test_states_are_copied_and_restored():
    runtime = Pair(text=False, bidirectional=False, pooling="attention").runtime
    x, more = make_items(text=False)[:2]
    stream = runtime.stream()
    first = stream.push(x)
    saved, copied = stream.state(), stream.copy()
    expected = stream.push(more)
    other = runtime.stream()
    other.restore(saved)
    np.testing.assert_array_equal(other.probabilities, first)
    np.testing.assert_array_equal(other.push(more), expected)
    np.testing.assert_array_equal(copied.push(more), expected)
    stream.reset()
    np.testing.assert_array_equal(stream.push(x), first)


def test_rows_begin_anew_come_and_go():
    runtime = Pair(bidirectional=False, pooling="max").runtime
    stream = runtime.stream(2)
    stream.push(["ab", "cd"])
    stream.reset([0])
    assert np.isnan(stream.probabilities).all(1).tolist() == [True, False]
    with pytest.raises(ConfigError, match="nothing was read yet"):
        _ = stream.labels
    stream.add()
    p = stream.push(["e", "f", "g"])
    np.testing.assert_allclose(p, runtime.probabilities(["e", "cdf", "g"]), atol=2e-6)
    stream.keep([2, 1])
    np.testing.assert_allclose(stream.push(["a", ""]), runtime.probabilities(["ga", "cdf"]), atol=2e-6)
    other = stream.select([1])
    other.extend(stream)
    np.testing.assert_array_equal(other.probabilities, stream.probabilities[[1, 0, 1]])
    p = other.push(["a", "b", "c"])
    np.testing.assert_allclose(p, runtime.probabilities(["cdfa", "gab", "cdfc"]), atol=2e-6)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
@pytest.mark.parametrize("pooling", ["last", "attention"])
@pytest.mark.parametrize("text", [True, False])
def test_lower_precisions_stay_close(precision, pooling, text):
    options = {"pooling": pooling, "bidirectional": False, "hidden": 24}
    items = make_items(text)
    exact, rounded = Pair(text, **options).runtime, Pair(text, precision, **options).runtime
    p = rounded.probabilities(items)
    difference = np.abs(p - exact.probabilities(items))
    assert 0 < difference.max() < 0.06
    stream = rounded.stream()
    for step in items[0]:
        stream.push(step)
    np.testing.assert_allclose(stream.probabilities if len(items[0]) else p[:1], p[:1], atol=0.01)


def test_more_items_than_a_batch_keep_their_order():
    pair, items = Pair(), make_items(text=True, count=2 * BATCH_SIZE + 3)
    np.testing.assert_allclose(pair.runtime.probabilities(items), pair.expected(items), atol=1e-5)
    assert pair.runtime.probabilities([]).shape == (0, 3)


def test_a_backward_reader_does_not_stream():
    with pytest.raises(
        ConfigError, match=r"reads backwards, which needs the whole sequence: .*no-bidirectional"
    ):
        Pair(bidirectional=True).runtime.stream()


@pytest.mark.parametrize(
    ("text", "items", "error", "message"),
    [
        (True, "one text", ConfigError, "got a single text: give a list of texts"),
        (True, [np.zeros((2, 3))], DataError, "item 1 is ndarray: this classifier reads text"),
        (False, ["text"], DataError, "item 1 is str: this classifier reads vectors"),
        (False, [np.zeros((2, 4))], DataError, "vectors of 4 values; this classifier reads 3"),
        (False, [np.zeros((1, 3)), np.zeros((0, 3))], DataError, r"item 2: has shape \(0, 3\)"),
        (False, [np.zeros(3)], DataError, r"item 1: has shape \(3,\)"),
        (False, [[["a", "b", "c"]]], DataError, "item 1: is not an array of numbers"),
        (False, [np.full((2, 3), np.nan)], DataError, "item 1: contains a number that is not finite"),
    ],
)
def test_wrong_items_are_errors(text, items, error, message):
    with pytest.raises(error, match=message):
        Pair(text).runtime.probabilities(items)


@pytest.mark.parametrize(
    ("text", "read", "error", "message"),
    [
        (False, "text", ConfigError, "this classifier reads vectors, not text"),
        (False, [1.0, 2.0], ShapeError, "expected .1, 1, 3."),
        (False, np.zeros((1, 2, 3)), ShapeError, "expected .1, 1, 3."),
        (False, [np.inf, 0.0, 0.0], DataError, "not finite"),
        (True, ["a", "b"], ShapeError, "got 2 texts, but the stream has 1 rows"),
        (True, ["a", None], ShapeError, "got 2 texts"),
        (True, 99, ShapeError, "99 is not one of its 10 values"),
        (True, -1, ShapeError, "-1 is not one of its 10 values"),
        (True, 0.5, ShapeError, "whole numbers"),
    ],
)
def test_wrong_input_of_a_stream_is_an_error(text, read, error, message):
    with pytest.raises(error, match=message):
        Pair(text, bidirectional=False).runtime.stream().push(read)


def test_wrong_states_and_labels_of_streams_are_errors():
    stream = Pair(bidirectional=False).runtime.stream(2)
    with pytest.raises(DataError, match="None is not a text like the others"):
        stream.push(["a", None])
    with pytest.raises(ConfigError, match="the stream has 2 sequences"):
        _ = stream.label
    state = stream.state()
    with pytest.raises(ShapeError, match="state 'logits' is missing"):
        stream.restore({})
    with pytest.raises(ShapeError, match="state 'logits' has shape"):
        stream.restore(state | {"logits": state["logits"][:1]})
    with pytest.raises(ShapeError):
        stream.restore(state | {"other": state["logits"]})


def test_weights_that_do_not_fit_are_an_error_that_names_them():
    pair = Pair(pooling="attention")
    del pair.weights["pooling.context.weight"]
    with pytest.raises(RunError, match=r"pooling\.context\.weight is missing"):
        ClassifierRuntime(pair.config, pair.artifacts, pair.weights)


def test_weights_that_overflow_are_an_error():
    pair = Pair(text=False, bidirectional=False)
    pair.weights["output.weight"] = np.full_like(pair.weights["output.weight"], 3e38)
    pair.weights["output.weight"][0] *= -1  # the sum over the units overflows in one of the two directions
    pair.weights["output.bias"] = np.full_like(pair.weights["output.bias"], 3e38)
    stream = ClassifierRuntime(pair.config, pair.artifacts, pair.weights).stream()
    with pytest.raises(NonFiniteError, match="no finite probabilities"):
        stream.push(np.full((5, FEATURES), 100.0))


def test_a_trained_classifier_writes_the_table_of_the_torch_task(tmp_path):
    case = CASES["classify"]
    task = Classifier(**case.options | {"epochs": 3}).fit(case.write(tmp_path), progress=False)
    runtime = task.runtime()
    rows = tmp_path / "rows.csv"
    rows.write_text("n,text\n1,a warm day\n2,\n3,the film was dull\n")
    for top in (0, 1):
        ours, theirs = io.StringIO(), io.StringIO()
        table = runtime.predict_table(str(rows), top=top)
        table.write(ours)
        expected = task.predict_table(str(rows), top=top)
        expected.write(theirs)
        assert table.notes == expected.notes
        assert _rounded(ours.getvalue()) == _rounded(theirs.getvalue())
    assert runtime.predict(["a warm day"]) == [task.predict("a warm day")]
    with pytest.raises(ConfigError, match="no texts to predict"):
        runtime.predict_table("")
    with pytest.raises(DataError, match="no such file or folder"):
        runtime.predict_table(str(tmp_path / "missing.csv"))


def _rounded(text):
    """Return the cells of a table, numbers without their last digit."""
    return [[cell[:7] for cell in line.split(",")] for line in text.splitlines()]
