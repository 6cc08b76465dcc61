"""Plot of a repetition: one row per variant, one dot per trial, a line through trials of one fold or seed."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.experiments.metrics import get_metric_name
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.picture import save_figure
from unrolled.tasks.base.outcome import Outcome

MAX_HEIGHT = 200.0
"""Greatest height in inches: a PNG file has at most 65,535 rows of pixels."""


def plot_repetition(outcomes: Sequence[Outcome], metric: str, path: Path) -> Path:
    """Plot the scores, the first variant at the top; return the path of the PNG file."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    variants = list(dict.fromkeys(o.model for o in outcomes))
    figure = Figure(figsize=(8, min(1.5 + 0.6 * len(variants), MAX_HEIGHT)), layout="constrained")
    axes = figure.subplots()
    for number in sorted({o.seed for o in outcomes}):
        points = [(o.scores[metric], variants.index(o.model)) for o in outcomes if o.seed == number]
        axes.plot(*zip(*points, strict=True), color="tab:gray", alpha=0.35, linewidth=0.8)
    for index, variant in enumerate(variants):
        values = [o.scores[metric] for o in outcomes if o.model == variant]
        axes.plot(values, [index] * len(values), "o", color="tab:blue", alpha=0.6, markersize=5)
        axes.plot([sum(values) / len(values)], [index], "|", color="tab:orange", markersize=22, mew=2.5)
    axes.set_yticks(range(len(variants)), [label_text(v, line=28, lines=3) for v in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    axes.set_xlabel(f"{get_metric_name(metric)} (dots: trials; grey: the same fold or seed; orange: mean)")
    axes.locator_params(axis="x", nbins=6)
    axes.grid(alpha=0.3, axis="x")
    return save_figure(figure, path)
