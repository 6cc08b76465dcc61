"""Lessons: their text agrees with their measurements, and their output files are complete."""

import dataclasses
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from unrolled.errors import ConfigError, RunError
from unrolled.synthetic.problems import Adding
from unrolled.tutorials import exploding, folder, gates, memory, vanishing
from unrolled.tutorials.config import Lesson, LessonConfig
from unrolled.tutorials.folder import FIGURES, NUMBERS, PAGE
from unrolled.tutorials.gradient_flow import GradientFlow, measure_gradient_flow
from unrolled.tutorials.networks import DEFAULT_NETWORKS, forget_bias, improved_networks
from unrolled.tutorials.run import run_lesson
from unrolled.tutorials.script import Script
from unrolled.tutorials.trial import TrialResult, make_network, train_trial

LESSONS = [vanishing.LESSON, exploding.LESSON, memory.LESSON, gates.LESSON]
TINY = LessonConfig(distance=10, hidden=4, updates=2, threads=1)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.figures: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "figure" and str(named.get("id")).startswith("figure-"):
            self.figures.append(str(named["id"]).removeprefix("figure-"))


def teach(lesson: Lesson, out: Path, config: LessonConfig = TINY, **options: bool) -> str:
    output = io.StringIO()
    run_lesson(lesson, config, out, console=Console(file=output, width=100), **options)
    return output.getvalue()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.word)
def test_printed_and_written_lessons_agree(lesson: Lesson, tmp_path: Path) -> None:
    state = torch.get_rng_state()
    output = teach(lesson, tmp_path / "out")
    assert torch.equal(torch.get_rng_state(), state)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {PAGE, NUMBERS, FIGURES}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    page, numbers = _Page(), json.loads((tmp_path / "out" / NUMBERS).read_text())
    page.feed((tmp_path / "out" / PAGE).read_text())
    charts = [p["name"] for s in numbers["sections"] for p in s["parts"] if p["kind"] == "chart"]
    assert page.figures == charts
    assert {p.stem for p in (tmp_path / "out" / FIGURES).iterdir()} == set(charts)
    flat = " ".join(output.split())
    assert all(s["title"] in flat and " ".join(s["lead"].split()) in flat for s in numbers["sections"])
    assert all(v["title"] in flat and v["says"] in flat for v in numbers["verdicts"])
    assert not re.search(r"\x1b|\bnan\b", output)  # no colours without a terminal, no missing numbers
    assert any(r["flag"] for v in numbers["verdicts"] for r in v["remedies"])


def test_gradient_bounds_of_the_two_examples() -> None:
    small, large = vanishing._bound_table().rows
    assert small[:2] == (0.7, 0.2)
    assert small[3] == pytest.approx((0.7 * 0.2) ** 10) == pytest.approx(2.89e-9, rel=1e-3)
    assert large[3] == 1024.0


def test_gradient_flow_agrees_with_autograd_and_its_bound() -> None:
    model = make_network(DEFAULT_NETWORKS[1], dataclasses.replace(TINY, hidden=6))
    flow = measure_gradient_flow(model)
    assert len(flow.norm) == 11
    u = model.get_parameter("recurrent.weight_hh_l0").detach().double()
    assert flow.bound == pytest.approx(float(torch.linalg.matrix_norm(u, 2)))
    assert 0 < flow.factor <= flow.bound
    assert 0 < flow.remaining < 1
    relu = make_network(improved_networks(10)[0], TINY)
    assert measure_gradient_flow(relu).bound == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("norm", "remaining", "reach"),
    [([1, 0.5, 0.25], 0.25, None), ([2, 1e-3, 1e-4], 5e-5, 1), ([1, 0, 0.5], 0.5, None)],
)
def test_reach_is_the_distance_where_the_gradient_falls_below_a_thousandth(
    norm: list, remaining: float, reach: int | None
) -> None:
    flow = GradientFlow(np.arange(3), np.array(norm, float), 0.5, None)
    assert flow.remaining == pytest.approx(remaining)
    assert flow.reach == reach
    assert flow.reach_text == ("over 2" if reach is None else str(reach))


def test_a_trial_starts_with_its_gain_and_records_every_norm() -> None:
    trial = exploding.EXPLODING["clipped"][1]
    run = train_trial(trial, TINY)
    u = run.initial_model.get_parameter("recurrent.weight_hh_l0")
    torch.testing.assert_close(u.detach(), 1.02 * torch.eye(4))
    assert len(run.norms) == len(run.losses) == run.updates == 2
    assert [step for step, _ in run.validations] == [1, 2]
    assert run.loss == min(loss for _, loss in run.validations)
    rebuilt, initial = make_network(trial, TINY).state_dict(), run.initial_model.state_dict()
    assert all(torch.equal(rebuilt[name], initial[name]) for name in rebuilt)


def test_a_failed_training_reports_the_step() -> None:
    run = train_trial(exploding.EXPLODING["unclipped"][0], LessonConfig(updates=3, threads=1))
    assert run.failure
    assert not run.is_learnt
    assert len(run.norms) == run.updates < 3
    assert math.isinf(run.loss)
    assert f"NaN or infinity at update {run.updates + 1}, first in" in run.outcome
    level, title = exploding._rate(run)
    assert (level, title) == ("bad", f"not finite at update {run.updates + 1}")


def test_gradients_vanish_and_initialisation_fixes_it(tmp_path: Path) -> None:
    output = teach(
        vanishing.LESSON, tmp_path / "out", LessonConfig(distance=40, hidden=32, updates=250, threads=1)
    )
    assert "Not learnt over 40 steps: sigmoid" in output
    assert "Fixed: LSTM, chrono" in output


def test_verdicts_follow_the_numbers() -> None:
    run = train_trial(DEFAULT_NETWORKS[0], TINY)
    vanished = GradientFlow(np.arange(11), np.geomspace(1, 1e-30, 11), 0.001, 0.25)
    preserved = dataclasses.replace(vanished, norm=np.ones(11))
    judge = vanishing._failure_verdict
    failed = judge(10, [run], {"sigmoid": vanished})
    assert (failed.level, failed.title) == ("bad", "Not learnt over 10 steps: sigmoid")
    assert "10⁻³⁰" in failed.says
    assert "not explained by a vanishing gradient" in judge(10, [run], {"sigmoid": preserved}).says
    learnt = dataclasses.replace(run, accuracy=1.0)
    assert judge(10, [learnt], {"sigmoid": vanished}).level == "notice"
    assert "Nevertheless learnt by sigmoid" in judge(10, [learnt], {"sigmoid": vanished}).says


def _with_accuracies(run: TrialResult, *accuracies: float) -> dict[int, TrialResult]:
    return {5 * 2**i: dataclasses.replace(run, accuracy=a) for i, a in enumerate(accuracies)}


def test_memory_ends_at_the_first_failure() -> None:
    run = train_trial(DEFAULT_NETWORKS[0], TINY)
    assert memory.longest_remembered(_with_accuracies(run, 1.0, 0.95, 0.5, 1.0)) == 10
    assert memory.longest_remembered(_with_accuracies(run, 0.2)) == 0
    assert memory.longest_remembered(_with_accuracies(run, 1.0, 1.0)) == 10
    flow = GradientFlow(np.arange(21), np.geomspace(1, 1e-30, 21), 0.03, None)
    verdict = memory._memory_verdict("LSTM", _with_accuracies(run, 1.0, 0.1), flow, TINY)
    assert verdict.title == "LSTM: remembers 5 steps, not 10"
    assert "Accuracy at 10 steps: 10%" in verdict.says
    assert (
        "training lengthened its reach" in verdict.says
    )  # the gradient falls below 1/1000 after 2 or 3 steps
    assert memory._memory_verdict("LSTM", _with_accuracies(run, 1.0, 1.0), flow, TINY).level == "good"


def test_halvings_of_the_longest_distance() -> None:
    assert memory.halvings(100) == (6, 12, 25, 50, 100)
    assert memory.halvings(128) == (4, 8, 16, 32, 64, 128)
    assert memory.halvings(10) == (5, 10)
    assert memory.halvings(2000)[0] == 62


def test_marks_are_at_the_requested_steps() -> None:
    batch = gates.make_marked_batch(12, (3, 9))
    assert batch.x[..., 1].sum() == 2 * gates.ROWS
    torch.testing.assert_close(batch.target[0], batch.x[3, :, 0] + batch.x[9, :, 0])
    assert batch.x.shape[2] == Adding(12).inputs
    assert forget_bias(100) == 4.61


def _teach_briefly(script: Script, config: LessonConfig) -> None:
    script.section("One", f"seed {config.seed}")


def test_an_earlier_lesson_is_replaced_only_with_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = Lesson("brief", "a brief lesson", "Brief", "nothing", TINY, _teach_briefly)
    teach(lesson, tmp_path / "a")
    before = (tmp_path / "a" / PAGE).read_bytes()
    with pytest.raises(RunError, match=r"holds a lesson already; .*--overwrite"):
        teach(lesson, tmp_path / "a", dataclasses.replace(TINY, seed=1))
    assert (tmp_path / "a" / PAGE).read_bytes() == before
    teach(lesson, tmp_path / "a", dataclasses.replace(TINY, seed=1), overwrite=True)
    assert (tmp_path / "a" / PAGE).read_bytes() != before
    (tmp_path / "a" / "thesis.tex").write_text("!")
    with pytest.raises(RunError, match=r"is not empty \(it holds thesis.tex\)"):
        teach(lesson, tmp_path / "a", overwrite=True)
    with pytest.raises(RunError, match=r"is a file"):
        teach(lesson, tmp_path / "a" / "thesis.tex")


@pytest.mark.parametrize("where", ["training", "writing"])
def test_an_interrupt_leaves_no_files(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        *((vanishing, "train_trial") if where == "training" else (folder, "figure_files")), interrupt
    )
    lesson = (
        vanishing.LESSON
        if where == "training"
        else Lesson("brief", "a brief lesson", "Brief", "nothing", TINY, _teach_briefly)
    )
    with pytest.raises(KeyboardInterrupt):
        teach(lesson, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": 9}, r"distance=9: must be at least 10"),
        ({"updates": 0}, r"updates=0"),
        ({"hidden": 1}, r"hidden=1"),
    ],
)
def test_too_small_sizes_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LessonConfig(**options)
