"""The picture of a training beside what the problem costs without memory."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from unrolled.extras import extra
from unrolled.labels import label_updates
from unrolled.storage.picture import save_picture
from unrolled.synthetic.config import LearnConfig
from unrolled.synthetic.train import Learned, figure

BASELINE, LEARNT, HELD_OUT, TARGET = "tab:red", "tab:blue", "tab:orange", "tab:green"
SPAN = 5.0
"""Highest over lowest loss from which on the axis is logarithmic."""
MANY_DECADES = 2000.0
"""The same from which on it has a number for each power of ten alone."""


def plot_learned(learned: Learned, path: Path) -> Path:
    """Draw training and held-out loss over updates, the baseline and the target; return the PNG's path."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    problem, target = learned.model.problem, learned.config.target()
    picture = Figure(figsize=(8, 4.5), layout="constrained")
    axes = picture.subplots()
    seen = [learned.baseline]
    styles: dict[str, dict[str, Any]] = {
        "train": {"label": "training", "color": LEARNT, "alpha": 0.6, "linewidth": 1.0},
        "valid": {"label": "held out", "color": HELD_OUT, "marker": "o", "markersize": 3.5},
    }
    for kind, style in styles.items():
        records = [r for r in learned.history if r["kind"] == kind]
        axes.plot([r["step"] for r in records], [r["loss"] for r in records], **style)
        seen += [r["loss"] for r in records]
    words = f"{problem.baseline_words}: {figure(learned.baseline)}"
    updates = sorted({1, *(r["step"] for r in learned.history)})
    costs = [_baseline(learned, update) for update in updates]
    axes.plot(updates, costs, color=BASELINE, linestyle="--", label=words)
    if min(seen) > 0 and max(seen) > SPAN * min(seen):
        axes.set_yscale("log")
        _plain_ticks(axes, max(seen) / min(seen))
    if target > 0 and min(seen) < SPAN * target:
        axes.axhline(target, color=TARGET, linestyle=":", label=f"solved: {figure(target)}")
    title = f"{learned.config.problem}, {problem.steps:,} steps: {_name(learned.config)}"
    axes.set_title(title, loc="left", fontsize=11)
    label_updates(axes)
    axes.set_ylabel("mean squared error" if problem.measure == "squared error" else "nats an answer")
    axes.set_xlim(0, 1.01 * updates[-1])
    axes.grid(alpha=0.3, which="both" if axes.get_yscale() == "log" else "major")
    axes.legend(loc="best", fontsize=9)
    return save_picture(picture, path)


def _plain_ticks(axes: Any, span: float) -> None:
    """Write numbers at a logarithmic axis as people read them."""
    with extra("plots", "a picture"):
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if span < MANY_DECADES else (1.0,)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _baseline(learned: Learned, update: int) -> float:
    """Return what the sequences of an update, counted from 1, cost without memory."""
    problem = learned.model.problem
    return problem.at(learned.config.practice.distance_at(update - 1, problem.distance)).baseline


def _name(config: LearnConfig) -> str:
    """Return the cell and what is unusual about it."""
    chosen = {f.name: getattr(config.cell, f.name) for f in fields(config.cell)}
    usual = {f.name: f.default for f in fields(config.cell)}
    options = [f"{name}={value}" for name, value in chosen.items() if name != "cell" and value != usual[name]]
    return ", ".join([config.cell.name, f"{config.solver.hidden} units", *options])
