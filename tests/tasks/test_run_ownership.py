"""Run folders: recognised by a mark, locked while in use, and foreign files are never changed."""

import json
import os
import shutil
from pathlib import Path

import pytest

import unrolled
from unrolled import LanguageModel
from unrolled.errors import RunError
from unrolled.storage.lock import LOCK, FolderLock
from unrolled.tasks.base import folder as run_folder
from unrolled.training import Callback

LEFTOVER = ".unrolled-0123456789abcdef.tmp"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="links of POSIX")


@pytest.fixture(scope="module")
def quick(tiny_options):
    return tiny_options | {"max_steps": 3}


@pytest.fixture
def old_run(run_copy):
    """A run of an older version, without mark, file list and checksums."""
    path = run_copy / "config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in values.items() if k not in ("unrolled", "files", "sha256")}))
    return run_copy


# -- marks of a run ----------------------------------------------------------------------------------


def test_a_run_is_marked_as_a_run(tiny_run):
    values = json.loads((tiny_run / "config.json").read_text())
    assert values["unrolled"] == "run"
    run_files = {str(p.relative_to(tiny_run)) for p in tiny_run.rglob("*") if p.is_file()}
    assert run_files <= {*values["files"], "config.json"}
    assert values["sha256"].keys() == {"tokenizer.json"}


def test_a_run_without_a_mark_loads_resumes_and_is_replaced(old_run, tiny_lm, english_file, quick):
    assert unrolled.load(old_run).generate("The ", 9) == tiny_lm.generate("The ", 9)
    LanguageModel.resume(old_run, progress=False)
    LanguageModel(**quick).fit(english_file, out=old_run, overwrite=True, progress=False)
    assert LanguageModel.load(old_run).result["steps"] == 3


FOREIGN = {
    "hugging face": '{"model_type": "bert", "vocab_size": 9}',
    "a format of its own": '{"format": 2, "name": "mine"}',
    "a task without a configuration": '{"format": 2, "task": "lm", "version": "1"}',
    "another mark": '{"unrolled": "comparison", "format": 2}',
    "no object": "[1]",
    "damaged": '{"format": 2, "task"',
    "empty": "",
}


@pytest.mark.parametrize("config", FOREIGN)
def test_models_of_other_programs_are_never_touched(tmp_path, english_file, tiny_lm, quick, snapshot, config):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(FOREIGN[config])
    (folder / "model.safetensors").write_bytes(b"precious")
    (folder / "model.safetensors.abcd1234.tmp").write_bytes(b"precious too")
    before = snapshot(folder)
    for overwrite in (False, True):
        with pytest.raises(RunError, match=r"not a run \(its config.json is damaged or another program's\)"):
            LanguageModel(**quick).fit(english_file, out=folder, overwrite=overwrite, progress=False)
        with pytest.raises(RunError, match="not a run"):
            tiny_lm.save(folder, overwrite=overwrite)
    with pytest.raises(RunError):
        LanguageModel.resume(folder, progress=False)
    assert snapshot(folder) == before


def test_a_run_of_a_newer_version_is_not_replaced(run_copy, tiny_lm, snapshot):
    path = run_copy / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 3}))
    before = snapshot(run_copy)
    with pytest.raises(RunError, match="newer unrolled"):
        tiny_lm.save(run_copy, overwrite=True)
    assert snapshot(run_copy) == before


# -- foreign files -----------------------------------------------------------------------------------


def write_foreign_files(folder):
    """Write files that do not belong to the run into its folder; return their paths."""
    names = ["thesis.tmp", "notes.txt", "plots/holiday.png", "scales.json", "report.html", "x.tmp/deep.tmp"]
    names += ["tensorboard/events.out.tfevents.1.mine", "a.json.abcd1234.tmp"]
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    return paths


def test_overwriting_and_resuming_keep_foreign_files(run_copy, english_file, tiny_lm, quick):
    paths = write_foreign_files(run_copy)
    LanguageModel.resume(run_copy, progress=False)
    LanguageModel(**quick).fit(english_file, out=run_copy, overwrite=True, progress=False)
    tiny_lm.save(run_copy, overwrite=True)
    assert [p.read_text() for p in paths] == ["mine"] * len(paths)
    assert not (run_copy / "checkpoint.safetensors").exists()


@pytest.mark.draws
def test_files_behind_symbolic_links_are_kept(tmp_path, run_copy, english_file, quick):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("holiday.png", "curves.png"):
        (pictures / name).write_text("mine")
    for name in ("plots", "tensorboard"):
        shutil.rmtree(run_copy / name, ignore_errors=True)
        (run_copy / name).symlink_to(pictures)
    weights = tmp_path / "weights"
    (run_copy / "model.safetensors").rename(weights)
    (run_copy / "model.safetensors").symlink_to(weights)
    original = weights.read_bytes()
    LanguageModel(**quick).fit(english_file, out=run_copy, overwrite=True, progress=False, watch=True)
    assert {p.name: p.read_text() for p in pictures.iterdir()} == dict.fromkeys(
        ("holiday.png", "curves.png"), "mine"
    )
    assert weights.read_bytes() == original
    assert (run_copy / "plots" / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not any((run_copy / name).is_symlink() for name in ("plots", "tensorboard", "model.safetensors"))


def test_a_log_that_is_a_symbolic_link_is_refused(tmp_path, run_copy):
    log = tmp_path / "log"
    (run_copy / "metrics.jsonl").rename(log)
    (run_copy / "metrics.jsonl").symlink_to(log)
    before = log.read_bytes()
    with pytest.raises(RunError, match=r"metrics\.jsonl: is a symbolic link"):
        LanguageModel.resume(run_copy, progress=False)
    assert log.read_bytes() == before


def test_foreign_files_with_needed_names_are_refused(run_copy, tmp_path, snapshot):
    foreign_file = run_copy / "scales.json"
    foreign_file.write_text("mine")
    before = snapshot(run_copy)
    with (
        pytest.raises(RunError, match=r"scales\.json: does not belong to the old run"),
        run_folder.lock_output_folder(run_copy, overwrite=True),
    ):
        run_folder.prepare(run_copy, {"scales.json": {}})
    assert snapshot(run_copy) == before
    (run_copy / "result.json").unlink()
    (run_copy / "result.json").mkdir()
    with pytest.raises(RunError, match=r"result\.json: does not belong to the old run"):
        run_folder.prepare(run_copy, {})


def test_only_marked_tensorboard_files_are_removed(run_copy, tiny_lm):
    pytest.importorskip("tensorboard")
    board = run_copy / "tensorboard"
    board.mkdir()
    for name in ("events.out.tfevents.1.host.1.0.unrolled", "events.out.tfevents.1.host.1.0"):
        (board / name).write_text("x")
    tiny_lm.save(run_copy, overwrite=True)
    assert os.listdir(board) == ["events.out.tfevents.1.host.1.0"]


def test_only_reports_of_unrolled_are_removed(run_copy, tiny_lm, command):
    path = run_copy / "report.html"
    for head in ('<meta name="generator" content="unrolled">', "script-src 'unsafe-inline'; img-src data:"):
        path.write_text(f"<html>{head}")
        tiny_lm.save(run_copy, overwrite=True)
        assert not path.exists()
    path.write_text("mine")
    assert "report.html: was not written by unrolled" in command("inspect", run_copy).error
    assert path.read_text() == "mine"


# -- after a kill ------------------------------------------------------------------------------------


def test_leftovers_of_a_killed_first_write_do_not_block_training(tmp_path, english_file, quick):
    for name in (LEFTOVER, LOCK):
        (tmp_path / name).write_text("{")
    LanguageModel(**quick).fit(english_file, out=tmp_path, progress=False)
    assert not {LEFTOVER, LOCK} & set(os.listdir(tmp_path))


def test_leftovers_of_older_versions_need_overwrite(tmp_path, english_file, quick):
    (tmp_path / "config.json.abcd1234.tmp").write_text("{")
    with pytest.raises(RunError, match=r"unfinished file of a run that was killed .*--overwrite"):
        LanguageModel(**quick).fit(english_file, out=tmp_path, progress=False)
    LanguageModel(**quick).fit(english_file, out=tmp_path, overwrite=True, progress=False)
    assert not list(tmp_path.glob("*.tmp"))


class KilledError(Exception):
    pass


class KillAtStart(Callback):
    def on_train_begin(self, progress, total_steps):
        raise KilledError


@pytest.mark.parametrize(
    "missing_files", [("checkpoint.safetensors",), ("checkpoint.safetensors", "tokenizer.json")]
)
def test_a_run_stopped_before_its_first_checkpoint_starts_again(
    tmp_path, tiny_run, english_file, tiny_options, missing_files
):
    folder = tmp_path / "run"
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options).fit(english_file, out=folder, progress=KillAtStart())
    for name in missing_files:
        (folder / name).unlink()
    (folder / LEFTOVER).write_text("x")
    with pytest.raises(RunError, match="missing"):
        LanguageModel.load(folder)
    LanguageModel.resume(folder, progress=False)
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (folder / name).read_bytes() == (tiny_run / name).read_bytes()
    assert sorted(os.listdir(folder)) == sorted(os.listdir(tiny_run))


class DeadError(BaseException):
    """Simulates the end of the process: no cleanup code catches it."""


def test_a_save_killed_anywhere_leaves_a_model_or_an_error(tmp_path, tiny_lm, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.setattr(LanguageModel, "_plot", lambda lm, folder: None)
    tiny_lm.save(folder)
    names = sorted(os.listdir(folder))
    os_functions = {n: getattr(os, n) for n in ("replace", "unlink", "open", "fsync")}
    for call_count in range(1000):
        remaining_calls = [call_count]

        def count_down(call, remaining_calls=remaining_calls):
            def count(*args, **options):
                remaining_calls[0] -= 1
                if remaining_calls[0] < 0:
                    raise DeadError
                return call(*args, **options)

            return count

        for name, call in os_functions.items():
            monkeypatch.setattr(os, name, count_down(call))
        try:
            tiny_lm.save(folder, overwrite=True)
        except DeadError:
            finished = False
        else:
            finished = True
        for name, call in os_functions.items():
            monkeypatch.setattr(os, name, call)
        if finished:
            break
        try:
            assert LanguageModel.load(folder).generate("The ", 3) == tiny_lm.generate("The ", 3)
        except RunError as error:
            assert "missing" in str(error)  # noqa: PT017
    assert 15 < call_count < 200
    assert sorted(os.listdir(folder)) == names


def test_a_saved_model_cannot_be_resumed(tmp_path, tiny_lm):
    tiny_lm.save(tmp_path / "saved")
    with pytest.raises(RunError, match=r"checkpoint\.safetensors: missing"):
        LanguageModel.resume(tmp_path / "saved", progress=False)


# -- locking -----------------------------------------------------------------------------------------


def test_a_folder_in_use_is_refused(run_copy, english_file, tiny_lm, quick, snapshot):
    before = snapshot(run_copy)
    with FolderLock(run_copy):
        for action in (
            lambda: LanguageModel(**quick).fit(english_file, out=run_copy, overwrite=True, progress=False),
            lambda: LanguageModel.resume(run_copy, progress=False),
            lambda: tiny_lm.save(run_copy, overwrite=True),
        ):
            with pytest.raises(RunError, match=f"is in use by process {os.getpid()} on "):
                action()
        assert LanguageModel.load(run_copy)
    assert snapshot(run_copy) == before


def test_a_folder_is_locked_during_training(tmp_path, english_file, quick, tiny_lm):
    class SaveDuringTraining(Callback):
        def on_step_end(self, progress, loss, lr):
            with pytest.raises(RunError, match="in use"):
                tiny_lm.save(tmp_path, overwrite=True)

    LanguageModel(**quick).fit(english_file, out=tmp_path, progress=SaveDuringTraining())
    assert LOCK not in os.listdir(tmp_path)


# -- before training ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x" * 256, "a\0b", "y/" * 2500])
def test_an_impossible_folder_name_is_refused_before_reading_data(tmp_path, quick, name, tiny_lm):
    with pytest.raises(RunError, match=r"cannot be made or read as a folder \("):
        LanguageModel(**quick).fit(Path("no such text"), out=tmp_path / name, progress=False)
    with pytest.raises(RunError, match=r"cannot be made or read as a folder \("):
        tiny_lm.save(tmp_path / name)
    for read in (LanguageModel.load, LanguageModel.resume):
        with pytest.raises(RunError):
            read(tmp_path / name)


def test_a_failure_before_training_keeps_the_old_run(run_copy, snapshot, english_file, quick):
    before = snapshot(run_copy)
    with pytest.raises(unrolled.errors.DataError):
        LanguageModel(**quick).fit(
            english_file, out=run_copy, overwrite=True, progress=False, valid="no such text"
        )
    assert snapshot(run_copy) == before


# -- after training ----------------------------------------------------------------------------------


def test_a_full_disk_at_the_plots_loses_no_training(tmp_path, english_file, quick, monkeypatch):
    replace = os.replace

    def fail_on_plots(source, target):
        if str(target).endswith(".png"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_on_plots)
    with pytest.raises(RunError, match=r"curves\.png: .*No space left.*the training is finished.*resume"):
        LanguageModel(**quick).fit(english_file, out=tmp_path / "run", progress=False)
    assert LanguageModel.load(tmp_path / "run").result["steps"] == 3
    monkeypatch.undo()
    LanguageModel.resume(tmp_path / "run", progress=False)
    assert os.listdir(tmp_path / "run" / "plots") == ["curves.png"]
