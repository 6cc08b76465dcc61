"""Folders of comparisons and repetitions: continuing, refusing, and leaving other files alone."""

import json
import os

import numpy as np
import pytest

from unrolled.errors import RunError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.repetition_folder import RepetitionFolder
from unrolled.storage.lock import FolderLock
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome

OUTCOME = Outcome("gru", 1, {"accuracy": 0.5}, 1.5)
UNIT = ItemLosses.one_each(np.array([1.0]))
UNFINISHED = ".unrolled-0123456789abcdef.tmp"


def store_outcome(experiment):
    if isinstance(experiment, ComparisonFolder):
        experiment.keep(SavedOutcome(OUTCOME, UNIT, {}))
    else:
        experiment.add(OUTCOME)


def has_outcome(experiment):
    if isinstance(experiment, ComparisonFolder):
        return experiment.find("gru", 1) is not None
    return experiment.done == [OUTCOME]


def get_run(experiment):
    return experiment.run("gru", 1) if isinstance(experiment, ComparisonFolder) else experiment.run(0, 1)


KINDS = pytest.mark.parametrize("kind", [ComparisonFolder, RepetitionFolder])
PLAN = {"config": {"hidden": 3}, "seeds": 2}


@KINDS
def test_outcomes_are_kept(kind, tmp_path):
    for count in range(2):
        with kind.locked(tmp_path / "new" / "out", PLAN) as experiment:
            assert has_outcome(experiment) is (count == 1)
            if not count:
                store_outcome(experiment)


@KINDS
def test_the_folder_is_locked(kind, tmp_path):
    with FolderLock(tmp_path), pytest.raises(RunError, match="is in use"), kind.locked(tmp_path, PLAN):
        pytest.fail("was opened")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="is a file"), kind.locked(tmp_path / "file", PLAN):
        pytest.fail("was opened")


@KINDS
@pytest.mark.parametrize(
    ("change", "differing"), [({"seeds": 3}, "seeds"), ({"config": {}, "seeds": 9}, "config, seeds")]
)
def test_another_plan_is_refused_once_there_are_outcomes(kind, tmp_path, change, differing):
    kind(tmp_path, PLAN | {"seeds": 9})
    experiment = kind(tmp_path, PLAN)  # no outcomes yet: the new plan replaces the old
    store_outcome(experiment)
    with pytest.raises(
        RunError, match=rf"holds {experiment.layout.another} \({differing} of it differs\); .*--overwrite"
    ):
        kind(tmp_path, PLAN | change)
    assert has_outcome(kind(tmp_path, PLAN))


@KINDS
def test_changed_data_are_refused(kind, tmp_path):
    experiment = kind(tmp_path, PLAN)
    experiment.check_data("one")
    store_outcome(experiment)
    kind(tmp_path, PLAN).check_data("one")
    with pytest.raises(RunError, match=rf"the data have changed since the {experiment.layout.kind} began"):
        kind(tmp_path, PLAN).check_data("two")
    kind(tmp_path, PLAN, overwrite=True).check_data("two")


@KINDS
def test_each_kind_refuses_folders_of_the_other(kind, tmp_path, snapshot):
    other = RepetitionFolder if kind is ComparisonFolder else ComparisonFolder
    store_outcome(other(tmp_path, PLAN))
    before = snapshot(tmp_path)
    for overwrite in (False, True):
        with pytest.raises(RunError, match=f"is not empty and holds no {kind.layout.kind}"):
            kind(tmp_path, PLAN, overwrite=overwrite)
    assert snapshot(tmp_path) == before


@KINDS
def test_overwriting_removes_outcomes_and_runs(kind, tmp_path, run_copy):
    experiment = kind(tmp_path / "out", PLAN)
    store_outcome(experiment)
    get_run(experiment).parent.mkdir(exist_ok=True)
    run_copy.rename(get_run(experiment))
    mine = get_run(experiment).parent / "notes.txt"
    mine.write_text("mine")
    overwritten = kind(tmp_path / "out", PLAN | {"seeds": 3}, overwrite=True)
    assert not has_outcome(overwritten)
    assert not get_run(overwritten).exists()
    assert mine.read_text() == "mine"
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["seeds"] == 3


@KINDS
def test_leftovers_of_a_kill_are_removed_also_in_runs(kind, tmp_path, run_copy):
    experiment = kind(tmp_path / "out", PLAN)
    get_run(experiment).parent.mkdir(exist_ok=True)
    run_copy.rename(get_run(experiment))
    leftovers = [tmp_path / "out" / UNFINISHED, get_run(experiment) / UNFINISHED]
    for path in leftovers:
        path.write_text("left")
    kind(tmp_path / "out", PLAN)
    assert not any(path.exists() for path in leftovers)


@KINDS
@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("overwrite", [False, True])
def test_linked_runs_are_left_alone(kind, tmp_path, run_copy, snapshot, overwrite):
    experiment = kind(tmp_path / "out", PLAN)
    external = tmp_path / "theirs"
    external.mkdir()
    run_copy.rename(external / get_run(experiment).name)
    (external / get_run(experiment).name / UNFINISHED).write_text("precious")
    get_run(experiment).parent.symlink_to(external)
    before = snapshot(external)
    kind(tmp_path / "out", PLAN, overwrite=overwrite)
    assert snapshot(external) == before
