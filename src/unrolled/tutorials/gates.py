"""What gates do: how long they keep, when they open, and how they should start."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.diagnostics import saturation, time_constants
from unrolled.diagnostics.activation_courses import TimeConstants
from unrolled.diagnostics.activation_saturation import Saturation
from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.diagnostics.passes import Pass
from unrolled.pages.charts.activations import saturation_chart
from unrolled.pages.display import in_words
from unrolled.pages.parts import Chart, Table, Words
from unrolled.pages.style import INK, WIDE, new_figure
from unrolled.synthetic.model import Solver
from unrolled.synthetic.problems import SyntheticBatch
from unrolled.tutorials.charts import learning_chart, line
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.looking import SEED, recorded, way_back
from unrolled.tutorials.networks import flags, forget_bias
from unrolled.tutorials.practice import Trained, Trial, practise
from unrolled.tutorials.script import Script

EQUATIONS = """LSTM  c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t,   h_t = o_t ⊙ tanh(c_t)
GRU   h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ n_t

a gate at f keeps 1/e of the old state for  τ = −1 / ln f  steps;
at its start f = sigmoid(bias):  0 → 0.5, τ = 1.4;  1 → 0.73, τ = 3.2;  ln n → n/(n+1), τ = n + ½"""
ADDING = {"problem": "adding", "hidden": 32, "lr": 0.01}
WRITES = {"lstm": "i", "gru": "z"}
"""By cell: the gate that lets new content in; that of a GRU does as it falls."""
ROWS = 64
KEEPS = {"lstm": "f", "gru": "z"}
SHOWN = {"lstm": ("i", "f", "o"), "gru": ("r", "z")}
GATES = {"i": "input i", "f": "forget f", "o": "output o", "r": "reset r", "z": "update z"}


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and tell it."""
    script.section(
        "The question",
        "A gate is a number between 0 and 1, computed anew at each step for each unit. Which gates keep a "
        f"memory over {config.distance} steps, and does training find them?",
    )
    script.show(Words("Who keeps what", EQUATIONS))
    _starts(script, config)
    _at_work(script, config)


def _starts(script: Script, config: LessonConfig) -> None:
    n = config.distance
    bias = forget_bias(n)
    common = {"cell": "lstm", "lr": 0.001}
    trials = (
        Trial("forget bias 0", common | {"forget_bias": 0.0}),
        Trial("forget bias 1", common | {"forget_bias": 1.0}),
        Trial(f"forget bias ln {n}", common | {"forget_bias": bias}),
    )
    script.section(
        "Three starts of the forget gate",
        f"An LSTM shall recall the first of {n + 1} symbols. Its forget bias starts at 0, at 1 "
        f"(Jozefowicz et "
        f"al. 2015) or at ln {n} = {bias} (compare Tallec & Ollivier 2018); all else is the same.",
    )
    runs = []
    for trial in trials:
        runs.append(practise(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    kept = {run.name: (_kept(run.start), _kept(run.model)) for run in runs}
    script.show(learning_chart("learning-starts", "Three starts of the forget gate", runs))
    script.show(_constants_chart(kept, n))
    script.show(_starts_table(runs, kept))
    for run in runs:
        script.find(_start_verdict(run, runs, kept[run.name], n))


def _at_work(script: Script, config: LessonConfig) -> None:
    n = config.distance
    trials = (
        Trial("LSTM", ADDING | {"cell": "lstm", "chrono": n, "updates": 3 * config.updates // 2}),
        Trial("GRU", ADDING | {"cell": "gru", "chrono": n, "updates": 3 * config.updates // 2}),
    )
    script.section(
        "Gates at work",
        f"An LSTM and a GRU (Cho et al. 2014) add two marked numbers among {n}. Then both read sequences "
        f"whose "
        f"marks lie at steps {n // 4} and {3 * n // 4}: what do their gates do there, and in between?",
    )
    runs = []
    for trial in trials:
        runs.append(practise(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    for run in runs:
        _gates_of(script, run, _marks(n))


def _gates_of(script: Script, run: Trained, marks: tuple[int, int]) -> None:
    cell = run.name.lower()
    (layer,) = recorded(run.model, marked(run.model.problem.steps, marks)).passes
    script.show(_gates_chart(run.name, layer, marks))
    shown = [s for s in saturation(layer) if s.name in SHOWN[cell]]
    script.show(_saturation_chart(run.name, shown))
    script.find(_mark_verdict(run, layer, marks))


def marked(steps: int, marks: tuple[int, int]) -> SyntheticBatch:
    """Return sequences of the adding problem whose marks lie at these steps in every row."""
    values = torch.rand(steps, ROWS, generator=torch.Generator().manual_seed(SEED))
    flags_ = torch.zeros_like(values)
    flags_[list(marks)] = 1.0
    return SyntheticBatch(torch.stack([values, flags_], -1), values[list(marks)].sum(0, keepdim=True))


def _marks(steps: int) -> tuple[int, int]:
    return steps // 4, 3 * steps // 4


def _kept(model: Solver) -> TimeConstants:
    (layer,) = recorded(model).passes
    found = time_constants(layer)
    assert found is not None
    return found


def _starts_table(runs: Sequence[Trained], kept: Mapping[str, tuple[TimeConstants, TimeConstants]]) -> Table:
    rows = []
    for run in runs:
        before, after = kept[run.name]
        gate, way = float(before.mean_gate.mean()), way_back(run.start)
        kept_after = after.quantiles[1], float(after.steps.max())
        came = f"{run.loss:.3g}", f"{run.accuracy:.0%}"
        rows.append((run.name, gate, before.quantiles[1], way.left, *kept_after, *came))
    return Table(
        "Forget gates before and after training",
        "f: mean forget gate at the start. τ: steps after which a gate at its mean leaves 1/e, the median "
        "unit, "
        "and the longest. Left: share of the gradient that reaches the first symbol at the start.",
        ("start", "f", "τ", "left", "τ trained", "longest", "held-out", "right"),
        rows,
    )


def _start_verdict(
    run: Trained, runs: Sequence[Trained], kept: tuple[TimeConstants, TimeConstants], n: int
) -> Verdict:
    before, after = (constants.quantiles[1] for constants in kept)
    says = (
        f"Its median unit keeps 1/e for {in_words(before)} steps at the start and {in_words(after)} after "
        f"training, "
        f"where {n} are needed. Held-out loss {run.loss:.3g} beside {run.model.problem.baseline:.3g} of "
        f"chance."
    )
    if run.learnt:
        title = f"{run.name}: {run.accuracy:.0%} right after {run.updates} updates"
        return Verdict(title, "good", says, remedies=(Remedy("this start", flags(run.trial)),))
    remedy = (Remedy(f"a forget gate that starts open: ln {n}", f"--forget-bias {forget_bias(n):g}"),)
    return Verdict(f"{run.name}: {run.accuracy:.0%} right, not learnt", "bad", says, remedies=remedy)


def _mark_verdict(run: Trained, layer: Pass, marks: tuple[int, int]) -> Verdict:
    """Say how the gate that lets content in differs at the marks."""
    gate, keeping = WRITES[run.name.lower()], KEEPS[run.name.lower()]
    units = _units(layer, gate)
    elsewhere = np.setdiff1d(np.arange(len(units)), marks)
    at, between = units[list(marks)].mean(0), units[elsewhere].mean(0)
    opens = between - at if gate == "z" else at - between
    most = int(opens.argmax())
    says = (
        f"{_loss(run)} At the marks {gate} of unit {most} is {at[most]:.2f} in the mean, elsewhere "
        f"{between[most]:.2f}; over all units {at.mean():.2f} and {between.mean():.2f}. The gate that keeps, "
        f"{keeping}, is {float(_units(layer, keeping)[elsewhere].mean()):.3f} in the mean elsewhere."
    )
    seen = opens.mean() > 0 and opens[most] > 0.1
    if run.learnt and seen:
        word = "falls" if gate == "z" else "opens"
        return Verdict(f"{run.name}: {gate} {word} where a number is marked", "good", says)
    title = "learnt, but no gate stands out at the marks" if run.learnt else "has not learnt to add"
    return Verdict(f"{run.name}: {title}", "notice", says)


def _loss(run: Trained) -> str:
    return (
        f"Squared error {run.loss:.2g} beside {run.model.problem.baseline:.3g} of always guessing the mean."
    )


def _constants_chart(kept: Mapping[str, tuple[TimeConstants, TimeConstants]], n: int) -> Chart:
    figure = new_figure(WIDE, 3.6)
    axes = figure.subplots()
    numbers = {}
    for number, (name, (before, after)) in enumerate(kept.items()):
        colour = line(number)["color"]
        index = np.arange(1, len(before.steps) + 1)
        axes.plot(index, np.sort(before.steps), color=colour, linestyle=":", label=f"{name}, start")
        axes.plot(index, np.sort(after.steps), "-", color=colour, label=f"{name}, trained")
        numbers[name] = {"start": before.steps, "trained": after.steps}
    axes.axhline(n, color=INK, alpha=0.6, linewidth=0.8, linestyle="--")
    axes.annotate(f"{n} steps are needed", (0, n), xycoords=("axes fraction", "data"), xytext=(4, 3),
                  textcoords="offset points", va="bottom", fontsize=8)  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("unit, by its time constant")
    axes.set_ylabel("τ = −1 / ln f, steps")
    axes.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    caption = "Time constants of the forget gates, from the mean of each gate over steps and sequences."
    return Chart("time-constants", "How long each unit keeps", caption, figure, numbers)


def _gates_chart(name: str, layer: Pass, marks: tuple[int, int]) -> Chart:
    shown = SHOWN[name.lower()]
    figure = new_figure(WIDE, 1.8 * len(shown))
    panels = figure.subplots(len(shown), 1, sharex=True)
    numbers: dict[str, Any] = {"marks": list(marks)}
    for number, (axes, gate) in enumerate(zip(panels, shown, strict=True)):
        numbers[gate] = units = _units(layer, gate)
        colour = line(number)["color"]
        axes.plot(units, "-", color=colour, alpha=0.3, linewidth=0.7)
        axes.plot(units.mean(1), "-", color=colour, linewidth=2.2)
        for mark in marks:
            axes.axvline(mark, color=INK, alpha=0.6, linewidth=0.8, linestyle=":")
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel(GATES[gate])
    panels[-1].set_xlabel("step")
    caption = "Mean over sequences: thin of each unit, thick of all; dotted: the marked steps."
    return Chart(f"gates-{name.lower()}", f"Gates of the {name} that adds", caption, figure, numbers)


def _units(layer: Pass, gate: str) -> NDArray[np.float64]:
    """Return the mean over the rows of a gate, (T, H)."""
    found: NDArray[np.float64] = layer.gates[gate].mean(1).double().numpy()
    return found


def _saturation_chart(name: str, found: Sequence[Saturation]) -> Chart:
    chart = saturation_chart(found)
    (axes,) = chart.figure.axes
    for marks in axes.collections:
        marks.set(sizes=[36.0])
    axes.legend(fontsize=9)
    return replace(chart, name=f"saturation-{name.lower()}", title=f"Saturated gates of the {name} that adds")


LESSON = Lesson(
    "gates",
    "what gates do, and how they should start",
    "What gates do",
    "how long they keep, how they should start, and where they open",
    LessonConfig(),
    teach,
)
