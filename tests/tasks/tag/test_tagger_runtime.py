"""The tagger without torch gives the tags of the tagger under torch."""

import io

import numpy as np
import pytest
import torch

from cases import CASES
from unrolled import Tagger
from unrolled.config import with_options
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, RunError, ShapeError
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.build import build_model
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.data import EncodedSentences
from unrolled.tasks.tag.predicting import tag_and_score
from unrolled.tasks.tag.runtime import TaggerRuntime
from unrolled.tasks.tag.vocabularies import Vocabularies
from unrolled.text.vocabulary import Vocabulary

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

TAGS = ["B-x", "B-y", "I-x", "I-y", "O"]
SMALL = {"hidden": 8, "embedding": 5, "character_embedding": 3, "characters": 4}
NETWORKS = [
    {"cell": "lstm", "layers": 2, "residual": True},
    {"cell": "gru", "input": "one-hot", "zoneout": 0.1},
    {"cell": "elman", "skip": 2},
    {"cell": "jordan", "input": "vectors", "vectors": "a file"},
    {"cell": "minlstm"},
    {"cell": "tdnn", "context": 2, "layers": 2},
]


def make_sentences(count=70, seed=0):
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("ABcde"), n)) for n in rng.integers(1, 7, 30)]
    return words, [[str(word) for word in rng.choice(words, n)] for n in rng.integers(1, 12, count)]


WORDS, SENTENCES = make_sentences()


class Pair:
    """An untrained tagger, under torch and in the runtime."""

    def __init__(self, precision="float32", **options):
        torch.manual_seed(2)
        self.config = with_options(TaggerConfig(), SMALL | options)
        known = sorted({word.lower() for word in WORDS[:20]})
        vocabulary = Vocabularies(Vocabulary(known, lowercase=True), Vocabulary(list("ABcd")), TAGS)
        vectors = torch.randn(len(vocabulary.words), 6) if "vectors" in options else None
        self.artifacts = TaggerArtifacts(vocabulary, None if vectors is None else 6)
        self.model = build_model(self.config, self.artifacts, vectors).eval()
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                p.mul_(10 if "input" in name else 4 if name == "output.weight" else 1)
                if name.startswith("crf"):
                    p.normal_()
        self.weights = {name: t.numpy() for name, t in self.model.state_dict().items()}
        self.runtime = TaggerRuntime(self.config, self.artifacts, self.weights, precision)

    def expected(self, sentences):
        encoded = EncodedSentences(sentences, self.artifacts.vocabularies)
        return tag_and_score(self.model, encoded, TAGS)[0]


@pytest.mark.parametrize("output", ["crf", "softmax"])
@pytest.mark.parametrize("scheme", ["none", "bio"])
@pytest.mark.parametrize("characters", [0, 4])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_tags_are_those_of_the_torch_model(output, scheme, characters, bidirectional):
    pair = Pair(output=output, scheme=scheme, characters=characters, bidirectional=bidirectional)
    tags = pair.runtime.predict(SENTENCES)
    assert tags == pair.expected(SENTENCES)
    assert len({tag for sentence in tags for tag in sentence}) > 1


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network["cell"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_scores_of_every_network_are_those_of_the_torch_model(network, bidirectional):
    pair = Pair(output="softmax", bidirectional=bidirectional, **network)
    encoded = EncodedSentences(SENTENCES[:9], pair.artifacts.vocabularies)
    arrays = encoded.arrays(range(9))
    from unrolled.models.tagger import SentenceBatch

    with torch.no_grad():
        expected = pair.model(SentenceBatch(*map(torch.from_numpy, arrays)))
    for rows, lengths, emissions in pair.runtime.emissions(SENTENCES[:9]):
        for column, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            np.testing.assert_allclose(
                emissions[:length, column], expected[:length, row], rtol=1e-5, atol=1e-5
            )


@pytest.mark.parametrize("output", ["crf", "softmax"])
@pytest.mark.parametrize("scheme", ["none", "bio"])
def test_a_stream_gives_the_last_tag_of_the_sentence_so_far(output, scheme):
    runtime = Pair(output=output, scheme=scheme, bidirectional=False).runtime
    stream = runtime.stream()
    for sentence in SENTENCES[:12]:
        stream.reset()
        tags = [stream.push(word) for word in sentence]
        assert tags == [runtime.predict(sentence[: end + 1])[-1] for end in range(len(sentence))]


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_states_are_copied_and_restored(output):
    runtime = Pair(output=output, scheme="bio", bidirectional=False).runtime
    stream, other = runtime.stream(), runtime.stream()
    first, second = SENTENCES[0], SENTENCES[1]
    for word in first:
        stream.push(word)
    saved = stream.state()
    expected = [stream.push(word) for word in second]
    other.restore(saved)
    assert [other.push(word) for word in second] == expected
    stream.restore(saved)
    assert [stream.push(word) for word in second] == expected


def test_a_long_sentence_keeps_finite_scores():
    runtime = Pair(output="crf", scheme="bio", bidirectional=False).runtime
    stream = runtime.stream()
    for _ in range(2000):
        stream.push(WORDS[0])
    assert np.abs(stream.state()["paths"]).max() < 1e5


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_lower_precisions_give_nearly_the_same_tags(precision):
    exact, rounded = Pair(output="crf").runtime, Pair(precision, output="crf").runtime
    pairs = zip(exact.predict(SENTENCES), rounded.predict(SENTENCES), strict=True)
    same = [a == b for x, y in pairs for a, b in zip(x, y, strict=True)]
    assert np.mean(same) > 0.9
    batches = zip(exact.emissions(SENTENCES[:9]), rounded.emissions(SENTENCES[:9]), strict=True)
    assert 0 < max(np.abs(a.emissions - b.emissions).max() for a, b in batches) < 0.2


def test_one_sentence_gives_one_list_and_no_word_no_tag():
    runtime = Pair().runtime
    assert runtime.predict(SENTENCES[0]) == runtime.predict([SENTENCES[0]])[0]
    assert runtime.predict([]) == []
    assert runtime.predict([[], SENTENCES[0], []])[::2] == [[], []]


@pytest.mark.parametrize(
    ("X", "message"),
    [("a text", "no such file"), (["two words"], "contains several"), ([["a", None]], "a word is missing")],
)
def test_wrong_sentences_are_errors(X, message):
    with pytest.raises((ConfigError, DataError), match=message):
        Pair().runtime.predict(X)


@pytest.mark.parametrize("word", ["", " ", 3, None, ["a", ""]])
def test_a_stream_takes_words_only(word):
    with pytest.raises(ConfigError, match="push takes a word, or a list of words; got"):
        Pair(bidirectional=False).runtime.stream().push(word)


def test_rows_of_a_stream_begin_anew_come_and_go():
    runtime = Pair(output="crf", scheme="bio", bidirectional=False).runtime
    first, second, third = [sentence for sentence in SENTENCES if len(sentence) > 3][:3]
    stream = runtime.stream(2)
    assert stream.push([first[0], second[0]]) == [runtime.predict(s[:1])[0] for s in (first, second)]
    stream.reset([0])
    stream.add()
    words = [third[0], second[1], first[0]]
    expected = [runtime.predict(s)[-1] for s in (third[:1], second[:2], first[:1])]
    assert stream.push(words) == expected
    stream.keep([1])
    assert stream.copy().push(second[2]) == stream.push(second[2]) == runtime.predict(second[:3])[-1]
    other = runtime.stream()
    other.extend(stream)
    other.reset([0])
    assert other.select([1, 1]).push([second[3]] * 2) == [runtime.predict(second[:4])[-1]] * 2
    with pytest.raises(ShapeError, match="got 2 words, but the stream has 1 rows"):
        stream.push(["a", "b"])


def test_a_backward_reader_does_not_stream():
    with pytest.raises(
        ConfigError, match=r"reads backwards, which needs the whole sentence: .*no-bidirectional"
    ):
        Pair(bidirectional=True).runtime.stream()


def test_wrong_states_are_errors():
    stream = Pair(bidirectional=False).runtime.stream()
    state = stream.state()
    with pytest.raises(ShapeError, match="state 'paths' is missing"):
        stream.restore({name: value for name, value in state.items() if name != "paths"})
    with pytest.raises(ShapeError, match="h_l0"):
        stream.restore({"paths": state["paths"]})


def test_weights_that_do_not_fit_are_an_error_that_names_them():
    pair = Pair(output="crf")
    del pair.weights["crf.end"]
    with pytest.raises(RunError, match=r"crf\.end is missing"):
        TaggerRuntime(pair.config, pair.artifacts, pair.weights)


def test_a_trained_tagger_writes_the_file_of_the_torch_task(tmp_path, capsys):
    case = CASES["tag"]
    data = case.write(tmp_path)
    task = Tagger(**case.options | {"epochs": 2}).fit(data, progress=False)
    runtime = task.runtime()
    plain = tmp_path / "plain.txt"
    plain.write_text("the film was warm\n\na grim day\n")
    for path in (data, plain):
        ours, theirs = io.StringIO(), io.StringIO()
        runtime.predict_file(str(path), ours)
        notes = capsys.readouterr().err
        task.predict_file(str(path), theirs)
        assert (ours.getvalue(), notes) == (theirs.getvalue(), capsys.readouterr().err)
        assert runtime.predict(path) == task.predict(path)
