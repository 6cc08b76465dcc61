"""Sentence in the report when a baseline beats the model."""

import pytest

from unrolled.errors import ConfigError
from unrolled.tasks.base.baseline_comparison import better_baseline


def test_the_best_baseline_is_named_if_it_beats_the_model():
    sentence = better_baseline("accuracy", 0.774, {"most frequent": 0.5, "TF-IDF": 0.789}, higher=True)
    assert sentence == "TF-IDF is the better choice here: accuracy 0.789, this model 0.774"
    assert better_baseline("accuracy", 0.79, {"TF-IDF": 0.789}, higher=True) == ""
    assert better_baseline("MAE", 73.1, {"autoregression": 13.4, "naive": 50.8}, higher=False).startswith(
        "autoregression is"
    )
    assert better_baseline("MAE", 13.4, {"autoregression": 13.4}, higher=False) == ""


def test_missing_baselines_nan_scores_and_margins():
    assert better_baseline("MAE", 1.0, {}, higher=False) == ""
    assert better_baseline("MAE", 1.0, {"naive": float("nan")}, higher=False) == ""
    assert better_baseline("MAE", 1.0, {"none": float("nan"), "naive": 0.5}, higher=False).startswith("naive")
    assert better_baseline("BLEU", 30.0, {"copy": 30.5}, higher=True, margin=1.0) == ""
    with pytest.raises(ConfigError, match="negative"):
        better_baseline("BLEU", 30.0, {}, higher=True, margin=-1.0)


def test_a_difference_within_its_standard_error_is_reported():
    sentence = better_baseline("accuracy", 0.864, {"TF-IDF": 0.87}, higher=True, error=0.022)
    assert sentence.startswith(
        "TF-IDF does as well here: accuracy 0.87, this model 0.864 (standard error of the"
    )
    assert "better choice" in better_baseline("accuracy", 0.864, {"TF-IDF": 0.89}, higher=True, error=0.022)
    assert better_baseline("accuracy", 0.88, {"TF-IDF": 0.87}, higher=True, error=0.022) == ""
    with pytest.raises(ConfigError, match="error=-1"):
        better_baseline("accuracy", 0.88, {}, higher=True, error=-1.0)
