"""The plot of a comparison."""

import math

import pytest
from matplotlib.image import imread

from unrolled.experiments.comparison_plot import MIXTURE, NETWORK, OTHER, _colour, plot_comparison
from unrolled.experiments.comparison_table import frame, line_of
from unrolled.tasks.base.outcome import Outcome

pytestmark = pytest.mark.draws


def make_table(values, **changes):
    figures = {"size": 10, "counted": "n-grams", "bytes": 80, "seconds": 0.0, "rate": 1e4}
    outcomes = [Outcome(f"rung {i}", 1, {"perplexity": v}, **figures | changes) for i, v in enumerate(values)]
    return frame([line_of([o], "perplexity", None) for o in outcomes])


@pytest.mark.parametrize(
    "values",
    [
        [120.5],
        [120.0, 120.0, 120.0],
        [5000.0, 60.0, 61.0, 60.5, 59.9],
        [math.inf, 80.0],
        [math.inf],
        [math.nan, math.inf],
        [0.0, 1.0],
        [-1.0, 2.0],
    ],
)
@pytest.mark.parametrize("higher", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_plot_has_its_size(tmp_path, values, higher):
    path = tmp_path / "ladder.png"
    assert plot_comparison(make_table(values), "perplexity", 1.0, higher=higher, path=path) == path
    height, width, _ = imread(path).shape
    assert (width, height) == (1440, 660)


def test_seeds_are_drawn_with_their_deviation(tmp_path):
    table = make_table([3.0, 2.0])
    table["sd"] = [0.5, math.nan]
    plot_comparison(table, "perplexity", 100.0, higher=False, path=tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_colours_show_the_kind_of_a_model():
    rows = {
        "kn5": (math.nan, OTHER),
        "lstm": (3.0, NETWORK),
        "gru+attention": (3.0, NETWORK),
        "lstm+kn5": (3.0, MIXTURE),
        "kn3+unigram": (math.nan, MIXTURE),
    }
    for name, (epochs, colour) in rows.items():
        row = {"model": name, "epochs": epochs}
        assert _colour(row, ["lstm+kn5", "kn3+unigram"]) == colour, name
