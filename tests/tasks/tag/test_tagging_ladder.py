"""The tagging ladder end to end."""

import numpy as np
import pytest

import unrolled as ur
from cases import sentences, write_tagged
from ladder_runs import check_table, compared, kept, mean_of, run_of, times
from unrolled.baselines import MajorityTag
from unrolled.data.tagged import read_tagged
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.tag.config import TaggedConfig
from unrolled.tasks.tag.ladder import TaggingLadder
from unrolled.tasks.tag.score import TaggerScore

COLUMNS = TaggedConfig(word_column="1", tag_column="2").columns


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tagged(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def test(tmp_path_factory):
    return write_tagged(tmp_path_factory.mktemp("test"), 25, seed=4)


@pytest.fixture(scope="module")
def ladder_run(tmp_path_factory, data, test):
    out = tmp_path_factory.mktemp("whole") / "ladder"
    return out, compared("tag", data, out, test=str(test))


@pytest.mark.slow
@pytest.mark.draws
def test_every_default_rung_runs(ladder_run, test):
    out, table = ladder_run
    check_table(table, TaggingLadder.rungs, out)
    lengths = [len(words) for words in read_tagged(str(test), COLUMNS).words]
    for rung in table["model"]:
        _, units, _ = kept(out, rung)
        np.testing.assert_array_equal(units.weights, lengths)
        assert 1 - units.losses.sum() / sum(lengths) == pytest.approx(mean_of(table, rung))


@pytest.mark.parametrize("rung", ["bifeed-forward", "elman", "bilstm"])
def test_networks_score_as_in_their_own_runs(ladder_run, test, rung):
    out, table = ladder_run
    score = ur.Tagger.load(out / "runs" / f"{rung}-1").evaluate(str(test))
    assert mean_of(table, rung) == score.accuracy
    assert kept(out, rung)[0].scores == {
        "accuracy": score.accuracy,
        "sentence_accuracy": score.sentence_accuracy,
    }


def test_the_majority_rung_predicts_the_most_frequent_tag(ladder_run, data, test):
    out, table = ladder_run
    train, test_data = (read_tagged(str(path), COLUMNS) for path in (data, test))
    predicted = MajorityTag.fit(train.words, train.tags).predict(test_data.words)
    score = TaggerScore([], [list(t) for t in test_data.tags], predicted, 0.0)
    assert mean_of(table, "majority") == score.accuracy
    assert kept(out, "majority")[0].counted == "words"


def test_finished_rungs_are_not_trained_again(ladder_run, data, test, monkeypatch):
    out, _ = ladder_run
    earlier_times = times(out)
    monkeypatch.setattr(ur.Tagger, "fit", None)
    table = compared("tag", data, out, test=str(test), metric="sentence_accuracy")
    assert times(out) == earlier_times
    assert table["metric"].eq("sentence_accuracy").all()
    with pytest.raises(RunError, match="config of it differs"):
        compared("tag", data, out, test=str(test), characters=5)


def test_bidirectional_networks_can_be_rungs(tmp_path, data, test):
    table = compared("tag", data, tmp_path / "out", test=str(test), models=["bigru", "bitdnn", "bijordan"])
    assert table["epochs"].notna().all()


def test_span_f1_as_metric(tmp_path, data, test):
    with pytest.raises(DataError, match=r"span_f1.*mark no spans"):
        compared("tag", data, tmp_path / "plain", test=str(test), metric="span_f1")
    path = tmp_path / "spans.txt"
    words = [words for words, _ in sentences(60, 1)]
    path.write_text("\n\n".join("\n".join(f"{w} {'B-X' if w == 'film' else 'O'}" for w in s) for s in words))
    out = tmp_path / "out"
    options = {"test": str(path), "metric": "span_f1", "models": ["majority", "gru"]}
    table = compared("tag", path, out, **options)
    assert mean_of(table, "majority") == 1.0
    assert mean_of(table, "gru") == ur.Tagger.load(out / "runs" / "gru-1").evaluate(str(path)).span_f1


def test_without_test_data_the_last_tenth_is_scored(tmp_path, data):
    table = compared("tag", data, tmp_path / "out", models=["majority", "gru"])
    sentences_with_tags = read_tagged(data)
    cut = len(sentences_with_tags.words) * 9 // 10
    model = MajorityTag.fit(sentences_with_tags.words[:cut], sentences_with_tags.tags[:cut])
    score = TaggerScore(
        [], sentences_with_tags.tags[cut:], model.predict(sentences_with_tags.words[cut:]), 0.0
    )
    assert mean_of(table, "majority") == score.accuracy
    assert ur.Tagger.load(run_of(tmp_path / "out", "gru")).data_info["sentences"] == cut - cut // 10


def test_unusable_data_and_metrics_are_refused(tmp_path, data, test):
    with pytest.raises(ConfigError, match="no tagged sentences: give data"):
        compared("tag", None, tmp_path / "out", test=str(test))
    with pytest.raises(ConfigError, match="metric 'nats': is not one of accuracy"):
        compared("tag", data, tmp_path / "out", test=str(test), metric="nats")
    with pytest.raises(DataError):
        compared("tag", data, tmp_path / "out", test=str(tmp_path / "missing.txt"))
