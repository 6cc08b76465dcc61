"""Charts of watch records: clipping, gradients by distance, updates, saturation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from unrolled.diagnostics.gradients import Floats
from unrolled.labels import label_update_axis
from unrolled.pages.charts.names import file_stem
from unrolled.pages.parts import Chart
from unrolled.pages.style import HALF, INK, WIDE, new_figure

Record = Mapping[str, Any]
TYPICAL_UPDATE = 1e-3
"""Typical size of an update relative to the weight."""


def clipping_chart(records: Sequence[Record]) -> Chart:
    """Draw the gradient norm before and after clipping, and the fraction of clipped updates."""
    figure = new_figure(WIDE, 3.2)
    norms, rate = figure.subplots(1, 2, width_ratios=[3, 2])
    steps = [r["step"] for r in records]
    numbers = {
        name: _numbers([r["clipping"][name] for r in records])
        for name in ("norm_mean", "norm_max", "clipped_norm_mean", "share")
    }
    for name, label in (
        ("norm_mean", "before, mean"),
        ("norm_max", "before, largest"),
        ("clipped_norm_mean", "after, mean"),
    ):
        norms.plot(steps, numbers[name], label=label)
    norms.set_yscale("log")
    label_update_axis(norms)
    norms.set_ylabel("norm of the gradient")
    norms.legend(fontsize=8)
    rate.plot(steps, 100 * numbers["share"])
    rate.set_ylim(-3, 103)
    label_update_axis(rate)
    rate.set_ylabel("updates clipped, %")
    return Chart(
        "clipping",
        "Gradient norm and clipping",
        "Norm over all weights, since the previous record.",
        figure,
        {"step": steps, **numbers},
    )


def reach_chart(records: Sequence[Record], name: str) -> Chart:
    """Draw ‖∂E_t/∂s_(t−d)‖ by update and distance, on a log scale."""
    distances = sorted({d for r in records for d in r["gradients"]["distance"]})
    matrix = np.full((len(distances), len(records)), np.nan)
    for column, record in enumerate(records):
        gradients = record["gradients"]
        for distance, value in zip(gradients["distance"], gradients["norm"].get(name, []), strict=False):
            if value is not None and value > 0:
                matrix[distances.index(distance), column] = value
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    top = float(np.nanmax(matrix)) if np.isfinite(matrix).any() else 1.0
    low = max(float(np.nanmin(matrix)) if np.isfinite(matrix).any() else 0.1, top * 1e-12)
    steps = [r["step"] for r in records]
    image = axes.imshow(
        np.maximum(matrix, low), norm=LogNorm(min(low, top / 10), top), aspect="auto", origin="lower"
    )
    ticks = np.unique(np.linspace(0, len(steps) - 1, 5).round().astype(int))
    axes.set_xticks(ticks, [f"{steps[i]:,}" for i in ticks])
    axes.set_yticks(range(len(distances)), [str(d) for d in distances])
    axes.set_xlabel("update")
    axes.set_ylabel("distance in steps")
    figure.colorbar(image, label="norm of the gradient")
    return Chart(
        file_stem("gradients-over-training", name),
        f"Reach of gradients in training, {name}",
        "Gradient of the last loss of a few rows with respect to earlier states.",
        figure,
        {"step": steps, "distance": distances, "norm": matrix},
    )


def updates_chart(records: Sequence[Record]) -> Chart:
    """Draw ‖Δw‖/‖w‖ of every parameter over training."""
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    steps = [r["step"] for r in records]
    numbers: dict[str, Floats] = {}
    for name in records[-1]["weights"]:
        numbers[name] = _numbers([r["weights"].get(name, {}).get("ratio") for r in records])
        axes.plot(steps, np.where(numbers[name] > 0, numbers[name], np.nan), label=name, linewidth=1)
    axes.axhline(TYPICAL_UPDATE, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.set_xlabel("update")
    axes.set_ylabel("‖Δw‖ / ‖w‖")
    axes.legend(fontsize=7, ncols=2)
    return Chart(
        "updates",
        "Relative size of updates",
        "Change of a parameter in one update, relative to its norm; about 1/1000 (dotted) is typical.",
        figure,
        {"step": steps, **numbers},
    )


def saturation_over_training(records: Sequence[Record]) -> Chart:
    """Draw the fraction of saturated gates and units over training."""
    figure = new_figure(HALF, 3.4)
    axes = figure.subplots()
    steps = [r["step"] for r in records]
    numbers: dict[str, Floats] = {}
    for name in records[-1]["saturation"]:
        ends = [r["saturation"].get(name, [None, None]) for r in records]
        numbers[name] = _numbers([None if None in pair else sum(pair) for pair in ends])
        axes.plot(steps, 100 * numbers[name], label=name, linewidth=1)
    axes.set_xlabel("update")
    axes.set_ylabel("saturated, % of steps and units")
    axes.legend(fontsize=7, ncols=2)
    return Chart(
        "saturation-over-training",
        "Saturation in training",
        "Fraction of values in the outer tenths of the range, at either end.",
        figure,
        {"step": steps, **numbers},
    )


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], np.float64)
