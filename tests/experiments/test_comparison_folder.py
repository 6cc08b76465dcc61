"""The folder of a comparison: stored outcomes, and which folders are accepted."""

import json
import math
import os

import numpy as np
import pytest

from unrolled.errors import RunError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome

PLAN = {"task": "lm", "config": {"network": {"hidden": 6, "groups": (1, 2)}}, "budget": 5.0}
UNITS = ItemLosses(np.array([0, 2]), np.array([1.5, math.inf]), np.array([3.0, 1.0]))


def outcome(rung="lstm", seed=1, **changes):
    figures = {"scores": {"perplexity": 12.5}, "size": 7, "counted": "parameters", "bytes": 28}
    return Outcome(rung, seed, **figures | {"seconds": 0.5, "rate": 1e4, "epochs": 2.5} | changes)


def store(folder, outcome, extra=None):
    folder.keep(SavedOutcome(outcome, UNITS, extra or {}))


@pytest.fixture
def folder(tmp_path):
    return ComparisonFolder(tmp_path / "out", PLAN)


def test_stored_outcomes_are_read_back(folder):
    extra = {"valid": np.array([-1.0, -math.inf]), "said": np.arange(6.0).reshape(2, 3)}
    original = outcome(scores={"perplexity": math.inf, "nats_per_token": 3.25}, note="0.5 a + 0.5 b")
    store(folder, original, extra)
    restored, units, arrays = ComparisonFolder(folder.folder, PLAN).find("lstm", 1)
    assert restored == original
    for name in ("items", "losses", "weights"):
        restored_array = getattr(units, name)
        np.testing.assert_array_equal(restored_array, getattr(UNITS, name))
        assert restored_array.dtype == getattr(UNITS, name).dtype
    assert set(arrays) == set(extra)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, extra[name])


def test_missing_values_stay_missing(folder):
    store(folder, outcome(scores={"mase": math.nan}, epochs=None))
    restored, _, extra = folder.find("lstm", 1)
    assert math.isnan(restored.scores["mase"])
    assert restored.epochs is None
    assert extra == {}


def test_each_model_and_seed_has_its_own_file(folder):
    names = [
        "a/b.arpa",
        "a_b.arpa",
        "a b.arpa",
        "b.arpa",
        "/x/b.arpa",
        "lstm+/x/b.arpa",
        "lstm+b.arpa",
        "x" * 300,
    ]
    names += [
        "lstm:lr=0.1,vectors=/x/v.txt",
        "lstm:lr=0.1,vectors=/y/v.txt",
        "ü.arpa",
        "../b.arpa",
        "/y/" + "z" * 300 + ".arpa",
    ]
    for index, name in enumerate(names):
        for seed in (1, 11):
            store(folder, outcome(name, seed, size=100 * index + seed))
    for index, name in enumerate(names):
        assert [folder.find(name, seed)[0].size for seed in (1, 11)] == [100 * index + 1, 100 * index + 11]
    assert len(list(folder.outcomes.iterdir())) == 2 * len(names)
    runs = {folder.run(name, seed) for name in names for seed in (1, 11)}
    assert len(runs) == 2 * len(names)
    assert {path.parent for path in runs} == {folder.folder / "runs"}
    assert folder.find("lstm", 1) is None
    assert folder.find("b.arpa", 2) is None


@pytest.mark.parametrize("change", [{"budget": 6.0}, {"config": {"network": {"hidden": 7}}}, {"task": "tag"}])
def test_another_plan_is_refused(folder, change):
    store(folder, outcome())
    with pytest.raises(RunError, match=rf"holds another comparison \({next(iter(change))} .*overwrite=True"):
        ComparisonFolder(folder.folder, PLAN | change)
    assert folder.find("lstm", 1) is not None


def test_a_plan_without_outcomes_is_replaced(folder):
    ComparisonFolder(folder.folder, PLAN | {"budget": 6.0})
    assert json.loads((folder.folder / "plan.json").read_text())["budget"] == 6.0


def test_overwriting_removes_earlier_outcomes(folder, run_copy):
    store(folder, outcome())
    (folder.folder / "runs").mkdir()
    run_copy.rename(folder.run("lstm", 1))
    mine = folder.folder / "runs" / "notes.txt"
    for path in (folder.folder / "table.csv", folder.folder / "ladder.png", mine):
        path.write_text("old")
    other = ComparisonFolder(folder.folder, PLAN | {"budget": 6.0}, overwrite=True)
    assert other.find("lstm", 1) is None
    assert not folder.run("lstm", 1).exists()
    assert not (folder.folder / "table.csv").exists()
    assert not (folder.folder / "ladder.png").exists()
    assert mine.read_text() == "old"


def test_changed_data_are_refused(folder):
    folder.check_data("one")
    store(folder, outcome())
    again = ComparisonFolder(folder.folder, PLAN)
    again.check_data("one")
    with pytest.raises(RunError, match="data have changed"):
        again.check_data("two")
    ComparisonFolder(folder.folder, PLAN, overwrite=True).check_data("two")


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_file_is_named(folder, damage):
    store(folder, outcome())
    path = next(folder.outcomes.iterdir())
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        from unrolled.training.tensor_files import write_tensors

        write_tensors(path, {}, {"outcome": {"rung": "lstm"}})
    with pytest.raises(RunError, match=r"lstm-1\.safetensors: damaged"):
        folder.find("lstm", 1)


def test_a_damaged_plan_is_named(folder):
    store(folder, outcome())
    (folder.folder / "plan.json").write_text("{")
    with pytest.raises(RunError, match=r"plan\.json: damaged"):
        ComparisonFolder(folder.folder, PLAN)


def test_a_folder_with_other_files_is_left_alone(tmp_path, snapshot):
    (tmp_path / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(RunError, match="is not empty and holds no comparison"):
            ComparisonFolder(tmp_path, PLAN, overwrite=overwrite)
    assert snapshot(tmp_path) == {"thesis.txt": b"mine"}


def test_a_file_as_folder_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    for wrong, message in ((path, "is a file"), (path / "in" / "it", "cannot be made")):
        with pytest.raises(RunError, match=message):
            ComparisonFolder(wrong, PLAN, overwrite=True)
    assert path.read_text() == "mine"


UNFINISHED = ".unrolled-0123456789abcdef.tmp"
EARLIER = "model.safetensors.abcd1234.tmp"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_model_of_another_program_in_the_folder_is_unchanged(folder, snapshot, overwrite):
    store(folder, outcome())
    other = folder.folder / "runs" / "bert"
    (other / "plots").mkdir(parents=True)
    (other / "config.json").write_text('{"model_type": "bert"}')
    for name in (EARLIER, UNFINISHED, f"plots/{UNFINISHED}"):
        (other / name).write_text("precious")
    before = snapshot(other)
    ComparisonFolder(folder.folder, PLAN, overwrite=overwrite)
    assert snapshot(other) == before


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("linked", ["runs", "runs/lstm-1"])
def test_linked_runs_are_neither_cleared_nor_trained(folder, tmp_path, run_copy, snapshot, linked, overwrite):
    store(folder, outcome())
    external = tmp_path / "theirs"
    external.mkdir()
    run_copy.rename(external / "lstm-1")
    for name in (EARLIER, UNFINISHED, f"plots/{UNFINISHED}"):
        (external / "lstm-1" / name).write_text("precious")
    link = folder.folder / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(external if linked == "runs" else external / "lstm-1")
    before = snapshot(external)
    times = (external / "lstm-1").stat().st_mtime_ns
    again = ComparisonFolder(folder.folder, PLAN, overwrite=overwrite)
    assert not (again.claim_run("lstm", 1) / "config.json").exists()
    assert not link.is_symlink()
    assert snapshot(external) == before
    assert (external / "lstm-1").stat().st_mtime_ns == times  # no lock file was created in it


def test_leftovers_of_a_killed_run_are_removed(folder, run_copy):
    (folder.folder / "runs").mkdir()
    run_copy.rename(folder.run("lstm", 1))
    for name in (EARLIER, UNFINISHED, f"plots/{UNFINISHED}"):
        (folder.run("lstm", 1) / name).write_text("left")
    ComparisonFolder(folder.folder, PLAN)
    assert not list(folder.run("lstm", 1).rglob("*.tmp"))


def test_outcomes_without_a_checksum_are_refused(folder):
    store(folder, outcome())
    path = next(folder.outcomes.iterdir())
    content = path.read_bytes()
    for old, new in ((b"sha256", b"sha257"), (b'"unrolled"', b'"unrollee"')):
        path.write_bytes(content.replace(old, new, 1))
        for comparison in (folder, ComparisonFolder(folder.folder, PLAN)):
            with pytest.raises(RunError, match=r"damaged \(it has no checksum\)"):
                comparison.find("lstm", 1)
    plan = folder.folder / "plan.json"
    plan.write_text(json.dumps({k: v for k, v in json.loads(plan.read_text()).items() if k != "unrolled"}))
    path.write_bytes(content.replace(b"sha256", b"sha257", 1))
    assert ComparisonFolder(folder.folder, PLAN).find("lstm", 1) is not None
