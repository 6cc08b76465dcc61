"""What a training on a problem looks like from inside, as a page with a verdict."""

from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.config import to_dict
from unrolled.diagnostics import Diagnosis, diagnose
from unrolled.diagnostics.diagnosis import Stage
from unrolled.diagnostics.findings.values import with_values
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.pages import Page, Section
from unrolled.pages.charts.training import loss_chart
from unrolled.pages.diagnosis import diagnosis_sections
from unrolled.pages.options import options_table
from unrolled.pages.page import page_bytes
from unrolled.synthetic.folder import REPORT
from unrolled.synthetic.job import HELD_OUT
from unrolled.synthetic.train import Learned, figure

ROWS = 16
"""Held-out sequences that are looked at."""


def look_inside(learned: Learned, stage: Stage | None = None) -> Diagnosis:
    """Look at the trained network on held-out sequences."""
    model = learned.model
    batch = model.problem.draw(ROWS, HELD_OUT, 0)
    answers = len(batch.target)
    times = range(len(batch.x) - answers, len(batch.x))
    return diagnose(model, lambda: model.losses(batch), times=list(times), stage=stage)


def learned_page(learned: Learned, found: Diagnosis) -> Page:
    """Return the page: what was reached, what was found, how it was trained."""
    problem = learned.model.problem
    unit = "sequence" if problem.recalled == 1 else "step"
    chart = loss_chart(
        learned.history, unit, "squared error" if problem.measure == "squared error" else "nats"
    )
    facts = {
        "problem": f"{learned.config.problem}, distance {problem.distance:,}",
        "loss": f"{figure(learned.loss)} beside {figure(learned.baseline)} of {problem.baseline_words}",
        "training": f"{learned.updates:,} updates, {learned.seconds:,.0f} s",
    }
    return Page(
        f"{learned.config.problem.capitalize()} at distance {problem.distance:,}",
        "gradients and states through time",
        facts,
        (_outcome(learned), *(with_values(v, lr=learned.config.optimizer.lr) for v in found.verdicts)),
        (
            Section("Training", "How the loss fell.", (chart,)),
            *diagnosis_sections(found),
            Section("Configuration", "", (options_table(to_dict(learned.config)),)),
        ),
    )


def write_report(learned: Learned, folder: Path, stage: Stage | None = None) -> tuple[Path, Page]:
    """Write the page into the folder of the training; return its path and what it says.

    Raises:
        RunError: if it cannot be written.
    """
    page = learned_page(learned, look_inside(learned, stage))
    write_atomically(folder / REPORT, page_bytes(page))
    return folder / REPORT, page


def _outcome(learned: Learned) -> Verdict:
    solved, better = learned.solved, learned.loss < 0.9 * learned.baseline
    title = (
        "Solved" if solved else "Learnt in part" if better else "Not learnt: no better than without memory"
    )
    return Verdict(
        title,
        "good" if solved else "notice" if better else "bad",
        f"{learned}.",
        "",
        learned.loss,
        "held-out loss",
    )
