"""Merged findings of a report do not contradict each other."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from unrolled.diagnostics.findings.merged import merge
from unrolled.diagnostics.findings.verdict import LEVELS, Remedy, Verdict


def vanishing(where, distance, level="notice"):
    remedies = (
        Remedy(f"memories of {distance}", f"--chrono {distance}"),
        Remedy("skips", f"--skip {distance // 7}"),
    )
    return Verdict(f"Vanishing at {distance}", level, "s", where, remedies=remedies)


def test_an_option_gets_the_value_for_the_longest_distance():
    first, second = merge([vanishing("l0", 42), vanishing("l1", 98)])
    assert [r.flag for r in first.remedies] == ["--chrono 98", "--skip 14"]
    assert first.remedies[0].what == "memories of 98"
    assert [(r.what, r.flag) for r in second.remedies] == [("see the remedies for: Vanishing at 42 (l0)", "")]


def test_other_options_get_the_value_of_the_worst_finding():
    mild = Verdict("Clipped", "notice", "s", remedies=(Remedy("clip less", "--clip-norm 20"),))
    bad = Verdict("Exploding", "bad", "s", "l0", remedies=(Remedy("clip", "--clip-norm 1"),))
    first, second = merge([mild, bad])
    assert (first.title, first.remedies[0].flag) == ("Exploding", "--clip-norm 1")
    assert [r.flag for r in second.remedies] == [""]


def test_a_layer_with_a_warning_gets_no_good_verdict():
    good = [Verdict("Healthy", "good", "s", where) for where in ("l0", "l1", "")]
    merged = merge([*good, vanishing("l0", 20)])
    assert [(v.level, v.where) for v in merged] == [("notice", "l0"), ("good", "l1"), ("good", "")]


flags = st.sampled_from(["--chrono 5", "--chrono 50", "--skip 2", "--skip 9", "--lr 0.1", "--l2 1", ""])
verdicts = st.builds(
    Verdict,
    st.text(min_size=1, max_size=3),
    st.sampled_from(LEVELS),
    st.just("s"),
    st.sampled_from(["l0", "l1", ""]),
    remedies=st.lists(st.builds(Remedy, st.just("w"), flags), max_size=4).map(tuple),
)


@given(st.lists(verdicts, max_size=8))
def test_merged_findings_are_consistent(findings):
    merged = merge(findings)
    merged_flags = [r.flag.split()[0] for v in merged for r in v.remedies if r.flag]
    assert len(merged_flags) == len(set(merged_flags))
    merged_flag_set = {r.flag.split()[0] for v in merged for r in v.remedies if r.flag}
    warned_layers = {v.where for v in findings if v.level != "good"} - {""}
    remaining = [v for v in findings if v.level != "good" or v.where not in warned_layers]
    assert merged_flag_set == {r.flag.split()[0] for v in remaining for r in v.remedies if r.flag}
    assert len(merged) == len(remaining)
    assert all(LEVELS.index(a.level) >= LEVELS.index(b.level) for a, b in itertools.pairwise(merged))
    assert not any(v.level == "good" and v.where in warned_layers for v in merged)
    assert merge(merged) == merged
