"""A trained run of every task looked at from inside, up to the page."""

import json
from pathlib import Path

import pytest
import torch

from cases import CASES, Case
from unrolled.errors import ConfigError
from unrolled.inspection import Extent, inspect, inspect_run, write_report
from unrolled.inspection.run_page import run_page
from unrolled.pages import write_figures, write_numbers

SMALL = Extent(rows=3, steps=12, long_steps=40, samples=6, targets=8)
TASKS = [name for name in CASES if " " not in name]


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_looked_at(name: str, tmp_path: Path) -> None:
    case: Case = CASES[name]
    task = case.fit(case.write(tmp_path))
    told: list[str] = []
    seen = inspect_run(task, name=name, extent=SMALL, stage=told.append)
    assert told[0] == "reading"
    assert told[-1] == "samples"
    assert seen.diagnosis.layers
    assert all(v.where for v in seen.diagnosis.verdicts)
    assert (seen.memory is not None) == (name == "lm")
    assert bool(seen.samples) == (name == "lm")
    page = run_page(seen)
    assert [s.title for s in page.sections if s.title == "Gradients through time"]
    assert page.facts["task"] == task.spec.verb


def test_the_page_figures_and_numbers_of_a_run(tmp_path: Path) -> None:
    task = CASES["lm"].fit(CASES["lm"].write(tmp_path))
    seen = inspect_run(task, name="a model", extent=SMALL)
    text = write_report(seen, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>a model</h1>" in text
    page = run_page(seen)
    write_numbers(page, tmp_path / "numbers.json")
    json.loads((tmp_path / "numbers.json").read_text())
    written = write_figures(page, tmp_path / "figures")
    assert len(written) == 2 * len(page.drawn)


def test_states_are_those_of_the_long_row(tmp_path: Path) -> None:
    task = CASES["lm"].fit(CASES["lm"].write(tmp_path))
    seen = inspect_run(task, extent=SMALL)
    assert seen.long is not None
    assert len(seen.long.tokens) == SMALL.long_steps
    _, sample = task.sample(None, rows=1, steps=SMALL.long_steps)
    h, _ = task.model.read(sample.batch.inputs)
    (*_, top) = seen.long.recording.passes
    torch.testing.assert_close(top.states["h"], h.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["rows", "steps", "long_steps", "targets"])
def test_nothing_of_an_extent_may_be_zero(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name}=0: must be at least 1"):
        Extent(**{name: 0})


def test_a_module_is_refused_with_the_function_that_takes_it() -> None:
    with pytest.raises(ConfigError, match=r"not a LSTM; for a module call unrolled\.diagnostics\.diagnose"):
        inspect(torch.nn.LSTM(2, 3))
