"""Inspection of a trained run of every task, up to the report page."""

import json
from pathlib import Path

import pytest
import torch

from cases import CASES, Case
from unrolled.errors import ConfigError
from unrolled.inspection import InspectionConfig, RunInspection, inspect, inspect_run, write_report
from unrolled.inspection.run_page import run_page
from unrolled.pages import write_figures, write_numbers
from unrolled.tasks import Task

SMALL = InspectionConfig(rows=3, steps=12, long_steps=40, samples=6, targets=8)
TASKS = [name for name in CASES if " " not in name]
SLOW = ("translate", "tag")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in TASKS]
)
def test_every_task_can_be_inspected(name: str, tmp_path: Path) -> None:
    case: Case = CASES[name]
    task = case.fit(case.write(tmp_path))
    stages: list[str] = []
    inspection = inspect_run(task, name=name, extent=SMALL, stage=stages.append)
    assert stages[0] == "reading"
    assert stages[-1] == "samples"
    assert inspection.diagnosis.layers
    assert all(v.where for v in inspection.diagnosis.verdicts)
    assert (inspection.memory is not None) == (name == "lm")
    assert bool(inspection.samples) == (name == "lm")
    page = run_page(inspection)
    assert [s.title for s in page.sections if s.title == "Gradients through time"]
    assert page.facts["task"] == task.spec.verb


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, RunInspection]:
    """A trained language model and its inspection."""
    task = CASES["lm"].fit(CASES["lm"].write(tmp_path_factory.mktemp("lm")))
    return task, inspect_run(task, name="a model", extent=SMALL)


@pytest.mark.slow
def test_report_figures_and_numbers_are_written(lm: tuple[Task, RunInspection], tmp_path: Path) -> None:
    _, inspection = lm
    text = write_report(inspection, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>a model</h1>" in text
    page = run_page(inspection)
    write_numbers(page, tmp_path / "numbers.json")
    json.loads((tmp_path / "numbers.json").read_text())
    written = write_figures(page, tmp_path / "figures")
    assert len(written) == 2 * len(page.drawn)


def test_recorded_states_are_those_of_the_model(lm: tuple[Task, RunInspection]) -> None:
    task, inspection = lm
    assert inspection.long is not None
    assert len(inspection.long.tokens) == SMALL.long_steps
    _, sample = task.sample(None, rows=1, steps=SMALL.long_steps)
    h, _ = task.model.read(sample.batch.inputs)
    (*_, top) = inspection.long.recording.passes
    torch.testing.assert_close(top.states["h"], h.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["rows", "steps", "long_steps", "targets"])
def test_an_extent_of_zero_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name}=0: must be at least 1"):
        InspectionConfig(**{name: 0})


def test_the_error_for_a_module_names_diagnose() -> None:
    with pytest.raises(ConfigError, match=r"not a LSTM; for a module call unrolled\.diagnostics\.diagnose"):
        inspect(torch.nn.LSTM(2, 3))
