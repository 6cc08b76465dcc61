"""A trained run of every task looked at from inside, up to the page."""

import json
from pathlib import Path

import pytest

from cases import CASES, Case
from unrolled.diagnostics.report import write_figures, write_numbers
from unrolled.inspection import inspect_run
from unrolled.inspection.run import Extent

SMALL = Extent(rows=3, steps=12, long_steps=40, samples=6, targets=8)
TASKS = [name for name in CASES if " " not in name]


@pytest.mark.parametrize("name", TASKS)
def test_every_task_gives_a_page(name: str, tmp_path: Path) -> None:
    case: Case = CASES[name]
    task = case.fit(case.write(tmp_path))
    seen = inspect_run(task, name=name, extent=SMALL)
    path = seen.report(tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert f"<h1>{name}</h1>" in text
    page = seen.page()
    assert page.verdicts
    assert [v.where for v in page.verdicts if v.where]
    write_numbers(page, tmp_path / "numbers.json")
    json.loads((tmp_path / "numbers.json").read_text())
    assert write_figures(page, tmp_path / "figures")
