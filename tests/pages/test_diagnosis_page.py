"""The report page of a diagnosis has a figure for all its numbers."""

import json
from pathlib import Path

import pytest
import torch

import unrolled as ur
from unrolled.diagnostics import Diagnosis, diagnose
from unrolled.errors import RunError
from unrolled.pages import write_numbers
from unrolled.pages.diagnosis import diagnosis_page

CHARTS = {"gradients-over-distance", "jacobian-spectra", "lyapunov-exponents", "gradient-of-the-sum"}


def diagnose_layer(layer: torch.nn.Module, steps: int) -> Diagnosis:
    x = torch.randn(steps, 2, 2)
    return diagnose(layer, lambda: layer(x)[0].square().sum(-1), samples=4)


@pytest.fixture(scope="module")
def bidirectional() -> Diagnosis:
    torch.manual_seed(0)
    return diagnose_layer(torch.nn.RNN(2, 3, bidirectional=True), 15)


def test_the_page_has_every_figure(bidirectional: Diagnosis, tmp_path: Path) -> None:
    path = ur.write_report(bidirectional, tmp_path / "report.html", "a foreign model")
    text = path.read_text(encoding="utf-8")
    page = diagnosis_page(bidirectional, "a foreign model")
    names = {part.name for part in page.drawn}
    assert names >= CHARTS
    assert "<h1>a foreign model</h1>" in text
    assert text.count("<svg") >= len(names)
    write_numbers(page, tmp_path / "numbers.json")
    assert "l0_reverse h" in json.dumps(json.loads((tmp_path / "numbers.json").read_text()))


def test_charts_without_numbers_are_left_out() -> None:
    skips = {part.name for part in diagnosis_page(diagnose_layer(ur.GRU(2, 4, skip=3), 14), "skips").drawn}
    assert not any(name.startswith("jacobian-products") for name in skips)
    assert "lyapunov-exponents" in skips
    short = {part.name for part in diagnosis_page(diagnose_layer(ur.RNN(2, 3), 5), "short").drawn}
    assert any(name.startswith("jacobian-products") for name in short)
    assert "lyapunov-exponents" not in short


def test_a_missing_folder_is_refused(bidirectional: Diagnosis, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no/report.html: the folder .* does not exist"):
        ur.write_report(bidirectional, tmp_path / "no" / "report.html")
