"""Plots accept any characters in names from data, so that no finished training fails at its plots."""

import numpy as np
import pandas as pd
import pytest

from unrolled import Classifier, Forecaster, Tagger, Translator, load
from unrolled.data.tagged import Tagged
from unrolled.errors import ConfigError
from unrolled.experiments.comparison_plot import plot_comparison
from unrolled.experiments.comparison_table import frame, line_of
from unrolled.experiments.repetition_plot import plot_repetition
from unrolled.tasks.base.outcome import Outcome
from unrolled.text.neighbours import plot_words

pytestmark = pytest.mark.draws

NASTY = (r"$\frac{$", r"$_$ \$", "漢字 \x1b[2J\n", "x" * 300)
QUICK = {"hidden": 3, "embedding": 3, "max_steps": 3, "threads": 1}


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [*NASTY, "\ud800"])
def test_labels_in_plots(tmp_path, name):
    texts = ["good film", "bad film"] * 10
    Classifier(**QUICK).fit(texts, [name, "b"] * 10, out=tmp_path / "run", progress=False)
    assert is_png(tmp_path / "run" / "plots" / "confusion_valid.png")
    assert name.strip() in load(tmp_path / "run").classes_


@pytest.mark.parametrize("name", NASTY)
def test_tags_in_plots(tmp_path, name):
    sentences = Tagged([["a", "b"]] * 20, [[name, "b"]] * 20)
    Tagger(**QUICK).fit(sentences, out=tmp_path / "run", progress=False)
    assert load(tmp_path / "run").vocabularies.tags == sorted([name, "b"])


@pytest.mark.parametrize("name", NASTY)
def test_series_in_plots(tmp_path, name):
    days = pd.date_range("2020-01-01", periods=50)
    table = pd.DataFrame({name: np.sin(np.arange(50.0))}, index=days)
    options = {k: v for k, v in QUICK.items() if k != "embedding"} | {"horizon": 2, "window": 6}
    Forecaster(**options).fit(table, out=tmp_path / "run", progress=False)
    assert is_png(tmp_path / "run" / "plots" / "forecast.png")


def test_tokens_in_attention_plots(tmp_path):
    words = [r"$\frac{$", "$_$", "漢字", "x" * 300]
    pairs = [(" ".join(words), " ".join(reversed(words)))] * 40
    translator = Translator(tokenizer="word", attention="general", **QUICK).fit(pairs, progress=False)
    assert is_png(translator.plot_attention(pairs[0][0], tmp_path / "a.png"))


def test_rungs_variants_and_words_in_plots(tmp_path):
    costs = {"size": 1, "counted": "n-grams", "bytes": 8, "seconds": 1.0, "rate": 1e4}
    outcomes = [Outcome(name, 1, {"perplexity": 2.0 + i}, **costs) for i, name in enumerate(NASTY)]
    table = frame([line_of([o], "perplexity", None) for o in outcomes])
    assert is_png(plot_comparison(table, "$x_$", 1.0, higher=False, path=tmp_path / "l.png"))
    outcomes = [Outcome(name, 1, {"accuracy": 0.5}, 1.0) for name in NASTY]
    assert is_png(plot_repetition(outcomes, "accuracy", tmp_path / "r.png"))
    points = np.arange(8.0).reshape(4, 2)
    assert is_png(plot_words(NASTY, points, tmp_path / "w.png", r"$\frac{$.txt: pca"))


@pytest.mark.parametrize("label", [np.timedelta64(1, "s"), np.timedelta64(1, "D")])
def test_labels_that_cannot_be_saved_are_refused_before_training(tmp_path, label):
    labels = np.array([label, label + 1] * 10)
    with pytest.raises(ConfigError, match=r"a label is .*: give text, whole numbers, booleans or dates"):
        Classifier(**QUICK).fit(["good film", "bad film"] * 10, labels, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("tag", [1, b"x", ["y"]])
def test_tags_that_are_not_text_are_refused_before_training(tag):
    with pytest.raises(ConfigError, match=r"sentence 2: a tag is .*: give text"):
        Tagger(**QUICK).fit(Tagged([["a", "b"]] * 9, [["x", "y"], ["x", tag]] + [["x", "y"]] * 7))
