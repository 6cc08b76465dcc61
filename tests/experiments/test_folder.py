"""The folder of an experiment, of both kinds: what goes on, what is refused, what is left alone."""

import json
import os

import numpy as np
import pytest

from unrolled.errors import RunError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.repetition_folder import RepetitionFolder
from unrolled.storage.lock import FolderLock
from unrolled.tasks.base.outcome import Outcome, Tried, Units

OUTCOME = Outcome("gru", 1, {"accuracy": 0.5}, 1.5)
UNIT = Units.one_each(np.array([1.0]))
UNFINISHED = ".unrolled-0123456789abcdef.tmp"


def keep(kept):
    if isinstance(kept, ComparisonFolder):
        kept.keep(Tried(OUTCOME, UNIT, {}))
    else:
        kept.add(OUTCOME)


def has_outcome(kept):
    if isinstance(kept, ComparisonFolder):
        return kept.find("gru", 1) is not None
    return kept.done == [OUTCOME]


def run_of(kept):
    return kept.run("gru", 1) if isinstance(kept, ComparisonFolder) else kept.run(0, 1)


KINDS = pytest.mark.parametrize("kind", [ComparisonFolder, RepetitionFolder])
PLAN = {"config": {"hidden": 3}, "seeds": 2}


@KINDS
def test_an_outcome_stands(kind, tmp_path):
    for count in range(2):
        with kind.locked(tmp_path / "new" / "out", PLAN) as kept:
            assert has_outcome(kept) is (count == 1)
            if not count:
                keep(kept)


@KINDS
def test_it_is_locked(kind, tmp_path):
    with FolderLock(tmp_path), pytest.raises(RunError, match="is in use"), kind.locked(tmp_path, PLAN):
        pytest.fail("was opened")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="is a file"), kind.locked(tmp_path / "file", PLAN):
        pytest.fail("was opened")


@KINDS
@pytest.mark.parametrize(
    ("change", "odd"), [({"seeds": 3}, "seeds"), ({"config": {}, "seeds": 9}, "config, seeds")]
)
def test_another_plan_is_refused_once_something_is_kept(kind, tmp_path, change, odd):
    kind(tmp_path, PLAN | {"seeds": 9})
    kept = kind(tmp_path, PLAN)  # nothing was done: the new plan takes its place
    keep(kept)
    with pytest.raises(
        RunError, match=rf"holds {kept.layout.another} \({odd} of it differs\); .*--overwrite"
    ):
        kind(tmp_path, PLAN | change)
    assert has_outcome(kind(tmp_path, PLAN))


@KINDS
def test_changed_data_are_refused(kind, tmp_path):
    kept = kind(tmp_path, PLAN)
    kept.check_data("one")
    keep(kept)
    kind(tmp_path, PLAN).check_data("one")
    with pytest.raises(RunError, match=rf"the data have changed since the {kept.layout.kind} began"):
        kind(tmp_path, PLAN).check_data("two")
    kind(tmp_path, PLAN, overwrite=True).check_data("two")


@KINDS
def test_the_kinds_do_not_take_each_other_s_folders(kind, tmp_path, snapshot):
    other = RepetitionFolder if kind is ComparisonFolder else ComparisonFolder
    keep(other(tmp_path, PLAN))
    before = snapshot(tmp_path)
    for overwrite in (False, True):
        with pytest.raises(RunError, match=f"is not empty and holds no {kind.layout.kind}"):
            kind(tmp_path, PLAN, overwrite=overwrite)
    assert snapshot(tmp_path) == before


@KINDS
def test_overwriting_removes_outcomes_and_runs(kind, tmp_path, run_copy):
    kept = kind(tmp_path / "out", PLAN)
    keep(kept)
    run_of(kept).parent.mkdir(exist_ok=True)
    run_copy.rename(run_of(kept))
    mine = run_of(kept).parent / "notes.txt"
    mine.write_text("mine")
    anew = kind(tmp_path / "out", PLAN | {"seeds": 3}, overwrite=True)
    assert not has_outcome(anew)
    assert not run_of(anew).exists()
    assert mine.read_text() == "mine"
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["seeds"] == 3


@KINDS
def test_leftovers_of_a_kill_are_removed_in_runs_too(kind, tmp_path, run_copy):
    kept = kind(tmp_path / "out", PLAN)
    run_of(kept).parent.mkdir(exist_ok=True)
    run_copy.rename(run_of(kept))
    left = [tmp_path / "out" / UNFINISHED, run_of(kept) / UNFINISHED]
    for path in left:
        path.write_text("left")
    kind(tmp_path / "out", PLAN)
    assert not any(path.exists() for path in left)


@KINDS
@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("overwrite", [False, True])
def test_runs_behind_a_link_are_left_alone(kind, tmp_path, run_copy, snapshot, overwrite):
    kept = kind(tmp_path / "out", PLAN)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    run_copy.rename(theirs / run_of(kept).name)
    (theirs / run_of(kept).name / UNFINISHED).write_text("precious")
    run_of(kept).parent.symlink_to(theirs)
    before = snapshot(theirs)
    kind(tmp_path / "out", PLAN, overwrite=overwrite)
    assert snapshot(theirs) == before
