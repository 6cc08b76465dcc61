"""Watching a training does not change its bits, and records come at the requested interval."""

import pytest
import torch
from watching import SHORT, TASKS, comparable_files, load_events, watch_records, without_times

import unrolled as ur
from cases import CASES
from unrolled.errors import BackendError, ConfigError
from unrolled.monitoring.watch import Watch
from unrolled.training import Callback
from unrolled.training.log import read_log


@pytest.mark.parametrize("name", [*TASKS, "lm averaged", "lm tdnn"])
def test_watching_does_not_change_the_trained_bits(tmp_path, name: str) -> None:
    case = CASES[name]
    data = str(case.write(tmp_path))
    plain, watched = (
        case.kind(**case.options | SHORT).fit(data, progress=False, watch=watch) for watch in (False, 4)
    )
    other_records = [r for r in watched.history if r["kind"] != "watch"]
    assert without_times(other_records) == without_times(plain.history)
    watched_state = watched.model.state_dict()
    assert all(torch.equal(t, watched_state[n]) for n, t in plain.model.state_dict().items())
    assert [r["step"] for r in watch_records(watched)] == [1, 4, 8, 12]
    record = watch_records(watched)[0]
    assert bool(record["gradients"]["norm"]) == bool(record["saturation"]) == (name != "lm tdnn")


@pytest.mark.draws
def test_watching_does_not_change_the_other_files(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    for folder, watch in (("plain", False), ("watched", 4)):
        case.kind(**case.options | SHORT).fit(data, out=tmp_path / folder, progress=False, watch=watch)
    assert comparable_files(tmp_path / "plain") == comparable_files(tmp_path / "watched")
    assert (tmp_path / "watched" / "plots" / "gradients_by_distance.png").stat().st_size > 5000
    assert not (tmp_path / "plain" / "plots" / "gradients_by_distance.png").exists()
    assert not (tmp_path / "plain" / "tensorboard").exists()


def test_a_bfloat16_training_is_watched_in_full_precision(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    options = case.options | SHORT | {"precision": "bfloat16"}
    try:
        case.kind(**options).fit(data, progress=False)
    except BackendError:
        pytest.skip("this processor has no AVX512_BF16")
    lm = case.kind(**options).fit(data, progress=False, watch=4)
    assert len(watch_records(lm)) == 4
    precisions = set()

    class RecordPrecision(Callback):
        def on_step_end(self, progress, loss, lr):
            precisions.add(lm.model.precision)

    lm = case.kind(**options)
    lm.fit(data, progress=RecordPrecision())
    assert precisions == {"full"}


def test_records_are_skipped_above_the_time_fraction(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("unrolled.monitoring.watch.EVERY", 3)
    case = CASES["lm"]
    data = case.write(tmp_path)
    frequent = case.kind(**case.options | SHORT)
    monkeypatch.setattr("unrolled.monitoring.watch.TIME_FRACTION", 1e9)
    frequent.fit(data, progress=False, watch=True)
    assert [r["step"] for r in watch_records(frequent)] == [1, 3, 6, 9, 12]
    monkeypatch.setattr("unrolled.monitoring.watch.TIME_FRACTION", 1e-9)
    rare = case.kind(**case.options | SHORT).fit(data, progress=False, watch=True)
    assert [r["step"] for r in watch_records(rare)] == [1]
    assert (
        watch_records(case.kind(**case.options | SHORT).fit(data, progress=False, watch=12))[-1]["step"] == 12
    )


@pytest.mark.parametrize("off", [False, 0])
def test_watching_is_off_by_default_and_if_disabled(tmp_path, off) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=off)
    assert not watch_records(lm)
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_negative_interval_is_refused(tmp_path) -> None:
    case = CASES["lm"]
    with pytest.raises(ConfigError, match="watch=-3: must be at least 1"):
        case.kind(**case.options | SHORT).fit(case.write(tmp_path), progress=False, watch=-3)


class KilledError(Exception):
    pass


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


def test_a_resumed_run_has_the_records_of_an_uninterrupted_one(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    options = case.options | {"epochs": 1, "max_steps": 30, "checkpoint_steps": 10}
    case.kind(**options).fit(data, out=tmp_path / "whole", progress=False, watch=5)
    with pytest.raises(KilledError):
        case.kind(**options).fit(data, out=tmp_path / "killed", progress=StopAt(17), watch=5)
    case.kind.resume(tmp_path / "killed", progress=False, watch=5)
    uninterrupted, resumed = (
        without_times(read_log(tmp_path / folder / "metrics.jsonl")) for folder in ("whole", "killed")
    )
    assert uninterrupted == resumed
    assert comparable_files(tmp_path / "whole") == comparable_files(tmp_path / "killed")
    # Steps that ran twice appear once.
    steps = [e.step for e in load_events(tmp_path / "killed").Scalars("clipping/share")]
    assert steps == [1, 5, 10, 15, 20, 25, 30]


def test_a_network_without_recurrent_layers_prints_a_note(tmp_path, capsys) -> None:
    case = CASES["lm tdnn"]
    lm = case.kind(**case.options | SHORT).fit(case.write(tmp_path), progress=False, watch=4)
    assert "no recurrent layers" in capsys.readouterr().err
    assert watch_records(lm)[-1]["weights"]["output.weight"]["ratio"] > 0


def test_train_and_resume_take_watch(tmp_path, command) -> None:
    case = CASES["lm"]
    data, run = case.write(tmp_path), tmp_path / "run"
    flags = [*case.flags, "--data", data, "--out", run, "--max-steps", "12"]
    done = command("train", "lm", *flags, "--watch", "--watch-every", "6")
    assert done.status == 0
    assert [r["step"] for r in read_log(run / "metrics.jsonl") if r["kind"] == "watch"] == [1, 6, 12]
    assert command("resume", run, "--watch").status == 0
    assert ur.load(run).result["steps"] == 12
    refused = command("resume", run, "--watch-every", "6")
    assert refused.status == 1
    assert "--watch-every 6 needs --watch" in refused.err
    refused = command("train", "lm", *flags, "--watch", "--watch-every", "-1")
    assert "--watch-every -1: must be at least 1" in refused.err


def test_the_callback_refuses_a_negative_interval() -> None:
    with pytest.raises(ConfigError, match="watch=-1"):
        Watch(None, None, every=-1)
