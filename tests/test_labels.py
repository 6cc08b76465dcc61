"""Labels of any length leave room for the axes; matplotlib's warning about collapsed axes is an error."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from unrolled.experiments.comparison_plot import plot_comparison
from unrolled.experiments.repetition_plot import plot_repetition
from unrolled.labels import label_text, label_update_axis
from unrolled.tasks.base.outcome import Outcome
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.translate.attention_plot import plot_attention
from unrolled.text.neighbours import plot_words

NAMES = {
    "path": "pretrain=/a/long/path" + "/to/some folder of mine" * 12,
    "wide": "W" * 300,
}


def draw_trials(names, folder):
    plot_repetition([Outcome(n, 1, {"accuracy": 0.5}, 1.0) for n in names], "accuracy", folder / "r.png")


def draw_confusion(names, folder):
    plot_confusion(np.eye(len(names), dtype=int).tolist(), names, folder, "test")


def draw_attention(names, folder):
    plot_attention(np.eye(len(names), dtype=np.float32), names, names, folder / "a.png")


def draw_words(names, folder):
    points = np.stack([np.arange(len(names)), np.zeros(len(names))], 1)
    plot_words(names, points, folder / "w.png", names[0])


def draw_ladder(names, folder):
    rows = [
        {"model": n, "mean": 1.0 + i, "sd": 0.1, "seconds": 1.0, "rate": 10.0, "epochs": 1.0}
        for i, n in enumerate(names)
    ]
    plot_comparison(pd.DataFrame(rows), "accuracy", 1.0, higher=True, path=folder / "l.png")


@pytest.fixture
def areas(monkeypatch):
    """Fraction of the figure covered by its smallest axes, for each figure that would be saved."""
    fractions = []

    def measure(self, *args, **kwargs):
        self.draw_without_rendering()
        boxes = [axes.get_position() for axes in self.axes if axes.get_label() != "<colorbar>"]
        fractions.append(min(box.width * box.height for box in boxes))

    monkeypatch.setattr(Figure, "savefig", measure)
    return fractions


@pytest.mark.draws
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("draw", [draw_trials, draw_confusion, draw_attention, draw_words, draw_ladder])
def test_axes_keep_enough_room(draw, name, count, tmp_path, areas):
    draw([f"{i} {name}"[: len(name)] + str(i) for i in range(count)], tmp_path)
    assert len(areas) == 1
    assert areas[0] > 0.05


@pytest.mark.parametrize(
    ("name", "lines", "label"),
    [
        ("as it stands", 1, "as it stands"),
        ("", 1, ""),
        ("0123456789abcdef", 1, "0123456789abcdef"),
        ("0123456789abcdefg", 1, "01234567…abcdefg"),
        ("a plain name of many words", 3, "a plain name of\nmany words"),
        ("0123456789abcdefg", 2, "0123456789abcdef\ng"),
        ("x" * 20 + "y" * 20, 2, "x" * 16 + "\n…" + "y" * 15),
    ],
)
def test_labels_are_wrapped_and_shortened(name, lines, label):
    assert label_text(name, line=16, lines=lines) == label


def test_both_ends_of_a_long_label_are_kept():
    label = label_text(NAMES["path"] + ".toml", line=28, lines=3)
    assert label.startswith("pretrain=")
    assert label.endswith(".toml")
    assert max(map(len, label.split("\n"))) <= 28


def test_ticks_of_updates_are_integers():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.plot([1, 2], [3.0, 2.0])
    label_update_axis(axes)
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
