"""The log of a run: whole lines only, cut back on resume."""

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
    figures = {"epoch": 0, "tokens": 40 * step, "seconds": 0.25, "loss": step / 3, "lr": 0.001}
    return {"kind": "train", "step": step} | figures


def filled(path, n):
    log = MetricsLog(path)
    for record in records(n):
        log.add(record)
    return log


def test_records_come_back_exactly(path):
    log = filled(path, 5)
    assert log.records == read_log(path) == records(5)
    assert path.read_bytes().count(b"\n") == 5
    assert log.position() == path.stat().st_size


def test_without_a_path_records_are_kept_in_memory():
    log = filled(None, 3)
    assert log.records == records(3)
    assert log.position() == 0


def test_a_line_cut_by_a_kill_is_left_out(path):
    filled(path, 3)
    whole = path.read_bytes()
    for cut in range(1, 20):
        path.write_bytes(whole[:-cut])
        assert read_log(path) == records(2)


def test_nothing_is_read_where_there_is_no_log(path):
    assert read_log(path) == []


def test_a_rewind_cuts_what_will_be_done_again(path):
    log = filled(path, 2)
    position = log.position()
    log.add(record(99))
    path.write_bytes(path.read_bytes() + b'{"step": 10')
    again = MetricsLog(path)
    again.rewind(position)
    assert again.records == records(2)
    again.add(record(2))
    assert read_log(path) == records(3)


def test_a_rewind_to_the_beginning_empties_it(path):
    log = filled(path, 2)
    log.rewind(0)
    assert log.records == []
    assert path.read_bytes() == b""


def test_a_log_shorter_than_the_checkpoint_says_is_damaged(path):
    position = filled(path, 4).position()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        MetricsLog(path).rewind(position)
    path.unlink()
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        MetricsLog(path).rewind(position)


@pytest.mark.parametrize("line", [b"nonsense", b"{", b"\x00\x00", b"\xff"])
def test_a_damaged_line_is_named(path, line):
    filled(path, 2)
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(RunError, match=r"metrics\.jsonl: damaged"):
        read_log(path)


def test_a_full_disk_is_named(path, monkeypatch):
    log = filled(path, 1)

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
def test_what_is_no_record_is_named(path, line):
    filled(path, 2)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(RunError, match=r"metrics\.jsonl: damaged .line 3"):
        read_log(path)
