"""Lesson on memory: how far back networks remember, compared with how far their gradients reach."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.pages.parts import Chart, Table, Words
from unrolled.pages.style import INK, WIDE, new_figure
from unrolled.tutorials.charts import gradient_chart, line_style
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.gradient_flow import GradientFlow, measure_gradient_flow
from unrolled.tutorials.networks import DEFAULT_NETWORKS, format_flags, improved_networks
from unrolled.tutorials.script import Script
from unrolled.tutorials.trial import BATCH, Trial, TrialResult, make_network, train_trial
from unrolled.wording import counted

MIN_DISTANCE, MAX_DISTANCES = 4, 6
"""Shortest distance in steps, and maximum number of distances."""
CRITERION = """chance:  accuracy 1/8, loss ln 8 = 2.08 nats

a network remembers over n steps if it names the first of n + 1 symbols
with an accuracy of at least 90%"""
RunsByDistance = Mapping[int, TrialResult]
"""Results of one network, by distance."""


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and present it through the script."""
    distances = halvings(config.distance)
    script.section(
        "The question",
        f"How many steps back can each network remember a symbol, if all have {config.hidden} units and "
        f"{counted(config.updates, 'update')} of {BATCH} sequences? A new network is trained for each "
        f"distance: {', '.join(map(str, distances))}.",
    )
    script.show(Words("What counts as remembered", CRITERION))
    script.section(
        "Five networks",
        "Default initialisation. Between the symbol and the answer come random distractors, eight different "
        "symbols.",
    )
    default_runs = {
        trial.name: _train_at_distances(script, config, trial, distances) for trial in DEFAULT_NETWORKS
    }
    script.show(_accuracy_chart("memory-usual", "Accuracy against distance", default_runs))
    script.show(_accuracy_table("Accuracy", default_runs, distances))
    script.section(
        "How far their gradients reach",
        f"Measured before training, over {config.distance} steps. A symbol further back than the gradient "
        "reaches has almost no influence on an update.",
    )
    flows = {trial.name: measure_gradient_flow(make_network(trial, config)) for trial in DEFAULT_NETWORKS}
    script.show(gradient_chart("memory-gradients", "Gradients before training", flows))
    script.show(_reach_table(default_runs, flows))
    for name, runs in default_runs.items():
        script.add_verdict(_memory_verdict(name, runs, flows[name], config))
    script.section(
        "The remedy",
        "The same training budget with better initialisation: ReLU with U set to the identity (Le et al. "
        "2015), and gates initialised for the distance (chrono, Tallec & Ollivier 2018).",
    )
    improved_runs = {}
    for number, trial in enumerate(improved_networks(config.distance)):
        by_distance = {n: improved_networks(n)[number] for n in distances}
        improved_runs[trial.name] = _train_at_distances(script, config, trial, distances, by_distance)
    improved_names = [trial.name.partition(",")[0] for trial in improved_networks(config.distance)]
    compared = {name: runs for name, runs in default_runs.items() if name in improved_names} | improved_runs
    script.show(
        _accuracy_chart("memory-mended", "Accuracy against distance, better initialisation", compared)
    )
    script.show(_accuracy_table("Accuracy, better initialisation", improved_runs, distances))
    for trial in improved_networks(config.distance):
        script.add_verdict(_improvement_verdict(trial, improved_runs[trial.name], default_runs))


def halvings(longest: int) -> tuple[int, ...]:
    """Return up to six distances, each twice the one before, from four steps or more to the longest."""
    distances = [longest]
    while len(distances) < MAX_DISTANCES and distances[0] // 2 >= MIN_DISTANCE:
        distances.insert(0, distances[0] // 2)
    return tuple(distances)


def longest_remembered(runs: RunsByDistance) -> int:
    """Return the longest distance up to which the network learnt every distance; 0 for none."""
    longest = 0
    for distance, run in runs.items():
        if not run.is_learnt:
            break
        longest = distance
    return longest


def _train_at_distances(
    script: Script,
    config: LessonConfig,
    trial: Trial,
    distances: Sequence[int],
    by_distance: Mapping[int, Trial] | None = None,
) -> dict[int, TrialResult]:
    """Train a network at each distance; ``by_distance`` replaces the trial with one for each distance."""
    runs = {}
    for n in distances:
        base = trial if by_distance is None else by_distance[n]
        trial_at_n = replace(base, name=f"{trial.name} at {n}", options=dict(base.options) | {"distance": n})
        runs[n] = train_trial(trial_at_n, config)
    accuracies = ", ".join(f"{run.accuracy:.0%} at {n}" for n, run in runs.items())
    script.note(f"{trial.name}: {accuracies}")
    return runs


def _accuracy_chart(name: str, title: str, runs_by_name: Mapping[str, RunsByDistance]) -> Chart:
    figure = new_figure(WIDE, 3.6)
    axes = figure.subplots()
    for number, (label, runs) in enumerate(runs_by_name.items()):
        distances = list(runs)
        # Different markers distinguish lines that coincide at 100% or at chance.
        axes.plot(
            distances, [100 * run.accuracy for run in runs.values()], **line_style(number),
            marker="os^Dv<>P"[number % 8], markersize=5, alpha=0.85, label=label,
        )  # fmt: skip
    axes.axhline(100 / 8, color=INK, alpha=0.6, linewidth=0.8, linestyle=":", label="chance")
    axes.set_xscale("log", base=2)
    axes.set_xticks(distances, [str(d) for d in distances])
    axes.set_ylim(0, 104)
    axes.set_xlabel("distance in steps")
    axes.set_ylabel("accuracy, %")
    axes.legend(fontsize=8, ncols=2)
    numbers = {
        label: {
            "distance": list(runs),
            "accuracy": [r.accuracy for r in runs.values()],
            "loss": [r.loss for r in runs.values()],
        }
        for label, runs in runs_by_name.items()
    }
    caption = (
        "On 200 held-out sequences, after the same number of updates for all (fewer if the problem was "
        "solved earlier)."
    )
    return Chart(name, title, caption, figure, numbers)


def _accuracy_table(
    title: str, runs_by_name: Mapping[str, RunsByDistance], distances: Sequence[int]
) -> Table:
    rows = [(name, *(f"{runs[n].accuracy:.0%}" for n in distances)) for name, runs in runs_by_name.items()]
    return Table(title, "By distance in steps; chance is 12.5%.", ("network", *map(str, distances)), rows)


def _reach_table(runs_by_name: Mapping[str, RunsByDistance], flows: Mapping[str, GradientFlow]) -> Table:
    rows = [
        (name, flows[name].factor, flows[name].reach_text, longest_remembered(runs))
        for name, runs in runs_by_name.items()
    ]
    return Table(
        "Gradient and memory",
        "Factor per step before training, steps back from which less than 1/1000 of the gradient remains, "
        "and the longest distance remembered after training.",
        ("network", "factor", "1/1000 at", "remembers"),
        rows,
    )


def _memory_verdict(name: str, runs: RunsByDistance, flow: GradientFlow, config: LessonConfig) -> Verdict:
    learnt, longest = longest_remembered(runs), max(runs)
    reach = "reaches all steps" if flow.reach is None else f"is below 1/1000 from {flow.reach} steps back on"
    if learnt == longest:
        return Verdict(
            f"{name}: remembers over all {longest} steps", "good", f"Before training its gradient {reach}."
        )
    failed = next(n for n in runs if n > learnt)
    says = f"Accuracy at {failed} steps: {runs[failed].accuracy:.0%}. Before training its gradient {reach}"
    if learnt and flow.reach is not None and learnt > flow.reach:
        says += f"; it learnt {learnt} steps nevertheless, so training lengthened its reach."
    elif flow.reach is None or failed < flow.reach:
        says += f"; this does not explain the failure at {failed} steps."
    else:
        says += f", so it does not reach {failed} steps back."
    title = (
        f"{name}: remembers {learnt} steps, not {failed}"
        if learnt
        else f"{name}: does not remember {failed} steps"
    )
    remedies = tuple(
        Remedy(t.name, format_flags(t)) for t in improved_networks(config.distance) if t.name.startswith(name)
    )
    return Verdict(title, "bad", says, remedies=remedies)


def _improvement_verdict(
    trial: Trial, runs: RunsByDistance, default_runs: Mapping[str, RunsByDistance]
) -> Verdict:
    old = longest_remembered(default_runs[trial.name.partition(",")[0]])
    new, longest = longest_remembered(runs), max(runs)
    says = (
        f"Remembers {old} steps with default initialisation, {new} with this one; the longest distance tried "
        f"was {longest}."
    )
    title = f"{trial.name}: {old} → {new} steps"
    return Verdict(
        title,
        "good" if new > old else "notice",
        says,
        remedies=(Remedy("this initialisation", format_flags(trial)),),
    )


LESSON = Lesson(
    "memory",
    "how far back five kinds of networks can remember",
    "How far memory reaches",
    "five networks with the same budget at growing distances, and initialisations that reach further",
    LessonConfig(updates=300),
    teach,
)
