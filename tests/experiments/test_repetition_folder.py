"""The folder of a repetition: stored trials, and errors."""

import pytest

from unrolled.errors import RunError
from unrolled.experiments.repetition_folder import RepetitionFolder
from unrolled.tasks.base.outcome import Outcome


def make_trial(variant, number, accuracy):
    return Outcome(variant, number, {"accuracy": accuracy}, 2.0 * number)


def test_trials_are_stored_and_a_stopped_plan_continues(tmp_path):
    plan = {"folds": 3, "options": (1, 2)}
    file = RepetitionFolder(tmp_path / "a", plan)
    file.add(make_trial("x", 1, 0.5))
    file.add(make_trial("x", 2, 0.75))
    again = RepetitionFolder(tmp_path / "a", plan)
    assert again.done == [make_trial("x", 1, 0.5), make_trial("x", 2, 0.75)]
    assert RepetitionFolder(tmp_path / "a", plan, overwrite=True).done == []
    assert RepetitionFolder(tmp_path / "a", plan).done == []


def test_other_plans_and_other_folders_are_left_alone(tmp_path):
    RepetitionFolder(tmp_path / "a", {"folds": 3}).add(make_trial("x", 1, 0.5))
    with pytest.raises(RunError, match="holds trials of another plan"):
        RepetitionFolder(tmp_path / "a", {"folds": 4})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "photo.jpg").write_text("")
    with pytest.raises(RunError, match="is not empty and holds no trials"):
        RepetitionFolder(tmp_path / "b", {"folds": 4}, overwrite=True)


def test_a_damaged_file_is_named(tmp_path):
    RepetitionFolder(tmp_path, {}).add(make_trial("x", 1, 0.5))
    (tmp_path / "trials.jsonl").write_text('{"variant": "x"}\n')
    with pytest.raises(RunError, match=r"trials.jsonl: line 1 is damaged"):
        RepetitionFolder(tmp_path, {})
