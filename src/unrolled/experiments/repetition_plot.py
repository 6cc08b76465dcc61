"""A picture of trials: a row a variant, a dot a trial, lines between the trials of one number."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.experiments.figures import words_of
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.picture import save_picture
from unrolled.tasks.base.outcome import Outcome

HIGHEST = 200.0
"""Inches: a PNG may have 65,535 rows of pixels."""


def plot_repetition(outcomes: Sequence[Outcome], metric: str, path: Path) -> Path:
    """Draw the scores, variants from top to bottom as they come; return the PNG's path."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    variants = list(dict.fromkeys(o.model for o in outcomes))
    figure = Figure(figsize=(8, min(1.5 + 0.6 * len(variants), HIGHEST)), layout="constrained")
    axes = figure.subplots()
    for number in sorted({o.seed for o in outcomes}):
        row = [(o.scores[metric], variants.index(o.model)) for o in outcomes if o.seed == number]
        axes.plot(*zip(*row, strict=True), color="tab:gray", alpha=0.35, linewidth=0.8)
    for place, variant in enumerate(variants):
        values = [o.scores[metric] for o in outcomes if o.model == variant]
        axes.plot(values, [place] * len(values), "o", color="tab:blue", alpha=0.6, markersize=5)
        axes.plot([sum(values) / len(values)], [place], "|", color="tab:orange", markersize=22, mew=2.5)
    axes.set_yticks(range(len(variants)), [label_text(v, line=28, lines=3) for v in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    axes.set_xlabel(f"{words_of(metric)} (dots: trials; grey: the same fold or seed; orange: mean)")
    axes.locator_params(axis="x", nbins=6)
    axes.grid(alpha=0.3, axis="x")
    return save_picture(figure, path)
