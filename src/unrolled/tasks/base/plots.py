"""Plots of a training run."""

from pathlib import Path
from typing import Any

import numpy as np

from unrolled.extras import extra
from unrolled.labels import label_text, label_update_axis, label_width
from unrolled.storage.folder import make_inner_folder
from unrolled.storage.picture import save_figure

LN2 = 0.6931471805599453


def plot_curves(history: list[dict[str, Any]], folder: Path, unit: str, loss_unit: str = "nats") -> Path:
    """Plot training loss, held-out loss and learning rate over steps; return the path of the PNG."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    make_inner_folder(folder)
    figure = Figure(figsize=(8, 5), layout="constrained")
    loss, rate = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    for kind, label, style in (
        ("train", "training", {"color": "tab:blue", "alpha": 0.8}),
        ("valid", "held out", {"color": "tab:orange", "marker": "o", "markersize": 4}),
    ):
        records = [r for r in history if r["kind"] == kind]
        if records:
            loss.plot([r["step"] for r in records], [r["loss"] for r in records], label=label, **style)
    valid = [r for r in history if r["kind"] == "valid"]
    if valid:
        best = min(valid, key=lambda r: r["score"])
        loss.axhline(best["loss"], color="tab:orange", linewidth=0.7, linestyle=":")
        loss.annotate(
            f"best {best['loss']:.3f} {loss_unit}",
            (best["step"], best["loss"]),
            xytext=(0, 8),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
    loss.set_ylabel(f"loss ({loss_unit} per {unit})")
    if loss_unit == "nats":
        bits = loss.secondary_yaxis("right", functions=(lambda n: n / LN2, lambda b: b * LN2))
        bits.set_ylabel(f"bits per {unit}")
    loss.grid(alpha=0.3)
    loss.legend()
    train = [r for r in history if r["kind"] == "train"]
    rate.plot([r["step"] for r in train], [r["lr"] for r in train], color="tab:gray")
    rate.set_ylabel("learning rate")
    label_update_axis(rate)
    rate.grid(alpha=0.3)
    return save_figure(figure, folder / "curves.png")


def plot_confusion(counts: list[list[int]], classes: list[str], folder: Path, part: str) -> Path:
    """Plot the confusion matrix (rows true, columns predicted labels); return the path of the PNG.

    Colours are fractions of the row, so that rare labels are as visible as frequent ones.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    make_inner_folder(folder)
    matrix = np.array(counts)
    fractions = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    names = [label_text(name, line=20, lines=2) for name in classes]
    size = min(3.5 + 0.45 * len(classes), 24) + label_width(names)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix > 0):
        colour = "white" if fractions[row, column] > 0.6 else "black"
        axes.text(column, row, f"{matrix[row, column]}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(classes)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{part}: accuracy {100 * np.trace(matrix) / max(matrix.sum(), 1):.2f}%")
    figure.colorbar(image, label="fraction of the true label", shrink=0.8)
    return save_figure(figure, folder / f"confusion_{part}.png", dpi=110)
