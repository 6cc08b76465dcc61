"""The classification ladder end to end."""

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

import unrolled as ur
from cases import write_labelled
from ladder_runs import check_table, compared, kept, mean_of, times
from unrolled.baselines.bag_of_words import fit_bag_of_words
from unrolled.data import read_labelled
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.classify.folds import fold_rows
from unrolled.tasks.classify.ladder import ClassificationLadder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_labelled(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def test(tmp_path_factory):
    return write_labelled(tmp_path_factory.mktemp("test"), 40, seed=3)


@pytest.fixture(scope="module")
def ladder_run(tmp_path_factory, data, test):
    out = tmp_path_factory.mktemp("whole") / "ladder"
    return out, compared("classify", data, out, test=str(test))


@pytest.mark.draws
def test_every_default_rung_runs(ladder_run):
    out, table = ladder_run
    check_table(table, ClassificationLadder.rungs, out)
    assert table["mean"].between(0, 1).all()
    for rung in table["model"]:
        _, units, _ = kept(out, rung)
        assert 1 - units.losses.mean() == pytest.approx(mean_of(table, rung))


@pytest.mark.parametrize("rung", ["feed-forward", "gru", "bilstm"])
def test_networks_score_as_in_their_own_runs(ladder_run, test, rung):
    out, table = ladder_run
    model = ur.Classifier.load(out / "runs" / f"{rung}-1")
    score = model.evaluate(test)
    assert mean_of(table, rung) == score.accuracy
    outcome, units, _ = kept(out, rung)
    assert outcome.scores == {"accuracy": score.accuracy, "macro_f1": score.macro_f1}
    np.testing.assert_array_equal(units.losses, score.predicted != score.true)
    assert model.config.network.bidirectional is rung.startswith("bi")


def test_simple_rungs_equal_the_baselines(ladder_run, data, test):
    out, table = ladder_run
    train, test_data = read_labelled(data), read_labelled(test)
    most_frequent = max(sorted(set(train.labels)), key=train.labels.count)
    assert mean_of(table, "most-frequent") == np.mean([label == most_frequent for label in test_data.labels])
    predicted = fit_bag_of_words(train.items, train.labels, seed=1).predict(test_data.items)
    outcome, _, _ = kept(out, "tf-idf")
    assert outcome.scores["accuracy"] == np.mean(predicted == np.array(test_data.labels))
    assert outcome.scores["macro_f1"] == f1_score(test_data.labels, predicted, average="macro")
    assert outcome.size > 10
    assert kept(out, "most-frequent")[0].size == 0


def test_more_seeds_and_another_metric(ladder_run, data, test):
    out, _ = ladder_run
    earlier_times = times(out)
    rungs = ["tf-idf", "gru"]
    table = compared("classify", data, out, test=str(test), models=rungs, seeds=2, metric="macro_f1")
    assert {name: times(out)[name] for name in earlier_times} == earlier_times
    assert set(table["metric"]) == {"macro_f1"}
    assert table["seeds"].tolist() == [1, 2]
    values = [kept(out, "gru", seed)[0].scores["macro_f1"] for seed in (1, 2)]
    assert table["mean"].iloc[1] == pytest.approx(np.mean(values))
    assert table["sd"].iloc[1] == pytest.approx(np.std(values, ddof=1))


def test_without_test_data_each_seed_is_a_fold(tmp_path, data, monkeypatch):
    out, rungs = tmp_path / "ladder", ["most-frequent", "tf-idf", "gru"]
    table = compared("classify", data, out, models=rungs, seeds=3)
    assert table["seeds"].tolist() == [3, 3, 3]
    labelled = read_labelled(data)
    values = []
    for seed in (1, 2, 3):
        rows, tested = fold_rows(labelled.labels, 10, seed)
        outcomes = [kept(out, rung, seed) for rung in rungs]
        for _, units, _ in outcomes:
            np.testing.assert_array_equal(units.items, tested)
        fold = labelled.take(tested)
        model = ur.Classifier.load(out / "runs" / f"gru-{seed}")
        values.append(model.evaluate(fold.items, fold.labels).accuracy)
        assert outcomes[2][0].scores["accuracy"] == values[-1]
        train = labelled.take(rows)
        bag = fit_bag_of_words(train.items, train.labels, seed=seed).predict(fold.items)
        assert outcomes[1][0].scores["accuracy"] == np.mean(bag == np.array(fold.labels))
        data_info = json.loads((out / "runs" / f"gru-{seed}" / "config.json").read_text())["facts"]
        assert sum(data_info["class_counts"]) <= len(rows)
    assert mean_of(table, "gru") == pytest.approx(np.mean(values))
    monkeypatch.setattr(ur.Classifier, "fit", None)
    earlier_times = times(out)
    assert compared("classify", data, out, models=rungs, seeds=3).equals(table)
    assert times(out) == earlier_times


def test_an_interrupted_fold_resumes(tmp_path, data, monkeypatch):
    out, options = tmp_path / "ladder", {"models": ["most-frequent", "gru"], "seeds": 2}
    evaluate, fit, fits = ur.Classifier.evaluate, ur.Classifier.fit, []

    def stop(*args, **options):
        raise KeyboardInterrupt

    def counting_fit(self, *args, **options):
        fits.append(self.config.training.seed)
        return fit(self, *args, **options)

    monkeypatch.setattr(ur.Classifier, "fit", counting_fit)
    monkeypatch.setattr(ur.Classifier, "evaluate", stop)
    with pytest.raises(KeyboardInterrupt):
        compared("classify", data, out, **options)
    monkeypatch.setattr(ur.Classifier, "evaluate", evaluate)
    compared("classify", data, out, **options)
    assert fits == [1, 2]


def test_sequences_of_vectors(tmp_path):
    rng = np.random.default_rng(0)
    lines = []
    for i in range(60):
        steps = (rng.normal(0, 0.3, (4, 2)) + i % 2).round(3).tolist()
        lines.append(json.dumps({"text": steps, "label": f"c{i % 2}"}))
    path = tmp_path / "vectors.jsonl"
    path.write_text("\n".join(lines) + "\n")
    out = tmp_path / "ladder"
    table = compared("classify", path, out, models=["most-frequent", "feed-forward", "gru"])
    assert mean_of(table, "most-frequent") == 0.5
    with pytest.raises(ConfigError, match="tf-idf reads texts"):
        compared("classify", path, out, models=["tf-idf"])
    changed = [line.replace("[[", "[[9.0, 9.0], [") for line in lines]
    path.write_text("\n".join(changed) + "\n")
    with pytest.raises(RunError, match="data have changed"):
        compared("classify", path, out, models=["most-frequent"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 11}, "seeds=11: without test data there are at most 10"),
        ({"metric": "nats"}, "metric 'nats': is not one of accuracy, macro_f1"),
        ({"models": ["bilstn"]}, r"did you mean 'bilstm'\?"),
        ({"models": ["tfidf"]}, r"did you mean 'tf-idf'\?"),
    ],
)
def test_invalid_options_are_refused_before_training(tmp_path, data, options, message):
    with pytest.raises(ConfigError, match=message):
        compared("classify", data, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_unusable_data_are_refused(tmp_path, data):
    with pytest.raises(ConfigError, match="no labelled data"):
        compared("classify", None, tmp_path / "out")
    few = write_labelled(tmp_path, 12)
    with pytest.raises(ConfigError, match=r"10 folds need as many .* give test data"):
        compared("classify", few, tmp_path / "out")
    with pytest.raises(DataError):
        compared("classify", data, tmp_path / "out", text_column="words")
    assert compared("classify", few, tmp_path / "out", test=str(data), models=["most-frequent"]).shape[0] == 1
