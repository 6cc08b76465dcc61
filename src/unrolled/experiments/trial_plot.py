"""A picture of trials: a row a variant, a dot a trial, lines between the trials of one number."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.experiments.trial import PICTURE, Trial
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.picture import save_picture

HIGHEST = 200.0
"""Inches: a PNG may have 65,535 rows of pixels."""


def plot_trials(trials: Sequence[Trial], metric: str, folder: Path) -> Path:
    """Draw the trials, variants from top to bottom as they come; return the PNG's path."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    variants = list(dict.fromkeys(t.variant for t in trials))
    figure = Figure(figsize=(8, min(1.5 + 0.6 * len(variants), HIGHEST)), layout="constrained")
    axes = figure.subplots()
    for number in sorted({t.number for t in trials}):
        row = [(t.scores[metric], variants.index(t.variant)) for t in trials if t.number == number]
        axes.plot(*zip(*row, strict=True), color="tab:gray", alpha=0.35, linewidth=0.8)
    for place, variant in enumerate(variants):
        values = [t.scores[metric] for t in trials if t.variant == variant]
        axes.plot(values, [place] * len(values), "o", color="tab:blue", alpha=0.6, markersize=5)
        axes.plot([sum(values) / len(values)], [place], "|", color="tab:orange", markersize=22, mew=2.5)
    axes.set_yticks(range(len(variants)), [label_text(v, line=28, lines=3) for v in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    axes.set_xlabel(f"{metric.replace('_', ' ')} (dots: trials; grey: the same fold or seed; orange: mean)")
    axes.locator_params(axis="x", nbins=6)
    axes.grid(alpha=0.3, axis="x")
    return save_picture(figure, folder / PICTURE)
