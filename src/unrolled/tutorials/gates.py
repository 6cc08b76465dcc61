"""Lesson on gates: how long they keep a state, when they open, and how to initialise them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.diagnostics import saturation, time_constants
from unrolled.diagnostics.activation_saturation import Saturation
from unrolled.diagnostics.activation_trajectories import TimeConstants
from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.diagnostics.passes import Pass
from unrolled.pages.charts.activations import saturation_chart
from unrolled.pages.display import format_number
from unrolled.pages.parts import Chart, Table, Words
from unrolled.pages.style import INK, WIDE, new_figure
from unrolled.synthetic.model import ProblemNetwork
from unrolled.synthetic.problems import SyntheticBatch
from unrolled.tutorials.charts import learning_chart, line_style
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.gradient_flow import SEED, measure_gradient_flow, record_pass
from unrolled.tutorials.networks import forget_bias, format_flags
from unrolled.tutorials.script import Script
from unrolled.tutorials.trial import Trial, TrialResult, train_trial
from unrolled.wording import counted

EQUATIONS = """LSTM  c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t,   h_t = o_t ⊙ tanh(c_t)
GRU   h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ n_t

a gate with value f keeps 1/e of the old state for  τ = −1 / ln f  steps;
before training f = sigmoid(bias):  0 → 0.5, τ = 1.4;  1 → 0.73, τ = 3.2;  ln n → n/(n+1), τ = n + ½"""
ADDING = {"problem": "adding", "hidden": 32, "lr": 0.01}
WRITE_GATES = {"lstm": "i", "gru": "z"}
"""The gate that admits new content, by cell; a GRU admits more as z falls."""
ROWS = 64
"""Sequences with fixed marks on which gates are measured."""
KEEP_GATES = {"lstm": "f", "gru": "z"}
"""The gate that keeps the state, by cell."""
SHOWN_GATES = {"lstm": ("i", "f", "o"), "gru": ("r", "z")}
GATE_LABELS = {"i": "input i", "f": "forget f", "o": "output o", "r": "reset r", "z": "update z"}


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and present it through the script."""
    script.section(
        "The question",
        "A gate is a number between 0 and 1, computed at each step for each unit. Which gate values keep a "
        f"state over {config.distance} steps, and does training find them?",
    )
    script.show(Words("How gates keep a state", EQUATIONS))
    _compare_biases(script, config)
    _show_adding(script, config)


def _compare_biases(script: Script, config: LessonConfig) -> None:
    n = config.distance
    bias = forget_bias(n)
    common = {"cell": "lstm", "lr": 0.001}
    trials = (
        Trial("forget bias 0", common | {"forget_bias": 0.0}),
        Trial("forget bias 1", common | {"forget_bias": 1.0}),
        Trial(f"forget bias ln {n}", common | {"forget_bias": bias}),
    )
    script.section(
        "Three initial forget biases",
        f"An LSTM must recall the first of {n + 1} symbols. Its forget bias starts at 0, at 1 (Jozefowicz et "
        f"al. 2015) or at ln {n} = {bias} (compare Tallec & Ollivier 2018); everything else is the same.",
    )
    runs = []
    for trial in trials:
        runs.append(train_trial(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    constants = {run.name: (_time_constants(run.initial_model), _time_constants(run.model)) for run in runs}
    script.show(learning_chart("learning-starts", "Three initial forget biases", runs))
    script.show(_constants_chart(constants, n))
    script.show(_constants_table(runs, constants))
    for run in runs:
        script.add_verdict(_bias_verdict(run, constants[run.name], n))


def _show_adding(script: Script, config: LessonConfig) -> None:
    n = config.distance
    trials = (
        Trial("LSTM", ADDING | {"cell": "lstm", "chrono": n, "updates": 3 * config.updates // 2}),
        Trial("GRU", ADDING | {"cell": "gru", "chrono": n, "updates": 3 * config.updates // 2}),
    )
    script.section(
        "Gates at work",
        f"An LSTM and a GRU (Cho et al. 2014) learn to add two marked numbers among {n}. Then both read "
        f"sequences with the marks at steps {n // 4} and {3 * n // 4}. What do their gates do at the marks, "
        "and in between?",
    )
    runs = []
    for trial in trials:
        runs.append(train_trial(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    for run in runs:
        _show_gates(script, run, _mark_steps(n))


def _show_gates(script: Script, run: TrialResult, marks: tuple[int, int]) -> None:
    cell = run.name.lower()
    (layer,) = record_pass(run.model, make_marked_batch(run.model.problem.steps, marks)).passes
    script.show(_gates_chart(run.name, layer, marks))
    gates = [gate for gate in saturation(layer) if gate.name in SHOWN_GATES[cell]]
    script.show(_saturation_chart(run.name, gates))
    script.add_verdict(_mark_verdict(run, layer, marks))


def make_marked_batch(steps: int, marks: tuple[int, int]) -> SyntheticBatch:
    """Return sequences of the adding problem with the marks at the given steps in every row."""
    values = torch.rand(steps, ROWS, generator=torch.Generator().manual_seed(SEED))
    is_marked = torch.zeros_like(values)
    is_marked[list(marks)] = 1.0
    return SyntheticBatch(torch.stack([values, is_marked], -1), values[list(marks)].sum(0, keepdim=True))


def _mark_steps(steps: int) -> tuple[int, int]:
    return steps // 4, 3 * steps // 4


def _time_constants(model: ProblemNetwork) -> TimeConstants:
    (layer,) = record_pass(model).passes
    constants = time_constants(layer)
    assert constants is not None
    return constants


def _constants_table(
    runs: Sequence[TrialResult], constants: Mapping[str, tuple[TimeConstants, TimeConstants]]
) -> Table:
    rows = []
    for run in runs:
        before, after = constants[run.name]
        gate, flow = float(before.mean_gate.mean()), measure_gradient_flow(run.initial_model)
        trained = after.quantiles[1], float(after.steps.max())
        result = f"{run.loss:.3g}", f"{run.accuracy:.0%}"
        rows.append((run.name, gate, before.quantiles[1], flow.remaining, *trained, *result))
    return Table(
        "Forget gates before and after training",
        "f: mean forget gate before training. τ: steps for which a gate at its mean value keeps 1/e of the "
        "state, for the median unit, before and after training; longest τ: of any unit, after training. "
        "Remaining: fraction of the gradient that reaches the first symbol, before training.",
        ("initialisation", "f", "τ", "remaining", "τ trained", "longest τ", "held-out loss", "accuracy"),
        rows,
    )


def _bias_verdict(run: TrialResult, constants: tuple[TimeConstants, TimeConstants], n: int) -> Verdict:
    before, after = (values.quantiles[1] for values in constants)
    says = (
        f"Its median unit keeps 1/e of the state for {format_number(before)} steps before training and "
        f"{format_number(after)} after; {n} are needed. Held-out loss {run.loss:.3g} (chance: "
        f"{run.model.problem.baseline:.3g})."
    )
    if run.is_learnt:
        title = f"{run.name}: accuracy {run.accuracy:.0%} after {counted(run.updates, 'update')}"
        return Verdict(
            title, "good", says, remedies=(Remedy("this initialisation", format_flags(run.trial)),)
        )
    remedies = (Remedy(f"start with open forget gates: bias ln {n}", f"--forget-bias {forget_bias(n):g}"),)
    return Verdict(f"{run.name}: accuracy {run.accuracy:.0%}, not learnt", "bad", says, remedies=remedies)


def _mark_verdict(run: TrialResult, layer: Pass, marks: tuple[int, int]) -> Verdict:
    """Return a finding on how the write gate differs at the marks."""
    gate, keep_gate = WRITE_GATES[run.name.lower()], KEEP_GATES[run.name.lower()]
    units = _mean_gate(layer, gate)
    elsewhere = np.setdiff1d(np.arange(len(units)), marks)
    at_marks, between = units[list(marks)].mean(0), units[elsewhere].mean(0)
    opening = between - at_marks if gate == "z" else at_marks - between
    unit = int(opening.argmax())
    says = (
        f"{_describe_loss(run)} At the marks the mean of gate {gate} is {at_marks[unit]:.2f} for unit {unit} "
        f"and {at_marks.mean():.2f} over all units; elsewhere it is {between[unit]:.2f} and "
        f"{between.mean():.2f}. The mean of {keep_gate}, which keeps the state, is "
        f"{float(_mean_gate(layer, keep_gate)[elsewhere].mean()):.3f} elsewhere."
    )
    gate_responds = opening.mean() > 0 and opening[unit] > 0.1
    if run.is_learnt and gate_responds:
        change = "falls" if gate == "z" else "opens"
        return Verdict(f"{run.name}: {gate} {change} at the marked numbers", "good", says)
    title = "learnt, but no gate stands out at the marks" if run.is_learnt else "has not learnt to add"
    return Verdict(f"{run.name}: {title}", "notice", says)


def _describe_loss(run: TrialResult) -> str:
    return f"Squared error {run.loss:.2g} (always guessing the mean: {run.model.problem.baseline:.3g})."


def _constants_chart(constants: Mapping[str, tuple[TimeConstants, TimeConstants]], n: int) -> Chart:
    figure = new_figure(WIDE, 3.6)
    axes = figure.subplots()
    numbers = {}
    for number, (name, (before, after)) in enumerate(constants.items()):
        colour = line_style(number)["color"]
        index = np.arange(1, len(before.steps) + 1)
        axes.plot(index, np.sort(before.steps), color=colour, linestyle=":", label=f"{name}, before")
        axes.plot(index, np.sort(after.steps), "-", color=colour, label=f"{name}, trained")
        numbers[name] = {"start": before.steps, "trained": after.steps}
    axes.axhline(n, color=INK, alpha=0.6, linewidth=0.8, linestyle="--")
    axes.annotate(f"{n} steps are needed", (0, n), xycoords=("axes fraction", "data"), xytext=(4, 3),
                  textcoords="offset points", va="bottom", fontsize=8)  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("unit, sorted by time constant")
    axes.set_ylabel("τ = −1 / ln f, steps")
    axes.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    caption = "Time constants of the forget gates, from the mean of each gate over steps and sequences."
    return Chart("time-constants", "How long each unit keeps its state", caption, figure, numbers)


def _gates_chart(name: str, layer: Pass, marks: tuple[int, int]) -> Chart:
    gates = SHOWN_GATES[name.lower()]
    figure = new_figure(WIDE, 1.8 * len(gates))
    panels = figure.subplots(len(gates), 1, sharex=True)
    numbers: dict[str, Any] = {"marks": list(marks)}
    for number, (axes, gate) in enumerate(zip(panels, gates, strict=True)):
        numbers[gate] = units = _mean_gate(layer, gate)
        colour = line_style(number)["color"]
        axes.plot(units, "-", color=colour, alpha=0.3, linewidth=0.7)
        axes.plot(units.mean(1), "-", color=colour, linewidth=2.2)
        for mark in marks:
            axes.axvline(mark, color=INK, alpha=0.6, linewidth=0.8, linestyle=":")
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel(GATE_LABELS[gate])
    panels[-1].set_xlabel("step")
    caption = "Means over sequences. Thin: single units; thick: mean over units; dotted: marked steps."
    return Chart(
        f"gates-{name.lower()}", f"Gates of the {name} in the adding problem", caption, figure, numbers
    )


def _mean_gate(layer: Pass, gate: str) -> NDArray[np.float64]:
    """Return the mean of a gate over the rows, (T, H)."""
    mean: NDArray[np.float64] = layer.gates[gate].mean(1).double().numpy()
    return mean


def _saturation_chart(name: str, gates: Sequence[Saturation]) -> Chart:
    chart = saturation_chart(gates)
    (axes,) = chart.figure.axes
    for marks in axes.collections:
        marks.set(sizes=[36.0])
    axes.legend(fontsize=9)
    title = f"Saturated gates of the {name} in the adding problem"
    return replace(chart, name=f"saturation-{name.lower()}", title=title)


LESSON = Lesson(
    "gates",
    "what gates do, and how to initialise them",
    "What gates do",
    "how long they keep a state, how to initialise them, and when they open",
    LessonConfig(),
    teach,
)
