"""Gradients that explode: how training breaks, what clipping mends, and what only another start mends."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unrolled.diagnostics import lyapunov
from unrolled.diagnostics.findings.verdict import Level, Remedy, Verdict
from unrolled.diagnostics.lyapunov import Lyapunov
from unrolled.labels import label_updates
from unrolled.pages.display import in_words
from unrolled.pages.parts import Chart, Table, Words
from unrolled.pages.style import INK, WIDE, new_figure
from unrolled.synthetic.problems import Recall
from unrolled.tutorials.charts import learning_chart, line, way_back_chart
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.looking import recorded, way_back
from unrolled.tutorials.practice import Trained, Trial, make, practise
from unrolled.tutorials.script import Script

EQUATION = """‖∂h_t/∂h_k‖ ≤ (‖U‖ · max σ′)^(t−k)

a bound of 2 · 1 = 2 a step allows a factor of 2^10 = 1,024 over ten steps

clipping:  g ← g · min(1, c / ‖g‖),  ‖g‖ over all weights"""
GROWTH = 1.02
GAINS = (0.5, 0.7, 0.9, 1.0, 1.1, 1.3, 1.6, 2.0, 3.0)
LONG = 200
"""Steps along which Lyapunov exponents are measured."""
RELU = {"cell": "elman", "nonlinearity": "relu", "recurrent_init": "identity"}
TANH = {"cell": "elman", "nonlinearity": "tanh", "recurrent_init": "orthogonal", "lr": 0.001}
SGD, ADAM = {"optimizer": "sgd", "lr": 0.01}, {"optimizer": "adam", "lr": 0.0005}
FREE, CLIPPED = {"clip_norm": 0.0}, {"clip_norm": 1.0}
SHARP = {
    "free": (
        Trial("SGD, not clipped", RELU | SGD | FREE, GROWTH),
        Trial("Adam, not clipped", RELU | ADAM | FREE, GROWTH),
    ),
    "clipped": (
        Trial("SGD, clipped at 1", RELU | SGD | CLIPPED, GROWTH),
        Trial("Adam, clipped at 1", RELU | ADAM | CLIPPED, GROWTH),
    ),
}
CHAOTIC = Trial("U = 2 Q, clipped at 1", TANH | CLIPPED, 2.0)
CALM = Trial("U = Q, not clipped", TANH | FREE)


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and tell it."""
    script.section(
        "The question",
        f"The first of {config.distance + 1} symbols is to be recalled at the end. What if each step on the "
        "way back multiplies the gradient by a little more than 1?",
    )
    script.show(Words("A bound that allows growth", EQUATION))
    free = _break(script, config)
    _clip(script, config, free)
    _start(script, config)
    _exponents(script, config)


def _break(script: Script, config: LessonConfig) -> list[Trained]:
    script.section(
        "Training breaks",
        f"A ReLU network whose U starts at {GROWTH} times the identity, which allows a factor of {GROWTH} a "
        "step (the lesson multiplies U; there is no option for it). It is trained without clipping: by plain "
        "SGD (rate 0.01) and by Adam (rate 0.0005).",
    )
    runs = _practise(script, config, SHARP["free"])
    script.show(_updates_chart("norms-free", "Gradients and loss without clipping", runs))
    way = way_back(runs[0].start)
    grown = float(np.max(way.norm) / way.norm[0])
    for run in runs:
        says = (
            f"At the start the gradient grows on its way back to at most {in_words(grown)} times what it "
            f"is at "
            f"its own step (the bound is {GROWTH}^{config.distance} = "
            f"{in_words(GROWTH**config.distance)}). {_course(run)}"
        )
        level, title = _judged(run)
        flag = (Remedy("scale the gradient down to a norm of 1 (Pascanu et al. 2013)", "--clip-norm 1"),)
        script.find(Verdict(f"{run.name}: {title}", level, says, remedies=() if run.learnt else flag))
    return runs


def _clip(script: Script, config: LessonConfig, free: Sequence[Trained]) -> None:
    script.section(
        "The remedy: clipping",
        "The same networks, the same sequences; but a gradient longer than 1 is scaled down to 1 "
        "(Pascanu et al. 2013). Its direction stays.",
    )
    runs = _practise(script, config, SHARP["clipped"])
    script.show(_table("With and without clipping", [*free, *runs]))
    script.show(_updates_chart("norms-clipped", "Gradients before they are clipped, and loss", runs))
    script.show(learning_chart("learning-clipped", "Held-out loss with and without clipping", [*free, *runs]))
    for old, run in zip(free, runs, strict=True):
        level, title = _judged(run)
        says = f"{_course(run)} Without clipping: {_came(old)}."
        script.find(
            Verdict(f"{run.name}: {title}", level, says, remedies=(Remedy("this option", "--clip-norm 1"),))
        )


def _start(script: Script, config: LessonConfig) -> None:
    script.section(
        "What clipping does not mend",
        "A tanh network keeps its states within ±1, so that no loss explodes. U is an orthogonal matrix Q "
        "times "
        "2, and then Q itself: the first with clipping, the second without.",
    )
    chaotic, calm = _practise(script, config, (CHAOTIC, CALM))
    seen = {run.name.partition(",")[0]: way_back(run.start) for run in (chaotic, calm)}
    script.show(way_back_chart("gradients-tanh", "Gradients before training, tanh", seen))
    script.show(learning_chart("learning-tanh", "Learning of tanh networks", [chaotic, calm]))
    script.show(_table("Two starts of a tanh network", [chaotic, calm]))
    says = (
        f"U = 2 Q, clipped: {_came(chaotic)}, largest norm {in_words(max(chaotic.norms))}. "
        f"U = Q, not clipped: {_came(calm)}, largest norm {in_words(max(calm.norms))}."
    )
    remedy = (Remedy("an orthogonal start (Saxe et al. 2014)", "--recurrent-init orthogonal"),)
    if calm.loss < chaotic.loss and not chaotic.learnt:
        title = "Clipping shortens a gradient but does not make it useful; the start does"
        script.find(Verdict(title, "good" if calm.learnt else "notice", says, remedies=remedy))
    else:
        script.find(Verdict("In this run the start made no such difference", "notice", says))


def _exponents(script: Script, config: LessonConfig) -> None:
    script.section(
        "Contracting, at the edge, chaotic",
        "What becomes of a small change of the state in the long run, against the gain g of U = g Q (tanh, "
        "sigmoid) or g times the identity (ReLU), before training: the largest Lyapunov exponent λ. Below 0 "
        "changes fade and gradients vanish, above 0 they grow and gradients explode.",
    )
    found = {
        name: [_exponent(trial, gain, config) for gain in GAINS]
        for name, trial in (
            ("tanh, g Q", Trial("", TANH)),
            ("sigmoid, g Q", Trial("", TANH | {"nonlinearity": "sigmoid"})),
            ("ReLU, g identity", Trial("", RELU)),
        )
    }
    script.show(_exponents_chart(found))
    rows: list[tuple[str | float, ...]] = [
        (gain, *(f"{ones[at].exponents[0]:+.3f} ± {ones[at].error[0]:.3f}" for ones in found.values()))
        for at, gain in enumerate(GAINS)
    ]
    script.show(Table("Largest exponent, nats a step", "± its standard error.", ("gain", *found), rows))
    says = " ".join(f"{name}: {_edge(ones)}." for name, ones in found.items())
    script.find(Verdict("Where changes begin to grow", "notice", says))


def _edge(exponents: Sequence[Lyapunov]) -> str:
    grows = [g for g, one in zip(GAINS, exponents, strict=True) if one.regime == "chaotic"]
    first, last = (float(one.exponents[0]) for one in (exponents[0], exponents[-1]))
    said = f"they grow from g = {grows[0]:g} on" if grows else "they fade at all of these gains"
    return f"{said} (λ from {first:+.2f} at g = {GAINS[0]:g} to {last:+.2f} at g = {GAINS[-1]:g})"


def _exponent(trial: Trial, gain: float, config: LessonConfig) -> Lyapunov:
    model = make(replace(trial, gain=gain), config)
    batch = replace(model.problem, distance=LONG).draw(1, config.seed)
    assert isinstance(model.problem, Recall)
    (layer,) = recorded(model, batch).passes
    return lyapunov(layer, count=1)


def _practise(script: Script, config: LessonConfig, trials: Sequence[Trial]) -> list[Trained]:
    runs = []
    for trial in trials:
        runs.append(practise(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    return runs


def _judged(run: Trained) -> tuple[Level, str]:
    if run.broke:
        return "bad", f"broke at update {run.updates + 1}"
    if run.learnt:
        return "good", f"learnt in {run.updates} updates"
    clipped = run.trial.options["clip_norm"] > 0
    return ("notice" if clipped else "bad"), "stays finite, but does not learn"


def _course(run: Trained) -> str:
    norms, losses = np.array(run.norms), np.array(run.losses)
    if not len(norms):
        return f"The very first update is not finite: {run.broke}."
    said = (
        f"The norm of the gradient is {in_words(norms[0])} at the first update, "
        f"{in_words(float(np.median(norms)))} "
        f"in the median and at most {in_words(norms.max())} (update {int(norms.argmax()) + 1}); the loss is "
        f"at most {in_words(losses.max())} (update {int(losses.argmax()) + 1})."
    )
    return f"{said} Then {_came(run)}." if run.broke else f"{said} In the end: {_came(run)}."


def _came(run: Trained) -> str:
    if run.broke:
        return f"update {run.updates + 1} is not finite, first in {run.broke}"
    return (
        f"held-out loss {run.loss:.3g} beside {run.model.problem.baseline:.3g} of chance, "
        f"{run.accuracy:.0%} right"
    )


def _table(title: str, runs: Sequence[Trained]) -> Table:
    rows = [
        (
            run.name,
            max(run.norms, default=float("nan")),
            max(run.losses, default=float("nan")),
            run.updates,
            "broke" if run.broke else f"{run.loss:.3g}",
            "" if run.broke else f"{run.accuracy:.0%}",
        )
        for run in runs
    ]
    header = ("training", "largest norm", "largest loss", "updates", "held-out", "right")
    return Table(title, "The norm is that before clipping.", header, rows)


def _updates_chart(name: str, title: str, runs: Sequence[Trained]) -> Chart:
    figure = new_figure(WIDE, 4.6)
    above, below = figure.subplots(2, 1, sharex=True)
    for number, run in enumerate(runs):
        steps = np.arange(1, len(run.norms) + 1)
        colour = line(number)["color"]
        above.plot(steps, run.norms, "-", color=colour, linewidth=0.9, label=run.name)
        below.plot(steps[: len(run.losses)], run.losses, "-", color=colour, linewidth=0.9)
        if run.broke:
            for axes, values in ((above, run.norms), (below, run.losses)):
                axes.plot([len(values)], values[-1:], marker="x", markersize=9, color=colour)
            above.annotate(
                f"not finite at update {run.updates + 1}", (len(run.norms), run.norms[-1]),
                xytext=(8, 4), textcoords="offset points", fontsize=8,
            )  # fmt: skip
    above.axhline(1.0, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
    for axes in (above, below):
        axes.set_yscale("log")
    above.set_ylabel("norm of the gradient")
    below.set_ylabel("training loss, nats")
    label_updates(below)
    above.legend(fontsize=8)
    caption = (
        "At every update; the dotted line is a norm of 1. A cross is the last update before a "
        "number is not finite."
    )
    return Chart(name, title, caption, figure, {r.name: {"norm": r.norms, "loss": r.losses} for r in runs})


def _exponents_chart(found: dict[str, list[Lyapunov]]) -> Chart:
    figure = new_figure(WIDE, 3.4)
    axes = figure.subplots()
    for number, (name, exponents) in enumerate(found.items()):
        values = [float(one.exponents[0]) for one in exponents]
        errors = [float(one.error[0]) for one in exponents]
        axes.errorbar(GAINS, values, errors, **line(number), marker="o", markersize=3.5, label=name)
    axes.axhline(0.0, color=INK, alpha=0.6, linewidth=0.8, linestyle=":")
    axes.annotate("chaotic", (1, 0.0), xycoords=("axes fraction", "data"), xytext=(0, 4),
                  textcoords="offset points", ha="right", va="bottom", fontsize=8)  # fmt: skip
    axes.annotate("contracting", (1, 0.0), xycoords=("axes fraction", "data"), xytext=(0, -4),
                  textcoords="offset points", ha="right", va="top", fontsize=8)  # fmt: skip
    axes.set_xlabel("gain g of U")
    axes.set_ylabel("largest exponent λ, nats a step")
    axes.legend(fontsize=8)
    numbers = {
        name: {
            "gain": list(GAINS),
            "exponent": [float(o.exponents[0]) for o in ones],
            "regime": [o.regime for o in ones],
        }
        for name, ones in found.items()
    }
    caption = f"Along one sequence of {LONG} symbols; bars are standard errors."
    return Chart("lyapunov-gain", "Lyapunov exponents against the gain of U", caption, figure, numbers)


LESSON = Lesson(
    "exploding",
    "gradients that grow until training breaks, and what tames them",
    "Gradients that explode",
    "a gradient that grows by a little at each step, how it breaks training, and what tames it",
    LessonConfig(updates=240),
    teach,
)
