"""Lesson on vanishing gradients: how they vanish, what that does to learning, and what prevents it."""

from collections.abc import Sequence

from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.pages.display import format_number
from unrolled.pages.parts import Table, Words
from unrolled.tutorials.charts import gradient_chart, learning_chart
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.gradient_flow import GradientFlow, measure_gradient_flow
from unrolled.tutorials.networks import DEFAULT_NETWORKS, format_flags, improved_networks
from unrolled.tutorials.script import Script
from unrolled.tutorials.trial import Trial, TrialResult, train_trial
from unrolled.wording import counted

EQUATION = """h_t = σ(a_t),  a_t = W x_t + U h_{t−1} + b

∂h_t/∂h_k = Π_{j=k+1…t} diag(σ′(a_j)) U,   so   ‖∂h_t/∂h_k‖ ≤ (‖U‖ · max σ′)^(t−k)"""


def teach(script: Script, config: LessonConfig) -> None:
    """Run the experiment and present it through the script."""
    n = config.distance
    script.section(
        "The question",
        f"The first of {n + 1} symbols is one of eight; the others are distractors. At the last step the "
        "network must name the first symbol. All it learns about that symbol comes from a gradient that goes "
        f"{n} steps back, and each step multiplies the gradient by a Jacobian (Hochreiter 1991; Bengio et "
        "al. 1994).",
    )
    script.show(Words("The chain rule through time", EQUATION))
    script.show(_bound_table())
    script.section(
        "Train five networks",
        f"Each network has {config.hidden} units, default initialisation and at most "
        f"{counted(config.updates, 'update')}. Its gradient is measured before the first update. Chance is 1 "
        "in 8.",
    )
    default_runs, default_flows = _train(script, config, DEFAULT_NETWORKS)
    script.show(gradient_chart("gradients-before", "Gradients before training", default_flows))
    script.show(_gradient_table("Gradients before training, accuracy after it", default_runs, default_flows))
    script.show(learning_chart("learning-usual", "Training with default initialisation", default_runs))
    script.show(_after_training_table(default_runs))
    script.add_verdict(_failure_verdict(n, default_runs, default_flows))
    script.section(
        "The remedy",
        "Initialise the networks so that each step multiplies the gradient by nearly 1: ReLU with U set to "
        "the identity (Le et al. 2015), and gates that keep the state for as long as the dependency lasts "
        "(chrono initialisation, Tallec & Ollivier 2018). Everything else stays the same.",
    )
    improved_runs, improved_flows = _train(script, config, improved_networks(n))
    script.show(
        gradient_chart("gradients-mended", "Gradients before training, better initialisation", improved_flows)
    )
    script.show(_gradient_table("With better initialisation", improved_runs, improved_flows))
    script.show(learning_chart("learning-mended", "Training with better initialisation", improved_runs))
    for run in improved_runs:
        script.add_verdict(
            _improvement_verdict(n, run, improved_flows[run.name], default_runs, default_flows)
        )


def _train(
    script: Script, config: LessonConfig, trials: Sequence[Trial]
) -> tuple[list[TrialResult], dict[str, GradientFlow]]:
    runs = []
    for trial in trials:
        runs.append(train_trial(trial, config))
        script.note(f"{trial.name}: {runs[-1].outcome}")
    return runs, {run.name: measure_gradient_flow(run.initial_model) for run in runs}


def _bound_table() -> Table:
    return Table(
        "The bound over ten steps",
        "Two examples: the gradient vanishes if the factor per step is below 1, and may grow above 1.",
        ("‖U‖", "σ′", "per step", "ten steps"),
        [(0.7, 0.2, 0.14, 0.14**10), (2.0, 1.0, 2.0, 2.0**10)],
    )


def _gradient_table(title: str, runs: Sequence[TrialResult], flows: dict[str, GradientFlow]) -> Table:
    rows = []
    for run in runs:
        flow = flows[run.name]
        bound = "" if flow.bound is None else f"{flow.bound:.3g}"
        rows.append((run.name, bound, flow.factor, flow.remaining, flow.reach_text, f"{run.accuracy:.0%}"))
    return Table(
        title,
        "Bound: ‖U‖ max σ′, for Elman networks. Factor: ‖∂h_n/∂h_0‖^(1/n), the measured factor per step. "
        "Remaining: norm of the gradient at the first symbol, divided by the norm at the last. 1/1000 at: "
        "steps back from which this ratio stays below 1/1000. Accuracy: after training.",
        ("network", "bound", "factor", "remaining", "1/1000 at", "accuracy"),
        rows,
    )


def _after_training_table(runs: Sequence[TrialResult]) -> Table:
    flows = [measure_gradient_flow(run.model) for run in runs]
    return Table(
        "The same networks after training",
        "Training itself can lengthen the reach of the gradient.",
        ("network", "factor", "remaining", "1/1000 at"),
        [
            (run.name, flow.factor, flow.remaining, flow.reach_text)
            for run, flow in zip(runs, flows, strict=True)
        ],
    )


def _failure_verdict(n: int, runs: Sequence[TrialResult], flows: dict[str, GradientFlow]) -> Verdict:
    failed = [run.name for run in runs if not run.is_learnt]
    learnt = [run.name for run in runs if run.is_learnt]
    vanishing = [run.name for run in runs if flows[run.name].reach is not None]
    worst = min(runs, key=lambda run: flows[run.name].remaining)
    says = (
        f"Before training the gradient of {_join_names(vanishing)} falls below 1/1000 of its norm at the "
        f"last step. The smallest is that of {worst.name}: "
        f"{format_number(flows[worst.name].remaining)} remains."
        if vanishing
        else f"Before training no gradient falls below 1/1000 over {n} steps."
    )
    if learnt:
        says += f" Nevertheless learnt by {_join_names(learnt)}: training can lengthen a short memory."
    if not failed:
        return Verdict(f"All five learn over {n} steps", "notice", says + " Try a larger --distance.")
    title = f"Not learnt over {n} steps: {_join_names(failed)}"
    unexplained = [name for name in failed if name not in vanishing]
    if unexplained:
        says += f" The failure of {_join_names(unexplained)} is not explained by a vanishing gradient."
    remedies = tuple(Remedy(trial.name, format_flags(trial)) for trial in improved_networks(n))
    return Verdict(title, "bad", says, remedies=remedies)


def _improvement_verdict(
    n: int,
    run: TrialResult,
    flow: GradientFlow,
    default_runs: Sequence[TrialResult],
    default_flows: dict[str, GradientFlow],
) -> Verdict:
    name = run.name.partition(",")[0]
    default_run = next(other for other in default_runs if other.name == name)
    updates = counted(run.updates, "update")
    says = (
        f"{name} with default initialisation: {format_number(default_flows[name].remaining)} of the gradient "
        f"remains, accuracy {default_run.accuracy:.0%}. With this initialisation: "
        f"{format_number(flow.remaining)} remains, accuracy {run.accuracy:.0%} after {updates}."
    )
    remedies = (Remedy("this initialisation", format_flags(run.trial)),)
    if run.is_learnt:
        return Verdict(f"Fixed: {run.name} remembers over {n} steps", "good", says, remedies=remedies)
    return Verdict(f"Not fixed in {updates}: {run.name}", "notice", says, remedies=remedies)


def _join_names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


LESSON = Lesson(
    "vanishing",
    "gradients that vanish on their way back, and what preserves them",
    "Gradients that vanish",
    "five networks must recall a symbol after many steps, and initialisations that help",
    LessonConfig(),
    teach,
)
