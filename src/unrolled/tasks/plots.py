"""Pictures of a training run."""

from pathlib import Path
from typing import Any

LN2 = 0.6931471805599453


def plot_curves(history: list[dict[str, Any]], folder: Path, unit: str, loss_unit: str = "nats") -> Path:
    """Draw training and held-out loss and the learning rate over steps; return the PNG's path."""
    from matplotlib.figure import Figure

    folder.mkdir(exist_ok=True)
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
    rate.set_xlabel("update")
    rate.grid(alpha=0.3)
    path = folder / "curves.png"
    figure.savefig(path, dpi=120)
    return path
