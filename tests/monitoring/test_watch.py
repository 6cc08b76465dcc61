"""Watching a training: it ends with the same bits, and looks come as often as asked."""

import pytest
import torch
from watching import SHORT, TASKS, essence, events, looks, without_clocks

import unrolled as ur
from cases import CASES
from unrolled.errors import BackendError, ConfigError
from unrolled.monitoring.watch import Watch
from unrolled.training import Watcher
from unrolled.training.log import read_log


@pytest.mark.parametrize("name", [*TASKS, "lm averaged", "lm tdnn"])
def test_a_watched_training_ends_with_the_bits_of_one_that_was_not(tmp_path, name: str) -> None:
    case = CASES[name]
    data = str(case.write(tmp_path))
    plain, watched = (
        case.kind(**case.options | SHORT).fit(data, progress=False, watch=watch) for watch in (False, 4)
    )
    others = [r for r in watched.history if r["kind"] != "watch"]
    assert without_clocks(others) == without_clocks(plain.history)
    ended = watched.model.state_dict()
    assert all(torch.equal(t, ended[n]) for n, t in plain.model.state_dict().items())
    assert [r["step"] for r in looks(watched)] == [1, 4, 8, 12]
    record = looks(watched)[0]
    assert bool(record["gradients"]["norm"]) == bool(record["saturation"]) == (name != "lm tdnn")


@pytest.mark.draws
def test_a_watched_run_ends_with_the_same_files(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    for folder, watch in (("plain", False), ("watched", 4)):
        case.kind(**case.options | SHORT).fit(data, out=tmp_path / folder, progress=False, watch=watch)
    assert essence(tmp_path / "plain") == essence(tmp_path / "watched")
    assert (tmp_path / "watched" / "plots" / "gradients_by_distance.png").stat().st_size > 5000
    assert not (tmp_path / "plain" / "plots" / "gradients_by_distance.png").exists()
    assert not (tmp_path / "plain" / "tensorboard").exists()


def test_products_in_bfloat16_are_looked_at_in_full_precision(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    options = case.options | SHORT | {"precision": "bfloat16"}
    try:
        case.kind(**options).fit(data, progress=False)
    except BackendError:
        pytest.skip("this processor has no AVX512_BF16")
    lm = case.kind(**options).fit(data, progress=False, watch=4)
    assert len(looks(lm)) == 4
    precisions = set()

    class Note(Watcher):
        def stepped(self, progress, loss, lr):
            precisions.add(lm.model.precision)

    lm = case.kind(**options)
    lm.fit(data, progress=Note())
    assert precisions == {"full"}


def test_looks_that_would_take_too_much_time_wait(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("unrolled.monitoring.watch.EVERY", 3)
    case = CASES["lm"]
    data = case.write(tmp_path)
    free = case.kind(**case.options | SHORT)
    monkeypatch.setattr("unrolled.monitoring.watch.TIME_FRACTION", 1e9)
    free.fit(data, progress=False, watch=True)
    assert [r["step"] for r in looks(free)] == [1, 3, 6, 9, 12]
    monkeypatch.setattr("unrolled.monitoring.watch.TIME_FRACTION", 1e-9)
    dear = case.kind(**case.options | SHORT).fit(data, progress=False, watch=True)
    assert [r["step"] for r in looks(dear)] == [1]
    assert looks(case.kind(**case.options | SHORT).fit(data, progress=False, watch=12))[-1]["step"] == 12


@pytest.mark.parametrize("never", [False, 0])
def test_without_being_asked_nothing_is_watched(tmp_path, never) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=never)
    assert not looks(lm)
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_negative_number_of_updates_is_refused(tmp_path) -> None:
    case = CASES["lm"]
    with pytest.raises(ConfigError, match="watch=-3: must be at least 1"):
        case.kind(**case.options | SHORT).fit(case.write(tmp_path), progress=False, watch=-3)


class KilledError(Exception):
    pass


class StopAt(Watcher):
    def __init__(self, step):
        self.step = step

    def stepped(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


def test_a_resumed_run_has_the_looks_of_a_whole_one(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    options = case.options | {"epochs": 1, "max_steps": 30, "checkpoint_steps": 10}
    case.kind(**options).fit(data, out=tmp_path / "whole", progress=False, watch=5)
    with pytest.raises(KilledError):
        case.kind(**options).fit(data, out=tmp_path / "killed", progress=StopAt(17), watch=5)
    case.kind.resume(tmp_path / "killed", progress=False, watch=5)
    whole, resumed = (
        without_clocks(read_log(tmp_path / folder / "metrics.jsonl")) for folder in ("whole", "killed")
    )
    assert whole == resumed
    assert essence(tmp_path / "whole") == essence(tmp_path / "killed")
    # What was done twice is shown once.
    steps = [e.step for e in events(tmp_path / "killed").Scalars("clipping/share")]
    assert steps == [1, 5, 10, 15, 20, 25, 30]


def test_a_network_without_recurrent_layers_says_so(tmp_path, capsys) -> None:
    case = CASES["lm tdnn"]
    lm = case.kind(**case.options | SHORT).fit(case.write(tmp_path), progress=False, watch=4)
    assert "no recurrent layers" in capsys.readouterr().err
    assert looks(lm)[-1]["weights"]["output.weight"]["ratio"] > 0


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


def test_a_watch_asks_for_a_positive_number() -> None:
    with pytest.raises(ConfigError, match="watch=-1"):
        Watch(None, None, every=-1)
