"""``unrolled predict`` writes what the tasks write, without torch."""

import io
import json

import numpy as np
import pytest

from cases import CASES
from imports import run as run_script
from unrolled.engine.core import is_built
from unrolled.tasks import load

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

PREDICT = """
import json, sys
from unrolled.cli.main import main

assert main(json.loads(words)) == 0
loaded = ({"torch", "sklearn", "pandas", "scipy", "matplotlib"} - needs) & sys.modules.keys()
assert not loaded, loaded
"""


def predict(run, data, *more, needs=()):
    """Return what the command prints in a new interpreter, which loads no large packages but ``needs``."""
    words = ["predict", str(run), "--data", str(data), *map(str, more)]
    return run_script(f"words, needs = {json.dumps(words)!r}, {set(needs)}\n{PREDICT}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A small run of each task, with its training data."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for verb in ("classify", "tag", "translate", "forecast"):
        case = CASES[verb]
        data = case.write(folder)
        fewer = {"epochs": 2} | ({"output": "point"} if verb == "forecast" else {})
        case.kind(**case.options | fewer).fit(data, out=folder / verb, progress=False)
        made[verb] = folder / verb, data
    return made


@pytest.mark.parametrize("top", [0, 1])
def test_labels_and_probabilities_of_texts(runs, top):
    run, data = runs["classify"]
    table = io.StringIO()
    load(run).predict_table(str(data), top=top).write(table)
    ours, theirs = (
        [line.split(",") for line in t.splitlines()]
        for t in (predict(run, data, "--top", top), table.getvalue())
    )
    words = 3  # label, text, predicted
    assert [line[:words] for line in ours] == [line[:words] for line in theirs]
    p, expected = (np.array([line[words:] for line in t[1:]], float) for t in (ours, theirs))
    np.testing.assert_allclose(p, expected, atol=1.5e-6)


def test_tags_of_words(runs):
    run, data = runs["tag"]
    expected = io.StringIO()
    load(run).predict_file(str(data), expected)
    assert predict(run, data) == expected.getvalue()


def test_outputs_of_sources(runs):
    run, data = runs["translate"]
    expected = io.StringIO()
    load(run).predict_table(str(data)).write(expected)
    assert predict(run, data) == expected.getvalue()


def test_forecasts_of_a_series(runs):
    run, data = runs["forecast"]
    expected = io.StringIO()
    load(run).predict_file("", expected)
    for text in (predict(run, "", needs=["pandas"]), predict(run, data, needs=["pandas"])):
        ours, theirs = ([line.split(",") for line in t.splitlines()] for t in (text, expected.getvalue()))
        assert [line[0] for line in ours] == [line[0] for line in theirs]
        assert ours[0] == theirs[0]
        numbers = (np.array([line[1:] for line in t[1:]], float) for t in (ours, theirs))
        np.testing.assert_allclose(*numbers, rtol=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_lower_precisions(runs, command, precision):
    run, data = runs["classify"]
    words = ("predict", run, "--data", data, "--top", 1)
    exact, rounded = command(*words).out, command(*words, "--precision", precision).out
    labels = [[line.split(",")[2] for line in text.splitlines()] for text in (exact, rounded)]
    assert np.mean([a == b for a, b in zip(*labels, strict=True)]) > 0.9
    assert exact != rounded


def test_a_precision_needs_the_runtime(runs, command, no_extension, monkeypatch):
    monkeypatch.setattr("unrolled.cli.trained.is_built", lambda: False)
    run, data = runs["classify"]
    words = ("predict", run, "--data", data)
    assert "no compiled extension" in command(*words, "--precision", "int8").error
    assert command(*words).out
