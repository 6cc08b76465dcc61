"""Charts say what the numbers say: their data reach the JSON and the picture."""

import numpy as np
import pytest

from brute import make_problem
from numerics import case_named
from unrolled.diagnostics import gradients, lyapunov, products, sample_places, spectra
from unrolled.pages.charts.gradients import distance_chart, matrix_chart, total_chart
from unrolled.pages.charts.jacobians import lyapunov_chart, products_chart, spectra_chart
from unrolled.pages.charts.names import stem
from unrolled.pages.charts.training import loss_chart
from unrolled.pages.charts.watched import clipping_chart, reach_chart, updates_chart
from unrolled.pages.watched import watch_section


@pytest.fixture(scope="module")
def recording():
    return make_problem(case_named("lstm"), ragged=True, bidirectional=True).record()


def test_the_matrix_is_drawn_as_it_is(recording) -> None:
    one = gradients(recording).states[0]
    chart = matrix_chart(one)
    image = chart.figure.axes[0].images[0].get_array()
    shown = one.matrix()
    np.testing.assert_allclose(np.asarray(image)[shown > 0], shown[shown > 0])
    np.testing.assert_allclose(chart.numbers["mean_norm"], shown)
    assert chart.name == "gradient-matrix-stack-l0-h"


def test_curves_are_drawn_by_their_names(recording) -> None:
    curves = gradients(recording).curves()
    chart = distance_chart(curves)
    lines = {line.get_label(): line for line in chart.figure.axes[0].lines}
    for curve in curves:
        drawn = np.asarray(lines[curve.name].get_ydata())
        positive = curve.median > 0
        np.testing.assert_allclose(drawn[positive], curve.median[positive])
        assert np.isnan(drawn[~positive]).all()
    assert chart.figure.axes[0].get_yscale() == "log"


def test_gradients_that_all_vanished_can_be_drawn() -> None:
    """Where every number is zero there is no logarithm to draw."""
    problem = make_problem(case_named("lstm"))
    for p in problem.model.head.parameters():
        p.data.zero_()
    matrices = gradients(problem.record())
    matrix_chart(matrices.states[0])
    total_chart(matrices)


def test_jacobians_reach_their_charts(recording) -> None:
    p = recording.passes[0]
    places = sample_places(p, 6)
    seen, multiplied = spectra(p, places), products(p, places)
    numbers = spectra_chart([seen]).numbers[p.name]
    np.testing.assert_array_equal(numbers["singular"], seen.singular)
    chart = products_chart(multiplied)
    low, high = chart.figure.axes[0].get_ylim()
    finite = multiplied.log_norm[np.isfinite(multiplied.log_norm)] / np.log(10)
    assert low < finite.min() <= finite.max() < high
    long = make_problem(case_named("gru-after"), layers=1)
    long.x = long.x.repeat(5, 1, 1)
    found = lyapunov(long.record().passes[0])
    assert lyapunov_chart([found]).numbers["stack.l0"]["regime"] == found.regime


def watch(step: int, share: float) -> dict:
    return {
        "kind": "watch",
        "step": step,
        "clipping": {
            "updates": 100,
            "share": share,
            "norm_mean": 0.5,
            "norm_max": 2.0,
            "clipped_norm_mean": 0.4,
        },
        "gradients": {"distance": [0, 1, 5], "norm": {"l0 h": [1.0, 0.1, None]}},
        "saturation": {"l0 f": [0.1, 0.2]},
        "weights": {"l0.weight_hh": {"norm": 3.0, "ratio": 0.001}},
    }


def test_what_was_watched_is_drawn() -> None:
    records = [watch(1, 0.0), watch(200, 0.5), watch(400, 1.0)]
    assert clipping_chart(records).numbers["share"].tolist() == [0.0, 0.5, 1.0]
    matrix = reach_chart(records, "l0 h").numbers["norm"]
    assert matrix[:2].tolist() == [[1.0] * 3, [0.1] * 3]
    assert np.isnan(matrix[2]).all()
    assert updates_chart(records).numbers["l0.weight_hh"].tolist() == [0.001] * 3
    section = watch_section([{"kind": "train", "step": 1, "loss": 1.0}, *records])
    assert section is not None
    assert len(section.parts) == 4
    assert watch_section(records[:1]) is None


def test_losses_have_perplexity_beside_them_where_they_are_nats() -> None:
    history = [
        {"kind": "train", "step": 1, "loss": 2.0},
        {"kind": "valid", "step": 2, "loss": 1.5, "score": 1.5},
    ]
    nats = loss_chart(history, "word", "nats")
    assert nats.numbers["valid"] == {"step": [2], "loss": [1.5]}
    assert [c.get_ylabel() for c in nats.figure.axes[0].child_axes] == ["perplexity"]
    assert not loss_chart(history, "value", "squared error").figure.axes[0].child_axes


def test_a_perplexity_of_many_digits_has_no_axis() -> None:
    history = [{"kind": "train", "step": step, "loss": loss} for step, loss in ((1, 28.0), (2, 8.0))]
    assert not loss_chart(history, "step", "nats").figure.axes[0].child_axes


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(("matrix", "encoder.l0 h"), "matrix-encoder-l0-h"), (("states", ""), "states"), (("a/b",), "a-b")],
)
def test_names_become_stems_of_files(parts: tuple[str, ...], expected: str) -> None:
    assert stem(*parts) == expected
