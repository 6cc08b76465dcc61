"""The classifier: training, scores, saving and loading, and use from scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import unrolled as ur
from cases import CASES, sentences, write_labelled
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.classify.data import hold_out

NO_REGULARISATION = {"dropout_input": 0.0, "dropout_output": 0.0, "moving_average": 0.0}
QUICK = {"hidden": 8, "embedding": 8, "epochs": 6, "batch": 8, "lr": 0.03, "threads": 1, **NO_REGULARISATION}


def texts(count, seed):
    rows = sentences(count, seed)
    return [" ".join(words) for words, _ in rows], [label for _, label in rows]


@pytest.fixture(scope="module")
def trained():
    return ur.Classifier(**QUICK).fit(*texts(120, 1))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    data, test = write_labelled(folder), write_labelled(tmp_path_factory.mktemp("test"), seed=9)
    out = folder / "run"
    ur.Classifier(**QUICK, test=str(test)).fit(data, out=out, progress=False)
    return out


def test_it_learns_the_word_that_decides_the_label(trained):
    X, y = texts(80, 2)
    assert trained.evaluate(X, y).accuracy > 0.95
    assert trained.classes_.tolist() == ["bad", "good"]
    assert (trained.predict(X) == np.array(y)).mean() == trained.evaluate(X, y).accuracy
    p = trained.predict_proba(X)
    assert p.shape == (80, 2)
    np.testing.assert_allclose(p.sum(1), 1)
    assert (trained.classes_[p.argmax(1)] == trained.predict(X)).all()
    assert trained.score(X, y) == accuracy_score(y, trained.predict(X))


def test_a_prediction_does_not_depend_on_the_batch(trained):
    X = ["the film was grim", "a very very long and warm day so the film was a very long day", "", "zzz"]
    together = trained.predict_proba(X)
    alone = np.concatenate([trained.predict_proba([x]) for x in X])
    np.testing.assert_allclose(together, alone, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru", "pooling": "last"},
        {"cell": "elman", "pooling": "mean", "bidirectional": False},
        {"layers": 2, "residual": True, "pooling": "attention", "hidden": 8},
        {"tokenizer": "char", "lowercase": False, "split_punctuation": False},
        {"tokenizer": "bpe", "vocabulary": 300, "split_punctuation": False},
        {"input": "one-hot", "class_weights": "balanced", "label_smoothing": 0.1, "l2": 1e-4},
    ],
    ids=lambda o: "-".join(map(str, o.values())),
)
def test_every_network_learns(options):
    model = ur.Classifier(**QUICK | {"epochs": 15} | options).fit(*texts(100, 3))
    assert model.evaluate(*texts(60, 4)).accuracy > 0.85


def test_sequences_of_vectors_may_vary_in_length():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(rng.integers(3, 9), 2)) for _ in range(80)]
    y = [int(x[:, 0].sum() > 0) for x in X]
    model = ur.Classifier(**QUICK | {"epochs": 30, "pooling": "mean"}).fit(X, y)
    assert model.evaluate(X, y).accuracy > 0.9
    assert model.predict([100 * np.ones((50, 2))]).tolist() == [1]
    assert model.data_info["features"] == 2
    with pytest.raises(DataError, match="item 1 has vectors of 3 values; this classifier reads 2"):
        model.predict([np.ones((4, 3))])
    with pytest.raises(DataError, match="item 1 is str: this classifier reads vectors"):
        model.predict(["text"])


def test_the_metrics_equal_scikit_learn(trained):
    X, y = texts(50, 5)
    y[:10] = ["good"] * 10
    score = trained.evaluate(X, y)
    assert score.accuracy == accuracy_score(y, trained.predict(X))
    assert score.macro_f1 == f1_score(y, trained.predict(X), average="macro")
    assert score.confusion.sum() == 50
    p = trained.predict_proba(X)[np.arange(50), [trained.classes_.tolist().index(label) for label in y]]
    assert score.nats == pytest.approx(-np.log(p).mean(), rel=1e-5)
    assert "macro F1" in str(score)
    head, *rows = score.confusion_table().splitlines()
    assert head.split()[2:] == [row.split()[0] for row in rows] == trained.classes_.tolist()
    table_counts = [[int(n.replace("·", "0")) for n in row.split()[1:]] for row in rows]
    assert table_counts == score.confusion.tolist()
    long_names = replace(score, classes=[f"a label as long as number {i} is" for i in range(len(rows))])
    assert long_names.confusion_table().splitlines()[0].split()[2:] == [str(i + 1) for i in range(len(rows))]
    assert "  2  a label as long as number 1 is" in long_names.confusion_table()
    assert json.loads(json.dumps(score.to_json()))["examples"] == 50


def test_class_weights_raise_the_rare_label():
    rng = np.random.default_rng(0)
    y = np.array(["rare"] * 12 + ["common"] * 108)
    X = rng.normal(size=(120, 3, 1)) + (y == "rare")[:, None, None] * 0.8
    options = QUICK | {"epochs": 8, "valid_fraction": 0.0}
    plain, balanced = (
        ur.Classifier(**options, class_weights=kind).fit(X, y).predict_proba(X)[:, 1].mean()
        for kind in ("none", "balanced")
    )
    assert balanced > plain + 0.1


def test_held_out_data_are_stratified():
    labels = ["a"] * 50 + ["b"] * 20 + ["c"] * 3 + ["d"]
    train, out = hold_out(labels, 0.1, 3)
    assert sorted([*train, *out]) == list(range(74))
    assert [labels[i] for i in out] == ["a"] * 5 + ["b"] * 2
    assert hold_out(labels, 0.1, 3)[1].tolist() == out.tolist()
    assert hold_out(labels, 0.1, 4)[1].tolist() != out.tolist()


# -- folders -----------------------------------------------------------------------------------------


@pytest.mark.draws
def test_a_run_folder(run):
    names = {p.name for p in run.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "metrics.jsonl", "result.json"} <= names
    assert {p.name for p in (run / "plots").iterdir()} == {
        "curves.png",
        "confusion_valid.png",
        "confusion_test.png",
    }
    loaded = ur.load(run)
    assert isinstance(loaded, ur.Classifier)
    assert loaded.result["test"]["accuracy"] > 0.9
    assert loaded.result["baselines"]["most frequent label"]["valid"] < 0.8
    assert {"accuracy", "macro_f1", "score"} <= loaded.history[-1].keys()


@pytest.mark.parametrize("kind", ["whole numbers", "vectors"])
def test_labels_and_vectors_survive_saving_and_loading(tmp_path, kind):
    rng = np.random.default_rng(0)
    X, y = texts(30, 1)
    if kind == "vectors":
        X = list(rng.normal(size=(30, 4, 2)))
    numbers = [7 if label == "good" else 3 for label in y]
    model = ur.Classifier(**QUICK | {"epochs": 1}).fit(X, numbers)
    model.save(tmp_path / "run")
    loaded = ur.load(tmp_path / "run")
    assert loaded.classes_.tolist() == [3, 7]
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
    assert loaded.predict(X).dtype == loaded.classes_.dtype
    with pytest.raises(RunError, match="was trained on data from memory"):
        ur.Classifier.resume(tmp_path / "run", progress=False)


def test_training_starts_from_a_language_model(tmp_path):
    X, y = texts(60, 6)
    (tmp_path / "text.txt").write_text("\n".join(X) + "\n", encoding="utf-8")
    lm = ur.LanguageModel(
        tokenizer="word", mode="sentence", hidden=9, embedding=7, cell="gru", epochs=2, threads=1
    ).fit(tmp_path / "text.txt", out=tmp_path / "lm", progress=False)
    no_training = {"epochs": 1, "max_steps": 1, "lr": 1e-30, "threads": 1, "valid_fraction": 0.0}
    model = ur.Classifier(init_from=str(tmp_path / "lm"), bidirectional=False, **no_training).fit(X, y)
    assert (model.config.cell.cell, model.config.network.hidden) == ("gru", 9)
    assert model.tokenizer.tokens == lm.tokenizer.tokens
    loaded_weights, lm_weights = model.model.reader.state_dict(), lm.model.state_dict()
    for name in ("input.weight", "recurrent.weight_hh_l0"):
        torch.testing.assert_close(loaded_weights[name], lm_weights[name], rtol=0, atol=1e-9)
    with pytest.raises(RunError, match="no such run folder"):
        ur.Classifier(init_from=str(tmp_path / "nowhere")).fit(X, y)
    with pytest.raises(ConfigError, match="reads text, not vectors"):
        ur.Classifier(init_from=str(tmp_path / "lm")).fit(np.ones((4, 3)), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((["a"], None), ConfigError, "requires y to be passed"),
        (("a text", ["x"]), DataError, "put it into a list"),
        (("/", ["x"]), ConfigError, "y is for sequences in memory"),
        ((["a", "b"], ["x"]), ValueError, "inconsistent numbers of samples"),
        ((["a", "b"], ["x", "x"]), DataError, "have one class"),
        ((), ConfigError, "no training data"),
        ((["a", 1], [0, 1]), ConfigError, "item 1 is 1, not a text"),
        ((pd.Series([1.0, 2.0]), [0, 1]), ValueError, "Expected a 2-dimensional container"),
        ((pd.DataFrame({"t": []}), []), ValueError, "0 sample|minimum of 1"),
        (([["a", "b"], ["c"]], [0, 1]), ConfigError, "join the words of a list by spaces"),
        (([[[1, 2], [3]], [[4, 5]]], [0, 1]), ValueError, "inhomogeneous"),
    ],
)
def test_invalid_training_data_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        ur.Classifier(**QUICK).fit(*arguments)


def test_unknown_labels_count_as_wrong(trained):
    texts, labels = ["good one", "bad one", "so so"], ["good", "bad", "ugly"]
    score, known_score = trained.evaluate(texts, labels), trained.evaluate(texts[:2], labels[:2])
    assert (score.examples, score.unseen, known_score.unseen) == (3, 1, 0)
    assert score.accuracy == pytest.approx(known_score.accuracy * 2 / 3)
    assert score.nats == pytest.approx(known_score.nats), "no probability is that of a new label"
    assert score.confusion.sum() == 2
    assert "(1 of them with a label new to the model)" in str(score)
    assert trained.score(texts, labels) == score.accuracy


def test_macro_f1_includes_unknown_labels(trained):
    labels = ["good", "bad", "good", "ugly", "odd"]
    texts = ["good one", "bad one", "bad two", "so", "so so"]
    expected = f1_score(labels, trained.predict(texts), average="macro", zero_division=0.0)
    assert trained.evaluate(texts, labels).macro_f1 == pytest.approx(expected)


def test_data_with_mostly_unknown_labels_are_refused(trained):
    with pytest.raises(
        DataError, match=r"labels that the training data lack \('ugly'\); the known labels are 'bad', 'go"
    ):
        trained.evaluate(["a"], ["ugly"])


# -- scikit-learn --------------------------------------------------------------------------------------

EXPECTED_FAILURES = {
    "check_no_attributes_set_in_init": "every task has data_info, history and result before fit",
    "check_dont_overwrite_parameters": "fit sets data_info, history and result, attributes of every task",
    "check_do_not_raise_errors_in_init_or_set_params": "options are checked when they are set",
}


@parametrize_with_checks(
    [
        ur.Classifier(
            hidden=6, epochs=25, batch=16, lr=0.02, threads=1, valid_fraction=0.0, bidirectional=False
        )
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
@pytest.mark.filterwarnings("ignore:ConfigError occurred during set_params")
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)


def test_it_works_in_scikit_learn_pipelines():
    X, y = texts(90, 7)
    model = ur.Classifier(**QUICK | {"epochs": 12})
    assert cross_val_score(model, X, y, cv=3).mean() > 0.9
    to_upper = FunctionTransformer(lambda X: [text.upper() for text in X])
    search = GridSearchCV(
        Pipeline([("shout", to_upper), ("model", model)]), {"model__pooling": ["last", "max"]}, cv=2
    ).fit(X, y)
    assert search.best_params_["model__pooling"] in ("last", "max")
    assert search.score(X, y) > 0.9


def test_options_are_set_and_read():
    model = ur.Classifier(hidden=7)
    assert model.get_params()["hidden"] == 7
    assert model.set_params(hidden=9, pooling="last") is model
    assert (model.config.network.hidden, model.config.head.pooling) == (9, "last")
    assert repr(model) == "Classifier(hidden=9, pooling='last')"
    with pytest.raises(ConfigError, match=r"unknown option 'hiden' \(did you mean 'hidden'"):
        model.set_params(hiden=3)


def test_the_case_of_the_shared_tests_learns(tmp_path):
    case = CASES["classify"]
    task = case.fit(case.write(tmp_path))
    assert task.result["valid"]["accuracy"] > task.result["baselines"]["most frequent label"]["valid"]
