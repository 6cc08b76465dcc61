"""Plot of a training: training and held-out loss, the baseline and the target."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from unrolled.extras import extra
from unrolled.labels import label_update_axis
from unrolled.storage.picture import save_figure
from unrolled.synthetic.config import LearnConfig
from unrolled.synthetic.train import LearnResult, format_loss

BASELINE, TRAINING, HELD_OUT, TARGET = "tab:red", "tab:blue", "tab:orange", "tab:green"
LOG_SPAN = 5.0
"""Ratio of highest to lowest loss above which the axis is logarithmic."""
DECADES_SPAN = 2000.0
"""Ratio of highest to lowest loss from which only powers of ten are labelled."""


def plot_learned(learned: LearnResult, path: Path) -> Path:
    """Plot training and held-out loss over updates, with baseline and target; return the path of the PNG."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    problem, target = learned.model.problem, learned.config.target()
    picture = Figure(figsize=(8, 4.5), layout="constrained")
    axes = picture.subplots()
    losses = [learned.baseline]
    styles: dict[str, dict[str, Any]] = {
        "train": {"label": "training", "color": TRAINING, "alpha": 0.6, "linewidth": 1.0},
        "valid": {"label": "held out", "color": HELD_OUT, "marker": "o", "markersize": 3.5},
    }
    for kind, style in styles.items():
        records = [r for r in learned.history if r["kind"] == kind]
        axes.plot([r["step"] for r in records], [r["loss"] for r in records], **style)
        losses += [r["loss"] for r in records]
    baseline_label = f"{problem.baseline_name}: {format_loss(learned.baseline)}"
    updates = sorted({1, *(r["step"] for r in learned.history)})
    baselines = [_baseline_at(learned, update) for update in updates]
    axes.plot(updates, baselines, color=BASELINE, linestyle="--", label=baseline_label)
    if min(losses) > 0 and max(losses) > LOG_SPAN * min(losses):
        axes.set_yscale("log")
        _set_plain_ticks(axes, max(losses) / min(losses))
    if target > 0 and min(losses) < LOG_SPAN * target:
        axes.axhline(target, color=TARGET, linestyle=":", label=f"solved: {format_loss(target)}")
    title = f"{learned.config.problem}, {problem.steps:,} steps: {_describe_network(learned.config)}"
    axes.set_title(title, loc="left", fontsize=11)
    label_update_axis(axes)
    axes.set_ylabel("mean squared error" if problem.loss_kind == "squared error" else "nats per answer")
    axes.set_xlim(0, 1.01 * updates[-1])
    axes.grid(alpha=0.3, which="both" if axes.get_yscale() == "log" else "major")
    axes.legend(loc="best", fontsize=9)
    return save_figure(picture, path)


def _set_plain_ticks(axes: Any, span: float) -> None:
    """Label a logarithmic axis with plain numbers instead of powers of ten."""
    with extra("plots", "a picture"):
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if span < DECADES_SPAN else (1.0,)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _baseline_at(learned: LearnResult, update: int) -> float:
    """Return the baseline for the distance of an update, counted from 1."""
    problem = learned.model.problem
    return problem.at_distance(learned.config.practice.distance_at(update - 1, problem.distance)).baseline


def _describe_network(config: LearnConfig) -> str:
    """Return the cell, its size, and the cell options that differ from their defaults."""
    values = {f.name: getattr(config.cell, f.name) for f in fields(config.cell)}
    defaults = {f.name: f.default for f in fields(config.cell)}
    options = [
        f"{name}={value}" for name, value in values.items() if name != "cell" and value != defaults[name]
    ]
    return ", ".join([config.cell.name, f"{config.solver.hidden} units", *options])
