"""Labels of any type can be trained on, predicted, saved and loaded."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

import unrolled as ur
from unrolled.errors import ConfigError
from unrolled.tasks.classify.labels import (
    from_json,
    get_kind,
    to_array,
    to_json,
    to_python_labels,
    unique_labels,
)

TEXTS = ["good film", "bad film"] * 10
QUICK = {"hidden": 4, "embedding": 4, "max_steps": 2, "threads": 1, "tokenizer": "word"}
DAYS = [date(2020, 1, 1), date(2021, 2, 3)]
TIMES = [datetime(2020, 1, 1, 12), datetime(2021, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (["x", "y"], ["x", "y"]),
        ([" x", "y "], ["x", "y"]),
        ([3, 7], [3, 7]),
        ([True, False], [False, True]),
        (np.array([2, 5], dtype=np.int8), [2, 5]),
        (np.array(["b", "a"]), ["a", "b"]),
        (np.array([True, False]), [False, True]),
        ([1.0, 2.0], [1.0, 2.0]),
        (DAYS, DAYS),
        (TIMES, TIMES),
        (np.array(DAYS, dtype="datetime64[D]"), DAYS),
        (np.array(TIMES, dtype="datetime64[ns]"), TIMES),
        (pd.Series(TIMES), TIMES),
        (pd.Series(["u", "v"], dtype="category"), ["u", "v"]),
        ([d.replace(tzinfo=UTC) for d in TIMES], [d.replace(tzinfo=UTC) for d in TIMES]),
    ],
    ids=lambda v: f"{type(v).__name__}-{getattr(v, 'dtype', '')}",
)
def test_labels_survive_saving_and_loading(tmp_path, pair, expected):
    y = pd.concat([pd.Series(pair)] * 10, ignore_index=True) if isinstance(pair, pd.Series) else None
    y = np.tile(pair, 10) if isinstance(pair, np.ndarray) else list(pair) * 10 if y is None else y
    model = ur.Classifier(**QUICK).fit(TEXTS, y)
    model.save(tmp_path / "run")
    loaded = ur.load(tmp_path / "run")
    assert loaded.artifacts.classes == expected
    assert [type(c) for c in loaded.artifacts.classes] == [type(c) for c in expected]
    assert loaded.classes_.dtype == model.classes_.dtype
    assert (loaded.predict(TEXTS) == model.predict(TEXTS)).all()
    assert loaded.predict("good film") in expected
    assert 0 <= loaded.score(TEXTS, y) <= 1


def test_numpy_and_pandas_times_become_python_times():
    assert to_python_labels(np.array(["2020-01-01", "NaT"], dtype="datetime64[D]")) == [DAYS[0], None]
    assert to_python_labels([pd.NaT, pd.NA, pd.Timestamp("2020-01-01 12:00")]) == [None, None, TIMES[0]]
    assert to_array(DAYS).dtype == np.dtype("datetime64[D]")


@pytest.mark.parametrize("classes", [DAYS, TIMES, [False, True], [1, 2], ["a", "b"], [0.5, 1.5]])
def test_json_keeps_every_label_type(classes):
    assert from_json(*to_json(classes)) == classes


def test_other_types_are_refused():
    with pytest.raises(ConfigError, match=r"a label is .*, a tuple: give text"):
        get_kind([(1, 2)])
    with pytest.raises(ConfigError, match=r"several types .int and str."):
        unique_labels([1, "x"])
    with pytest.raises(ValueError, match="x"):
        from_json(["x"], "date")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
def test_missing_labels_and_texts_are_dropped_with_a_warning(missing):
    y = ["x", "y"] * 10
    with pytest.warns(UserWarning, match=r"1 of 21 rows has no label .* \(missing='error'"):
        model = ur.Classifier(**QUICK).fit(["other", *TEXTS], [missing, *y])
    assert model.artifacts.classes == ["x", "y"]
    assert any("1 of 21 rows has no label" in note for note in model.notes)
    with pytest.warns(UserWarning, match="1 of 21 rows has no text"):
        assert model.evaluate([missing, *TEXTS], ["x", *y]).examples == 20
    with pytest.raises(ValueError, match="item 0: has no text"):
        ur.Classifier(missing="error", **QUICK).fit([missing, *TEXTS], ["x", *y])


def test_predicting_a_missing_text_is_refused():
    model = ur.Classifier(**QUICK).fit(TEXTS, ["x", "y"] * 10)
    with pytest.raises(ValueError, match="item 1 is None: there is no text"):
        model.predict(["good", None])
    assert model.predict("").shape if hasattr(model.predict(""), "shape") else model.predict("") in ("x", "y")
