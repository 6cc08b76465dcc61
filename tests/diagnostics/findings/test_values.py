"""Remedies with option values derived from the run."""

from unrolled.diagnostics.findings.values import fill_in_values
from unrolled.diagnostics.findings.verdict import Remedy, Verdict


def test_remedies_get_values_from_the_run() -> None:
    remedies = (Remedy("a", "--lr"), Remedy("b", "--steps"), Remedy("c", "--l2 1"))
    verdict = Verdict("t", "bad", "s", remedies=remedies)
    with_run_values = fill_in_values(verdict, lr=0.003, steps=64)
    assert [r.flag for r in with_run_values.remedies] == ["--lr 0.001", "--steps 32", "--l2 1"]
    assert [r.flag for r in fill_in_values(verdict, lr=0.3).remedies] == ["--lr 0.1", "--l2 1"]
    assert [r.what for r in with_run_values.remedies] == ["a", "b", "c"]
