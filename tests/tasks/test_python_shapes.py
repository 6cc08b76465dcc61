"""Data types that fit, evaluate, score and predict accept (docs/python.md)."""

import numpy as np
import pytest

import unrolled as ur

SMALL = {"hidden": 4, "batch": 4, "threads": 1, "max_steps": 2}
TEXTS = ["good film", "bad film", "good play", "bad play"] * 5
LABELS = ["pos", "neg"] * 10
WORDS = [["the", "dog", "barks"], ["a", "cat", "sleeps"]] * 8
TAGS = [["D", "N", "V"]] * 16
SOURCES, TARGETS = ["un chat", "un chien"] * 8, ["a cat", "a dog"] * 8
PROSE = "the quick brown fox\njumps over the lazy dog\n" * 40


@pytest.mark.parametrize("text", [PROSE, [PROSE], [PROSE, PROSE[:300]], np.array([PROSE, PROSE])])
def test_language_model_accepts_texts(text):
    lm = ur.LanguageModel(steps=8, **SMALL).fit(text)
    assert lm.evaluate(text).tokens > 100
    scores = lm.score(text)
    assert scores.ndim == 1
    assert (scores <= 0).all()


@pytest.mark.parametrize("kind", [list, tuple, np.array, "series"])
def test_classifier_accepts_texts_and_labels(kind):
    pd = pytest.importorskip("pandas")
    make = pd.Series if kind == "series" else kind
    texts, labels = make(TEXTS), make(LABELS)
    model = ur.Classifier(**SMALL).fit(texts, labels)
    assert len(model.predict(texts)) == 20
    assert 0 <= model.score(texts, labels) <= 1
    assert model.evaluate(texts, labels).examples == 20
    prediction = model.predict("good film")
    assert isinstance(prediction, str)


def test_classifier_accepts_a_data_frame():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": TEXTS, "label": LABELS})
    model = ur.Classifier(**SMALL).fit(frame)
    assert len(model.predict(frame)) == 20
    assert model.evaluate(frame).examples == 20
    assert 0 <= model.score(frame) <= 1


def test_tagger_accepts_words_and_tags():
    model = ur.Tagger(**SMALL).fit(WORDS, TAGS)
    assert [len(tags) for tags in model.predict(WORDS)] == [3] * 16
    assert model.evaluate(WORDS, TAGS).words == 48
    assert 0 <= model.score(WORDS, TAGS) <= 1
    prediction = model.predict(["the", "dog"])
    assert [type(tag) for tag in prediction] == [str, str]


def test_translator_accepts_sources_and_targets():
    pd = pytest.importorskip("pandas")
    pairs = list(zip(SOURCES, TARGETS, strict=True))
    frame = pd.DataFrame({"source": SOURCES, "target": TARGETS})
    for data in ((SOURCES, TARGETS), (pairs,), (frame,)):
        model = ur.Translator(**SMALL).fit(*data)
        assert model.evaluate(*data).pairs == 16
        assert 0 <= model.score(*data) <= 100
    assert isinstance(model.translate("un chat"), str)
    assert isinstance(model.predict("un chat"), str)
    assert len(model.translate(SOURCES)) == 16


def make_series(kind):
    pd = pytest.importorskip("pandas")
    values = 10 + np.sin(np.arange(120) / 2) + np.arange(120) / 50
    return {
        "list": values.tolist(),
        "array": values,
        "columns": np.stack([values, 2 * values], axis=1),
        "range": pd.Series(values, name="sales"),
        "dates": pd.Series(values, index=pd.date_range("2010-01-31", periods=120, freq="ME")),
        "periods": pd.Series(values, index=pd.period_range("2010-01", periods=120, freq="M")),
        "frame": pd.DataFrame({"a": values, "b": 3 * values}),
        "dated frame": pd.DataFrame(
            {"a": values, "b": 3 * values}, index=pd.date_range("2010-01-01", periods=120, freq="MS")
        ),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["list", "array", "columns", "range", "dates", "periods", "frame", "dated frame"]
)
def test_forecaster_accepts_series(kind):
    data = make_series(kind)
    model = ur.Forecaster(horizon=6, **SMALL).fit(data)
    forecast = model.predict()
    rows = 12 if kind in ("columns", "frame", "dated frame") else 6
    assert len(forecast) == rows
    assert np.isfinite(forecast["prediction"]).all()
    repeated = model.predict(data=data)
    np.testing.assert_allclose(forecast["prediction"], repeated["prediction"], rtol=1e-5)
    index = None if isinstance(data, list) else getattr(data, "index", None)
    if index is not None:
        assert type(forecast.index) is type(index) or kind in ("range", "frame")
        assert forecast.index[0] == index[-1] + (index.freq if kind not in ("range", "frame") else 1)
    model.evaluate(data)


def test_music_model_accepts_piano_rolls():
    rng = np.random.default_rng(0)
    rolls = [(rng.random((30, 88)) < 0.05).astype(np.uint8) for _ in range(8)]
    model = ur.MusicModel(**SMALL).fit(rolls)
    assert model.evaluate(rolls).pieces == 8


@pytest.mark.parametrize(
    "kind", [ur.LanguageModel, ur.Classifier, ur.Tagger, ur.Translator, ur.Forecaster, ur.MusicModel]
)
def test_tasks_can_be_cloned_and_printed(kind):
    base = pytest.importorskip("sklearn.base")
    exceptions = pytest.importorskip("sklearn.exceptions")
    model = kind(hidden=7)
    assert repr(model) == f"{kind.__name__}(hidden=7)"
    copy = base.clone(model)
    assert copy.get_params() == model.get_params()
    assert copy.get_params()["hidden"] == 7
    assert copy.set_params(hidden=8).get_params()["hidden"] == 8
    assert model.get_params()["hidden"] == 7
    with pytest.raises(exceptions.NotFittedError):
        _ = model.model


def test_only_public_names_are_listed():
    assert [name for name in dir(ur) if not name.startswith("__")] == sorted(
        name for name in ur.__all__ if not name.startswith("__")
    )
