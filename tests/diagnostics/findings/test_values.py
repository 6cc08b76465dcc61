"""Remedies with the values that a run asks for."""

from unrolled.diagnostics.findings.values import with_values
from unrolled.diagnostics.findings.verdict import Remedy, Verdict


def test_remedies_have_the_values_of_the_run() -> None:
    remedies = (Remedy("a", "--lr"), Remedy("b", "--steps"), Remedy("c", "--l2 1"))
    verdict = Verdict("t", "bad", "s", remedies=remedies)
    found = with_values(verdict, lr=0.003, steps=64)
    assert [r.flag for r in found.remedies] == ["--lr 0.001", "--steps 32", "--l2 1"]
    assert [r.flag for r in with_values(verdict, lr=0.3).remedies] == ["--lr 0.1", "--l2 1"]
    assert [r.what for r in found.remedies] == ["a", "b", "c"]
