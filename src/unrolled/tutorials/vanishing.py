"""Gradients that vanish: where they go, what that does to learning, and what brings them back."""

from collections.abc import Sequence

from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.pages.display import in_words
from unrolled.pages.parts import Table, Words
from unrolled.tutorials.charts import learning_chart, way_back_chart
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.looking import WayBack, way_back
from unrolled.tutorials.networks import USUAL, flags, mended
from unrolled.tutorials.practice import Trained, Trial, practise
from unrolled.tutorials.script import Script

EQUATION = """h_t = σ(a_t),  a_t = W x_t + U h_{t−1} + b

∂h_t/∂h_k = Π_{j=k+1…t} diag(σ′(a_j)) U,   so   ‖∂h_t/∂h_k‖ ≤ (‖U‖ · max σ′)^(t−k)"""


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and tell it."""
    n = config.distance
    script.section(
        "The question",
        f"The first of {n + 1} symbols is one of eight; the rest are distractors; at the end the network is "
        f"asked which came first. Whatever it learns about the first symbol comes by a gradient that goes "
        f"{n} steps back, and each step multiplies it by a Jacobian. (Hochreiter 1991; Bengio et al. 1994)",
    )
    script.show(Words("The chain rule through time", EQUATION))
    script.show(_textbook())
    script.section(
        "Five networks are trained",
        f"Each has {config.hidden} units, starts as usual and gets {config.updates} updates. Before the "
        f"first "
        "one its gradient is measured on its way back. Chance is 1 in 8.",
    )
    usual, before = _train(script, config, USUAL)
    script.show(way_back_chart("gradients-before", "Gradients before training", before))
    script.show(_measured("What is left of the gradient", usual, before))
    script.show(learning_chart("learning-usual", "Learning with the usual start", usual))
    script.show(_after(usual))
    script.find(_failures(n, usual, before))
    script.section(
        "The remedy",
        "A path on which a step multiplies by nearly 1: ReLU with U starting as the identity (Le et al. "
        "2015), "
        "and gates that start open for as long as the dependency is (chrono initialisation, Tallec & "
        "Ollivier "
        "2018). Everything else stays as it was.",
    )
    helped, start = _train(script, config, mended(n))
    script.show(way_back_chart("gradients-mended", "Gradients before training, mended", start))
    script.show(_measured("What is left of the gradient, mended", helped, start))
    script.show(learning_chart("learning-mended", "Learning, mended", helped))
    for run in helped:
        script.find(_mended(n, run, start[run.name], usual, before))


def _train(
    script: Script, config: LessonConfig, trials: Sequence[Trial]
) -> tuple[list[Trained], dict[str, WayBack]]:
    runs = []
    for trial in trials:
        runs.append(practise(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    return runs, {run.name: way_back(run.start) for run in runs}


def _textbook() -> Table:
    return Table(
        "The bound over ten steps",
        "Of a made-up network: a norm below 1 fades, above 1 it may grow.",
        ("‖U‖", "σ′", "a step", "ten steps"),
        [(0.7, 0.2, 0.14, 0.14**10), (2.0, 1.0, 2.0, 2.0**10)],
    )


def _measured(title: str, runs: Sequence[Trained], seen: dict[str, WayBack]) -> Table:
    rows = []
    for run in runs:
        way = seen[run.name]
        bound = "" if way.bound is None else f"{way.bound:.3g}"
        rows.append((run.name, bound, way.factor, way.left, way.reach_words, f"{run.accuracy:.0%}"))
    return Table(
        title,
        "Bound: ‖U‖ max σ′, of plain networks. Measured: ‖∂h_n/∂h_0‖^(1/n), the factor of one step. Left: "
        "the "
        "gradient at the first symbol as a share of that at the last. 1/1000: steps back at which less than "
        "that is left. Right: answers after training.",
        ("network", "bound", "measured", "left", "1/1000 at", "right"),
        rows,
    )


def _after(runs: Sequence[Trained]) -> Table:
    seen = [way_back(run.model) for run in runs]
    return Table(
        "The same networks after training",
        "Whether training itself has opened the way back.",
        ("network", "measured", "left", "1/1000 at"),
        [(run.name, way.factor, way.left, way.reach_words) for run, way in zip(runs, seen, strict=True)],
    )


def _failures(n: int, runs: Sequence[Trained], seen: dict[str, WayBack]) -> Verdict:
    failed = [run.name for run in runs if not run.learnt]
    learnt = [run.name for run in runs if run.learnt]
    faded = [run.name for run in runs if seen[run.name].reach is not None]
    worst = min(runs, key=lambda run: seen[run.name].left)
    says = (
        f"At the start the gradient of {_names(faded)} falls below 1/1000 on the way; furthest that of "
        f"{worst.name}, to {in_words(seen[worst.name].left)} of what it was."
        if faded
        else f"At the start no gradient falls below 1/1000 over {n} steps."
    )
    if learnt:
        says += f" Solved all the same by {_names(learnt)}: training can lengthen a memory that starts short."
    if not failed:
        return Verdict(f"All five learn over {n} steps", "notice", says + " Give a larger --distance.")
    title = f"Not learnt over {n} steps: {_names(failed)}"
    surprising = [name for name in failed if name not in faded]
    if surprising:
        says += f" That {_names(surprising)} failed is not explained by a vanishing gradient."
    remedies = tuple(Remedy(trial.name, flags(trial)) for trial in mended(n))
    return Verdict(title, "bad", says, remedies=remedies)


def _mended(
    n: int, run: Trained, way: WayBack, usual: Sequence[Trained], before: dict[str, WayBack]
) -> Verdict:
    name = run.name.partition(",")[0]
    old = next(u for u in usual if u.name == name)
    says = (
        f"{name} with its usual start: {in_words(before[name].left)} of the gradient left, "
        f"{old.accuracy:.0%} right. "
        f"With this start: {in_words(way.left)} left, {run.accuracy:.0%} right after {run.updates} updates."
    )
    how = (Remedy("this start", flags(run.trial)),)
    if run.learnt:
        return Verdict(f"Mended: {run.name} remembers over {n} steps", "good", says, remedies=how)
    return Verdict(f"Not mended in {run.updates} updates: {run.name}", "notice", says, remedies=how)


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


LESSON = Lesson(
    "vanishing",
    "gradients that fade on their way back, and what keeps them",
    "Gradients that vanish",
    "a symbol is to be recalled after many steps; five networks, and what mends them",
    LessonConfig(),
    teach,
)
