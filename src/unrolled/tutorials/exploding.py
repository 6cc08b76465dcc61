"""Lesson on exploding gradients: how training fails, and what clipping and initialisation can fix."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unrolled.diagnostics import lyapunov
from unrolled.diagnostics.findings.verdict import Level, Remedy, Verdict
from unrolled.diagnostics.lyapunov import Lyapunov
from unrolled.labels import label_update_axis
from unrolled.pages.display import format_number
from unrolled.pages.parts import Chart, Table, Words
from unrolled.pages.style import INK, WIDE, new_figure
from unrolled.synthetic.problems import Recall
from unrolled.tutorials.charts import gradient_chart, learning_chart, line_style
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.gradient_flow import measure_gradient_flow, record_pass
from unrolled.tutorials.script import Script
from unrolled.tutorials.trial import Trial, TrialResult, make_network, train_trial
from unrolled.wording import counted

EQUATION = """‖∂h_t/∂h_k‖ ≤ (‖U‖ · max σ′)^(t−k)

a bound of 2 · 1 = 2 per step allows a factor of 2^10 = 1,024 over ten steps

clipping:  g ← g · min(1, c / ‖g‖),  ‖g‖ over all weights"""
GROWTH = 1.02
"""Initial U of the ReLU networks, as a multiple of the identity."""
GAINS = (0.5, 0.7, 0.9, 1.0, 1.1, 1.3, 1.6, 2.0, 3.0)
LYAPUNOV_STEPS = 200
"""Length of the sequence on which Lyapunov exponents are measured."""
RELU = {"cell": "elman", "nonlinearity": "relu", "recurrent_init": "identity"}
TANH = {"cell": "elman", "nonlinearity": "tanh", "recurrent_init": "orthogonal", "lr": 0.001}
SGD, ADAM = {"optimizer": "sgd", "lr": 0.01}, {"optimizer": "adam", "lr": 0.0005}
UNCLIPPED, CLIPPED = {"clip_norm": 0.0}, {"clip_norm": 1.0}
EXPLODING = {
    "unclipped": (
        Trial("SGD, not clipped", RELU | SGD | UNCLIPPED, GROWTH),
        Trial("Adam, not clipped", RELU | ADAM | UNCLIPPED, GROWTH),
    ),
    "clipped": (
        Trial("SGD, clipped at 1", RELU | SGD | CLIPPED, GROWTH),
        Trial("Adam, clipped at 1", RELU | ADAM | CLIPPED, GROWTH),
    ),
}
CHAOTIC = Trial("U = 2 Q, clipped at 1", TANH | CLIPPED, 2.0)
CALM = Trial("U = Q, not clipped", TANH | UNCLIPPED)


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and present it through the script."""
    script.section(
        "The question",
        f"The network must recall the first of {config.distance + 1} symbols at the last step. What happens "
        "if each step back multiplies the gradient by slightly more than 1?",
    )
    script.show(Words("A bound that allows growth", EQUATION))
    unclipped = _show_failure(script, config)
    _show_clipping(script, config, unclipped)
    _show_initialisation(script, config)
    _show_exponents(script, config)


def _show_failure(script: Script, config: LessonConfig) -> list[TrialResult]:
    script.section(
        "Training without clipping",
        f"A ReLU network whose U starts as {GROWTH} times the identity, which allows a factor of {GROWTH} "
        "per step (the lesson scales U; no option does this). It is trained without clipping: with SGD "
        "(learning rate 0.01) and with Adam (learning rate 0.0005).",
    )
    runs = _train(script, config, EXPLODING["unclipped"])
    script.show(_updates_chart("norms-free", "Gradients and loss without clipping", runs))
    flow = measure_gradient_flow(runs[0].initial_model)
    growth = float(np.max(flow.norm) / flow.norm[0])
    for run in runs:
        says = (
            f"Before training the gradient grows on its way back to at most {format_number(growth)} times "
            f"its norm at the last step (the bound is {GROWTH}^{config.distance} = "
            f"{format_number(GROWTH**config.distance)}). {_describe_training(run)}"
        )
        level, title = _rate(run)
        remedies = (Remedy("scale the gradient down to a norm of 1 (Pascanu et al. 2013)", "--clip-norm 1"),)
        script.add_verdict(
            Verdict(f"{run.name}: {title}", level, says, remedies=() if run.is_learnt else remedies)
        )
    return runs


def _show_clipping(script: Script, config: LessonConfig, unclipped: Sequence[TrialResult]) -> None:
    script.section(
        "The remedy: clipping",
        "The same networks and sequences, but a gradient with a norm above 1 is scaled down to a norm of 1 "
        "(Pascanu et al. 2013). Its direction stays the same.",
    )
    runs = _train(script, config, EXPLODING["clipped"])
    script.show(_results_table("With and without clipping", [*unclipped, *runs]))
    script.show(_updates_chart("norms-clipped", "Gradients before clipping, and loss", runs))
    script.show(
        learning_chart("learning-clipped", "Held-out loss with and without clipping", [*unclipped, *runs])
    )
    for old, run in zip(unclipped, runs, strict=True):
        level, title = _rate(run)
        says = f"{_describe_training(run)} Without clipping: {_describe_result(old)}."
        script.add_verdict(
            Verdict(f"{run.name}: {title}", level, says, remedies=(Remedy("this option", "--clip-norm 1"),))
        )


def _show_initialisation(script: Script, config: LessonConfig) -> None:
    script.section(
        "What clipping does not fix",
        "A tanh network keeps its states within ±1, so its loss cannot explode. Two networks are compared: "
        "one starts with U = 2 Q, where Q is an orthogonal matrix, and is clipped; the other starts with U = "
        "Q and is not clipped.",
    )
    chaotic, calm = _train(script, config, (CHAOTIC, CALM))
    flows = {run.name.partition(",")[0]: measure_gradient_flow(run.initial_model) for run in (chaotic, calm)}
    script.show(gradient_chart("gradients-tanh", "Gradients before training, tanh", flows))
    script.show(learning_chart("learning-tanh", "Training of tanh networks", [chaotic, calm]))
    script.show(_results_table("Two initialisations of a tanh network", [chaotic, calm]))
    says = (
        f"U = 2 Q, clipped: {_describe_result(chaotic)}, largest norm {format_number(max(chaotic.norms))}. "
        f"U = Q, not clipped: {_describe_result(calm)}, largest norm {format_number(max(calm.norms))}."
    )
    remedies = (Remedy("orthogonal initialisation (Saxe et al. 2014)", "--recurrent-init orthogonal"),)
    if calm.loss < chaotic.loss and not chaotic.is_learnt:
        title = "Clipping limits the norm of a gradient but does not make it useful; initialisation does"
        script.add_verdict(Verdict(title, "good" if calm.is_learnt else "notice", says, remedies=remedies))
    else:
        script.add_verdict(Verdict("In this run U = Q has no clear advantage over U = 2 Q", "notice", says))


def _show_exponents(script: Script, config: LessonConfig) -> None:
    script.section(
        "Lyapunov exponents",
        "The largest Lyapunov exponent λ is the rate at which a small change of the state grows in the long "
        "run. It is measured before training, for several gains g of U = g Q (tanh, sigmoid) or g times the "
        "identity (ReLU). Below 0 changes fade and gradients vanish; above 0 changes grow and gradients "
        "explode.",
    )
    exponents = {
        name: [_measure_exponent(trial, gain, config) for gain in GAINS]
        for name, trial in (
            ("tanh, g Q", Trial("", TANH)),
            ("sigmoid, g Q", Trial("", TANH | {"nonlinearity": "sigmoid"})),
            ("ReLU, g identity", Trial("", RELU)),
        )
    }
    script.show(_exponents_chart(exponents))
    rows: list[tuple[str | float, ...]] = [
        (
            gain,
            *(f"{values[i].exponents[0]:+.3f} ± {values[i].error[0]:.3f}" for values in exponents.values()),
        )
        for i, gain in enumerate(GAINS)
    ]
    script.show(Table("Largest exponent, nats per step", "± standard error.", ("gain", *exponents), rows))
    says = " ".join(f"{name}: {_describe_growth(values)}." for name, values in exponents.items())
    script.add_verdict(Verdict("Where changes begin to grow", "notice", says))


def _describe_growth(exponents: Sequence[Lyapunov]) -> str:
    growing = [gain for gain, value in zip(GAINS, exponents, strict=True) if value.regime == "chaotic"]
    first, last = (float(value.exponents[0]) for value in (exponents[0], exponents[-1]))
    trend = f"changes grow from g = {growing[0]:g} on" if growing else "changes fade at all these gains"
    return f"{trend} (λ from {first:+.2f} at g = {GAINS[0]:g} to {last:+.2f} at g = {GAINS[-1]:g})"


def _measure_exponent(trial: Trial, gain: float, config: LessonConfig) -> Lyapunov:
    model = make_network(replace(trial, recurrent_gain=gain), config)
    batch = replace(model.problem, distance=LYAPUNOV_STEPS).draw(1, config.seed)
    assert isinstance(model.problem, Recall)
    (layer,) = record_pass(model, batch).passes
    return lyapunov(layer, count=1)


def _train(script: Script, config: LessonConfig, trials: Sequence[Trial]) -> list[TrialResult]:
    runs = []
    for trial in trials:
        runs.append(train_trial(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    return runs


def _rate(run: TrialResult) -> tuple[Level, str]:
    if run.failure:
        return "bad", f"not finite at update {run.updates + 1}"
    if run.is_learnt:
        return "good", f"learnt in {counted(run.updates, 'update')}"
    clipped = run.trial.options["clip_norm"] > 0
    return ("notice" if clipped else "bad"), "stays finite, but does not learn"


def _describe_training(run: TrialResult) -> str:
    norms, losses = np.array(run.norms), np.array(run.losses)
    if not len(norms):
        return f"The first update is not finite: {run.failure}."
    ranges = (
        f"The gradient norm is {format_number(norms[0])} at the first update, its median is "
        f"{format_number(float(np.median(norms)))} and its maximum {format_number(norms.max())} (update "
        f"{int(norms.argmax()) + 1}); the maximum loss is {format_number(losses.max())} (update "
        f"{int(losses.argmax()) + 1})."
    )
    return f"{ranges} {'Then' if run.failure else 'Result:'} {_describe_result(run)}."


def _describe_result(run: TrialResult) -> str:
    if run.failure:
        return f"update {run.updates + 1} is not finite, first in {run.failure}"
    chance = f"{run.model.problem.baseline:.3g}"
    return f"held-out loss {run.loss:.3g} (chance: {chance}), accuracy {run.accuracy:.0%}"


def _results_table(title: str, runs: Sequence[TrialResult]) -> Table:
    rows = [
        (
            run.name,
            max(run.norms, default=float("nan")),
            max(run.losses, default=float("nan")),
            run.updates,
            "not finite" if run.failure else f"{run.loss:.3g}",
            "" if run.failure else f"{run.accuracy:.0%}",
        )
        for run in runs
    ]
    header = ("training", "largest norm", "largest loss", "updates", "held-out loss", "accuracy")
    return Table(title, "Norms are those before clipping.", header, rows)


def _updates_chart(name: str, title: str, runs: Sequence[TrialResult]) -> Chart:
    figure = new_figure(WIDE, 4.6)
    above, below = figure.subplots(2, 1, sharex=True)
    for number, run in enumerate(runs):
        steps = np.arange(1, len(run.norms) + 1)
        colour = line_style(number)["color"]
        above.plot(steps, run.norms, "-", color=colour, linewidth=0.9, label=run.name)
        below.plot(steps[: len(run.losses)], run.losses, "-", color=colour, linewidth=0.9)
        if run.failure:
            for axes, values in ((above, run.norms), (below, run.losses)):
                axes.plot([len(values)], values[-1:], marker="x", markersize=9, color=colour)
            above.annotate(
                f"not finite at update {run.updates + 1}", (len(run.norms), run.norms[-1]),
                xytext=(8, 4), textcoords="offset points", fontsize=8,
            )  # fmt: skip
    above.axhline(1.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    for axes in (above, below):
        axes.set_yscale("log")
    above.set_ylabel("gradient norm")
    below.set_ylabel("training loss, nats")
    label_update_axis(below)
    above.legend(fontsize=8)
    caption = (
        "One value per update; the dotted line is a norm of 1. A cross marks the last update before a value "
        "is not finite."
    )
    return Chart(name, title, caption, figure, {r.name: {"norm": r.norms, "loss": r.losses} for r in runs})


def _exponents_chart(exponents: dict[str, list[Lyapunov]]) -> Chart:
    figure = new_figure(WIDE, 3.4)
    axes = figure.subplots()
    for number, (name, results) in enumerate(exponents.items()):
        values = [float(result.exponents[0]) for result in results]
        errors = [float(result.error[0]) for result in results]
        axes.errorbar(GAINS, values, errors, **line_style(number), marker="o", markersize=3.5, label=name)
    axes.axhline(0.0, color=INK, alpha=0.6, linewidth=0.8, linestyle=":")
    axes.annotate("chaotic", (1, 0.0), xycoords=("axes fraction", "data"), xytext=(0, 4),
                  textcoords="offset points", ha="right", va="bottom", fontsize=8)  # fmt: skip
    axes.annotate("contracting", (1, 0.0), xycoords=("axes fraction", "data"), xytext=(0, -4),
                  textcoords="offset points", ha="right", va="top", fontsize=8)  # fmt: skip
    axes.set_xlabel("gain g of U")
    axes.set_ylabel("largest exponent λ, nats per step")
    axes.legend(fontsize=8)
    numbers = {
        name: {
            "gain": list(GAINS),
            "exponent": [float(result.exponents[0]) for result in results],
            "regime": [result.regime for result in results],
        }
        for name, results in exponents.items()
    }
    caption = f"Measured along one sequence of {LYAPUNOV_STEPS} symbols; bars are standard errors."
    return Chart("lyapunov-gain", "Lyapunov exponents against the gain of U", caption, figure, numbers)


LESSON = Lesson(
    "exploding",
    "gradients that grow until training fails, and what prevents it",
    "Gradients that explode",
    "a gradient that grows slightly at each step, how it breaks training, and what prevents it",
    LessonConfig(updates=240),
    teach,
)
