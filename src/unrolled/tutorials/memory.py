"""How far back networks remember: where each kind breaks, beside how far its gradient reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.pages.parts import Chart, Table, Words
from unrolled.pages.style import INK, WIDE, new_figure
from unrolled.tutorials.charts import line, way_back_chart
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.looking import WayBack, way_back
from unrolled.tutorials.networks import USUAL, flags, mended
from unrolled.tutorials.practice import BATCH, Trained, Trial, make, practise
from unrolled.tutorials.script import Script

NEAREST, MOST = 4, 6
"""The shortest distance, in steps, and how many are tried at most."""
WORDS = """chance:  1/8 right, ln 8 = 2.08 nats

a network remembers over n steps here if at least 90% of its answers
about the first of n + 1 symbols are right"""
Reached = Mapping[int, Trained]
"""What came of a network at each distance."""


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and tell it."""
    distances = halvings(config.distance)
    script.section(
        "The question",
        f"How many steps back can each network remember a symbol, if all get the same: {config.hidden} "
        f"units, "
        f"{config.updates} updates of {BATCH} sequences? Distances: {', '.join(map(str, distances))}; at "
        f"each "
        "one a network is trained from its start.",
    )
    script.show(Words("What counts as remembered", WORDS))
    script.section(
        "Five networks", "As they usually start. Between symbol and question lie distractors of eight kinds."
    )
    usual = {trial.name: _over(script, config, trial, distances) for trial in USUAL}
    script.show(_accuracy_chart("memory-usual", "Right answers over the distance", usual))
    script.show(_table("Right answers", usual, distances))
    script.section(
        "How far their gradients reach",
        f"Before any training, over {config.distance} steps: what a symbol "
        "further back than the gradient reaches adds to an update is lost beside the rest.",
    )
    ways = {trial.name: way_back(make(trial, config)) for trial in USUAL}
    script.show(way_back_chart("memory-gradients", "Gradients before training", ways))
    script.show(_beside(usual, ways))
    for name, runs in usual.items():
        script.find(_broken(name, runs, ways[name], config))
    script.section(
        "The remedy",
        "The same budget with other starts: ReLU from the identity (Le et al. 2015), gates for the longest "
        "dependency (chrono, Tallec & Ollivier 2018), at each distance for this distance.",
    )
    helped = {}
    for number, trial in enumerate(mended(config.distance)):
        of_distance = {n: mended(n)[number] for n in distances}
        helped[trial.name] = _over(script, config, trial, distances, of_distance)
    kinds = [trial.name.partition(",")[0] for trial in mended(config.distance)]
    beside = {name: runs for name, runs in usual.items() if name in kinds} | helped
    script.show(_accuracy_chart("memory-mended", "Right answers over the distance, mended", beside))
    script.show(_table("Right answers, mended", helped, distances))
    for trial in mended(config.distance):
        script.find(_mended(trial, helped[trial.name], usual))


def halvings(longest: int) -> tuple[int, ...]:
    """Return distances that double up to the longest: at most six, none below four steps."""
    found = [longest]
    while len(found) < MOST and found[0] // 2 >= NEAREST:
        found.insert(0, found[0] // 2)
    return tuple(found)


def remembered(runs: Reached) -> int:
    """Return the longest distance up to which all are remembered; 0 for none."""
    longest = 0
    for distance, run in runs.items():
        if not run.learnt:
            break
        longest = distance
    return longest


def _over(
    script: Script,
    config: LessonConfig,
    trial: Trial,
    distances: Sequence[int],
    of_distance: Mapping[int, Trial] | None = None,
) -> dict[int, Trained]:
    runs = {}
    for n in distances:
        one = trial if of_distance is None else of_distance[n]
        named = replace(one, name=f"{trial.name} at {n}", options=dict(one.options) | {"distance": n})
        runs[n] = practise(named, config)
    said = ", ".join(f"{run.accuracy:.0%} at {n}" for n, run in runs.items())
    script.note(f"{trial.name}: {said}")
    return runs


def _accuracy_chart(name: str, title: str, found: Mapping[str, Reached]) -> Chart:
    figure = new_figure(WIDE, 3.6)
    axes = figure.subplots()
    for number, (label, runs) in enumerate(found.items()):
        distances = list(runs)
        # Lines that coincide at 100% or at chance are set apart by their marks.
        axes.plot(
            distances, [100 * run.accuracy for run in runs.values()], **line(number),
            marker="os^Dv<>P"[number % 8], markersize=5, alpha=0.85, label=label,
        )  # fmt: skip
    axes.axhline(100 / 8, color=INK, alpha=0.6, linewidth=0.8, linestyle=":", label="chance")
    axes.set_xscale("log", base=2)
    axes.set_xticks(distances, [str(d) for d in distances])
    axes.set_ylim(0, 104)
    axes.set_xlabel("distance in steps")
    axes.set_ylabel("right answers, %")
    axes.legend(fontsize=8, ncols=2)
    numbers = {
        label: {
            "distance": list(runs),
            "accuracy": [r.accuracy for r in runs.values()],
            "loss": [r.loss for r in runs.values()],
        }
        for label, runs in found.items()
    }
    caption = (
        "Of 200 held-out sequences, after an equal number of updates (fewer where the problem was "
        "solved before)."
    )
    return Chart(name, title, caption, figure, numbers)


def _table(title: str, found: Mapping[str, Reached], distances: Sequence[int]) -> Table:
    rows = [(name, *(f"{runs[n].accuracy:.0%}" for n in distances)) for name, runs in found.items()]
    return Table(title, "By the distance in steps; chance is 12.5%.", ("network", *map(str, distances)), rows)


def _beside(usual: Mapping[str, Reached], ways: Mapping[str, WayBack]) -> Table:
    rows = [
        (name, ways[name].factor, ways[name].reach_words, remembered(runs)) for name, runs in usual.items()
    ]
    return Table(
        "Gradient and memory",
        "Factor of one step back at the start, the distance at which less than 1/1000 of the gradient is "
        "left, "
        "and the longest distance remembered after training.",
        ("network", "a step", "1/1000 at", "remembers"),
        rows,
    )


def _broken(name: str, runs: Reached, way: WayBack, config: LessonConfig) -> Verdict:
    known, longest = remembered(runs), max(runs)
    reach = "reaches all the way" if way.reach is None else f"is below 1/1000 from {way.reach} steps on"
    if known == longest:
        return Verdict(
            f"{name}: remembers over all {longest} steps", "good", f"At the start its gradient {reach}."
        )
    first = next(n for n in runs if n > known)
    says = f"At {first} steps {runs[first].accuracy:.0%} are right. At the start its gradient {reach}"
    if known and way.reach is not None and known > way.reach:
        says += f"; it learnt {known} steps all the same, so training lengthened its reach."
    elif way.reach is None or first < way.reach:
        says += f"; what failed at {first} steps is not explained by it."
    else:
        says += ", no further than what it failed to learn."
    title = (
        f"{name}: remembers {known} steps, not {first}"
        if known
        else f"{name}: does not remember {first} steps"
    )
    remedies = tuple(Remedy(t.name, flags(t)) for t in mended(config.distance) if t.name.startswith(name))
    return Verdict(title, "bad", says, remedies=remedies)


def _mended(trial: Trial, runs: Reached, usual: Mapping[str, Reached]) -> Verdict:
    old = remembered(usual[trial.name.partition(",")[0]])
    new, longest = remembered(runs), max(runs)
    says = f"With its usual start {old} steps, with this one {new} of {longest} that were tried."
    title = f"{trial.name}: {old} → {new} steps"
    return Verdict(
        title, "good" if new > old else "notice", says, remedies=(Remedy("this start", flags(trial)),)
    )


LESSON = Lesson(
    "memory",
    "how far back five kinds of networks can remember",
    "How far memory reaches",
    "five networks under one budget, at growing distances, and three starts that reach further",
    LessonConfig(updates=300),
    teach,
)
