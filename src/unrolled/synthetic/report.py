"""The report of a training on a synthetic problem: a page with gradients and states through time."""

from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.config import to_dict
from unrolled.diagnostics import Diagnosis, diagnose
from unrolled.diagnostics.diagnosis import Stage
from unrolled.diagnostics.findings.values import fill_in_values
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.pages import Page, Section
from unrolled.pages.charts.training import loss_chart
from unrolled.pages.diagnosis import diagnosis_sections
from unrolled.pages.options import options_table
from unrolled.pages.page import page_bytes
from unrolled.synthetic.folder import REPORT
from unrolled.synthetic.job import HELD_OUT
from unrolled.synthetic.train import LearnResult, format_loss

ROWS = 16
"""Number of held-out sequences to diagnose."""


def diagnose_result(learned: LearnResult, stage: Stage | None = None) -> Diagnosis:
    """Diagnose the trained network on held-out sequences."""
    model = learned.model
    batch = model.problem.draw(ROWS, HELD_OUT, 0)
    answers = len(batch.target)
    times = range(len(batch.x) - answers, len(batch.x))
    return diagnose(model, lambda: model.losses(batch), times=list(times), stage=stage)


def make_page(learned: LearnResult, diagnosis: Diagnosis) -> Page:
    """Return the page: the result, the findings, the training curve and the configuration."""
    problem = learned.model.problem
    unit = "sequence" if problem.memory_steps == 1 else "step"
    chart = loss_chart(
        learned.history, unit, "squared error" if problem.loss_kind == "squared error" else "nats"
    )
    baseline = f"{format_loss(learned.baseline)} ({problem.baseline_name})"
    facts = {
        "problem": f"{learned.config.problem}, distance {problem.distance:,}",
        "loss": f"{format_loss(learned.loss)}, baseline {baseline}",
        "training": f"{learned.updates:,} updates, {learned.seconds:,.0f} s",
    }
    return Page(
        f"{learned.config.problem.capitalize()} at distance {problem.distance:,}",
        "gradients and states through time",
        facts,
        (
            _outcome_verdict(learned),
            *(fill_in_values(v, lr=learned.config.optimizer.lr) for v in diagnosis.verdicts),
        ),
        (
            Section("Training", "Training and held-out loss.", (chart,)),
            *diagnosis_sections(diagnosis),
            Section("Configuration", "", (options_table(to_dict(learned.config)),)),
        ),
    )


def write_report(learned: LearnResult, folder: Path, stage: Stage | None = None) -> tuple[Path, Page]:
    """Write the page into the output folder; return its path and the page.

    Raises:
        RunError: if the file cannot be written.
    """
    page = make_page(learned, diagnose_result(learned, stage))
    write_atomically(folder / REPORT, page_bytes(page))
    return folder / REPORT, page


def _outcome_verdict(learned: LearnResult) -> Verdict:
    solved, better = learned.solved, learned.loss < 0.9 * learned.baseline
    title = "Solved" if solved else "Partly learnt" if better else "Not learnt: no better than without memory"
    return Verdict(
        title,
        "good" if solved else "notice" if better else "bad",
        f"{learned}.",
        "",
        learned.loss,
        "held-out loss",
    )
