"""Charts show the numbers of the diagnosis, in the figure and in the JSON."""

import numpy as np
import pytest

from brute import make_problem
from numerics import case_named
from unrolled.diagnostics import gradients, lyapunov, products, sample_places, spectra
from unrolled.pages.charts.gradients import distance_chart, matrix_chart, total_chart
from unrolled.pages.charts.jacobians import lyapunov_chart, products_chart, spectra_chart
from unrolled.pages.charts.names import file_stem
from unrolled.pages.charts.training import loss_chart
from unrolled.pages.charts.watched import clipping_chart, reach_chart, updates_chart
from unrolled.pages.watch_section import watch_section


@pytest.fixture(scope="module")
def recording():
    return make_problem(case_named("lstm"), ragged=True, bidirectional=True).record()


def test_the_gradient_matrix_is_drawn(recording) -> None:
    state_gradients = gradients(recording).states[0]
    chart = matrix_chart(state_gradients)
    image = chart.figure.axes[0].images[0].get_array()
    matrix = state_gradients.matrix()
    np.testing.assert_allclose(np.asarray(image)[matrix > 0], matrix[matrix > 0])
    np.testing.assert_allclose(chart.numbers["mean_norm"], matrix)
    assert chart.name == "gradient-matrix-stack-l0-h"


def test_curves_are_drawn_with_their_names(recording) -> None:
    curves = gradients(recording).curves()
    chart = distance_chart(curves)
    lines = {line.get_label(): line for line in chart.figure.axes[0].lines}
    for curve in curves:
        ydata = np.asarray(lines[curve.name].get_ydata())
        positive = curve.median > 0
        np.testing.assert_allclose(ydata[positive], curve.median[positive])
        assert np.isnan(ydata[~positive]).all()
    assert chart.figure.axes[0].get_yscale() == "log"


def test_zero_gradients_can_be_drawn() -> None:
    """All numbers are zero, so the logarithmic axis has nothing to draw."""
    problem = make_problem(case_named("lstm"))
    for p in problem.model.head.parameters():
        p.data.zero_()
    matrices = gradients(problem.record())
    matrix_chart(matrices.states[0])
    total_chart(matrices)


def test_jacobian_charts_show_the_numbers(recording) -> None:
    p = recording.passes[0]
    places = sample_places(p, 6)
    layer_spectra, layer_products = spectra(p, places), products(p, places)
    numbers = spectra_chart([layer_spectra]).numbers[p.name]
    np.testing.assert_array_equal(numbers["singular"], layer_spectra.singular)
    chart = products_chart(layer_products)
    low, high = chart.figure.axes[0].get_ylim()
    finite = layer_products.log_norm[np.isfinite(layer_products.log_norm)] / np.log(10)
    assert low < finite.min() <= finite.max() < high
    long_problem = make_problem(case_named("gru-after"), layers=1)
    long_problem.x = long_problem.x.repeat(5, 1, 1)
    exponents = lyapunov(long_problem.record().passes[0])
    assert lyapunov_chart([exponents]).numbers["stack.l0"]["regime"] == exponents.regime


def watch_record(step: int, share: float) -> dict:
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


def test_watch_records_are_drawn() -> None:
    records = [watch_record(1, 0.0), watch_record(200, 0.5), watch_record(400, 1.0)]
    assert clipping_chart(records).numbers["share"].tolist() == [0.0, 0.5, 1.0]
    matrix = reach_chart(records, "l0 h").numbers["norm"]
    assert matrix[:2].tolist() == [[1.0] * 3, [0.1] * 3]
    assert np.isnan(matrix[2]).all()
    assert updates_chart(records).numbers["l0.weight_hh"].tolist() == [0.001] * 3
    section = watch_section([{"kind": "train", "step": 1, "loss": 1.0}, *records])
    assert section is not None
    assert len(section.parts) == 4
    assert watch_section(records[:1]) is None


def test_losses_in_nats_get_a_perplexity_axis() -> None:
    history = [
        {"kind": "train", "step": 1, "loss": 2.0},
        {"kind": "valid", "step": 2, "loss": 1.5, "score": 1.5},
    ]
    nats = loss_chart(history, "word", "nats")
    assert nats.numbers["valid"] == {"step": [2], "loss": [1.5]}
    assert [c.get_ylabel() for c in nats.figure.axes[0].child_axes] == ["perplexity"]
    assert not loss_chart(history, "value", "squared error").figure.axes[0].child_axes


def test_a_huge_perplexity_gets_no_axis() -> None:
    history = [{"kind": "train", "step": step, "loss": loss} for step, loss in ((1, 28.0), (2, 8.0))]
    assert not loss_chart(history, "step", "nats").figure.axes[0].child_axes


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(("matrix", "encoder.l0 h"), "matrix-encoder-l0-h"), (("states", ""), "states"), (("a/b",), "a-b")],
)
def test_names_become_file_stems(parts: tuple[str, ...], expected: str) -> None:
    assert file_stem(*parts) == expected
