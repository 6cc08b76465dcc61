"""Chart of the losses over a training."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unrolled.labels import label_update_axis
from unrolled.pages.parts import Chart
from unrolled.pages.style import PALETTE, WIDE, new_figure

Record = Mapping[str, Any]

MOST_NATS = 14
"""Maximum loss with a second axis of perplexity (about a million): larger numbers are unreadable."""


def loss_chart(history: Sequence[Record], unit: str, loss_unit: str) -> Chart:
    """Draw training and held-out loss by update; for small losses in nats with a second axis of perplexity.

    Args:
        history: records of the log of a run.
        unit: noun for one prediction ("character").
        loss_unit: unit of the loss ("nats").
    """
    figure = new_figure(WIDE, 3.6)
    axes = figure.subplots()
    numbers: dict[str, Any] = {}
    for kind, label, colour, marker in (
        ("train", "training", PALETTE[0], ""),
        ("valid", "held out", PALETTE[1], "o"),
    ):
        records = [r for r in history if r["kind"] == kind]
        steps, losses = [r["step"] for r in records], [r["loss"] for r in records]
        if records:
            axes.plot(steps, losses, color=colour, marker=marker, markersize=4, label=label)
        numbers[kind] = {"step": steps, "loss": losses}
    label_update_axis(axes)
    axes.set_ylabel(f"loss, {loss_unit} per {unit}")
    if loss_unit == "nats" and all(v < MOST_NATS for part in numbers.values() for v in part["loss"]):
        right = axes.secondary_yaxis("right", functions=(np.exp, _log))
        right.set_ylabel("perplexity")
        right.spines["right"].set_visible(True)
    axes.legend()
    return Chart(
        "losses",
        "Training",
        "Mean training loss since the previous point, and loss on held-out data.",
        figure,
        numbers,
    )


def _log(perplexity: Any) -> Any:
    return np.log(np.maximum(perplexity, np.finfo(float).tiny))
