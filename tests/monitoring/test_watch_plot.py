"""The plot of how far back gradients reach, over the training."""

import pytest

from unrolled.monitoring.plot import plot_reach, reach_over_training

pytestmark = pytest.mark.draws


def records(norms, distance=(0, 1, 2)):
    return [
        {"kind": "watch", "step": i, "gradients": {"distance": list(distance), "norm": {"l0 h": row}}}
        for i, row in enumerate(norms)
    ]


def test_the_image_has_a_cell_for_each_record_and_distance(tmp_path) -> None:
    figure = reach_over_training([{"kind": "train"}, *records([[1.0, 0.1, None], [1.0, 0.0, 0.01]])])
    (image,) = figure.axes[0].images
    table = image.get_array()
    assert table.shape == (3, 2)
    assert table.mask.tolist() == [[False, False], [False, True], [True, False]]
    assert table[2, 1] == 0.01
    path = plot_reach(records([[1.0, 0.1, 0.01]]), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_gradients_nothing_is_drawn(tmp_path) -> None:
    assert reach_over_training([]) is None
    assert plot_reach(records([[0.0, None, 0.0]]), tmp_path) is None
