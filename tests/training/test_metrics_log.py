"""The metrics log of a run: only complete lines are read, and a resume truncates it."""

from pathlib import Path

import pytest

from unrolled.errors import RunError
from unrolled.training.log import MetricsLog, read_log


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def records(n):
    return [record(i) for i in range(n)]


def record(step):
    metrics = {"epoch": 0, "tokens": 40 * step, "seconds": 0.25, "loss": step / 3, "lr": 0.001}
    return {"kind": "train", "step": step} | metrics


def write_records(path, n):
    log = MetricsLog(path)
    for record in records(n):
        log.add(record)
    return log


def test_record_round_trip_is_exact(path):
    log = write_records(path, 5)
    assert log.records == read_log(path) == records(5)
    assert path.read_bytes().count(b"\n") == 5
    assert log.sync() == path.stat().st_size


def test_without_a_path_records_are_kept_in_memory():
    log = write_records(None, 3)
    assert log.records == records(3)
    assert log.sync() == 0


def test_an_incomplete_last_line_is_ignored(path):
    write_records(path, 3)
    complete = path.read_bytes()
    for cut in range(1, 20):
        path.write_bytes(complete[:-cut])
        assert read_log(path) == records(2)


def test_a_missing_log_reads_as_empty(path):
    assert read_log(path) == []


def test_rewind_removes_the_records_of_steps_to_be_repeated(path):
    log = write_records(path, 2)
    position = log.sync()
    log.add(record(99))
    path.write_bytes(path.read_bytes() + b'{"step": 10')
    reopened = MetricsLog(path)
    reopened.truncate(position)
    assert reopened.records == records(2)
    reopened.add(record(2))
    assert read_log(path) == records(3)


def test_rewind_to_zero_empties_the_log(path):
    log = write_records(path, 2)
    log.truncate(0)
    assert log.records == []
    assert path.read_bytes() == b""


def test_a_log_shorter_than_its_recorded_position_is_refused(path):
    position = write_records(path, 4).sync()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        MetricsLog(path).truncate(position)
    path.unlink()
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        MetricsLog(path).truncate(position)


@pytest.mark.parametrize("line", [b"nonsense", b"{", b"\x00\x00", b"\xff"])
def test_a_damaged_first_line_is_refused(path, line):
    write_records(path, 2)
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(RunError, match=r"metrics\.jsonl: damaged"):
        read_log(path)


def test_a_full_disk_is_reported(path, monkeypatch):
    log = write_records(path, 1)

    def fail(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(RunError, match=r"metrics\.jsonl: could not be written \(No space left"):
        log.add({"step": 1})


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"kind": "train", "step": ' + b"1" * 5000 + b"}",
        b"3",
        b'{"kind": "train"}',
        b'{"step": 3}',
        b'{"kind": "later", "step": 3, "epoch": 0}',
        b'{"kind": ["train"], "step": 3}',
        b'{"kind": "nonfinite", "step": -3, "epoch": 0, "where": "x"}',
        b'{"kind": "nonfinite", "step": 3, "epoch": 0, "where": 4}',
    ],
)
def test_an_invalid_record_is_refused(path, line):
    write_records(path, 2)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(RunError, match=r"metrics\.jsonl: damaged .line 3"):
        read_log(path)
