"""The folder lock: one command at a time, even if a command is killed or forks."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from unrolled.errors import RunError
from unrolled.storage.lock import LOCK, FolderLock

fcntl = pytest.importorskip("fcntl", reason="locks of POSIX")

HOLD_LOCK = """
import sys, time
from pathlib import Path
from unrolled.storage.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of ``tmp_path / "f"``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, tmp_path / "f"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path, holder):
    with (
        pytest.raises(RunError, match=rf"f: is in use by process {holder.pid} on "),
        FolderLock(tmp_path / "f"),
    ):
        pass


def test_the_lock_of_a_killed_process_is_released(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert os.listdir(tmp_path / "f") == [LOCK]
    with FolderLock(tmp_path / "f"):
        assert str(os.getpid()) in (tmp_path / "f" / LOCK).read_text()
    assert os.listdir(tmp_path / "f") == []


def test_a_released_lock_can_be_taken_again(tmp_path):
    for _ in range(3):
        with FolderLock(tmp_path):
            pass
    with FolderLock(tmp_path), pytest.raises(RunError, match=f"process {os.getpid()}"), FolderLock(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_folder_created_for_the_lock_is_removed_on_failure(tmp_path):
    with pytest.raises(KeyError), FolderLock(tmp_path / "a"):
        raise KeyError
    assert not (tmp_path / "a").exists()
    (tmp_path / "b").mkdir()
    with pytest.raises(KeyError), FolderLock(tmp_path / "b"):
        raise KeyError
    assert (tmp_path / "b").exists()


def test_a_forked_child_neither_keeps_nor_removes_the_lock(tmp_path):
    reader, writer = os.pipe()
    with FolderLock(tmp_path):
        child = os.fork()
        if not child:
            os.close(writer)
            os.read(reader, 1)  # until the parent has released the lock and closes its end
            os._exit(0)
        os.close(reader)
    with FolderLock(tmp_path):  # the child still lives
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
    os.close(writer)
    assert os.waitpid(child, 0) == (child, 0)


def test_leaving_in_a_forked_child_leaves_the_lock_to_the_parent(tmp_path):
    with FolderLock(tmp_path) as lock:
        child = os.fork()
        if not child:
            lock.__exit__(None, None, None)
            os._exit(0)
        assert os.waitpid(child, 0) == (child, 0)
        assert os.listdir(tmp_path) == [LOCK]


def test_without_system_locks_the_file_is_the_lock(tmp_path, monkeypatch):
    def no_locks(*args):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with FolderLock(tmp_path), pytest.raises(RunError, match=rf"delete .*{LOCK}"), FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path):
        pass
    (tmp_path / LOCK).write_text("process 1 on another")
    with pytest.raises(RunError, match="in use by process 1 on another"), FolderLock(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for wrong in (tmp_path / "file", tmp_path / "file" / "in", tmp_path / ("x" * 256)):
        with pytest.raises(RunError, match="cannot be made or written to"), FolderLock(wrong):
            pass
    (tmp_path / LOCK).symlink_to(tmp_path / "file")
    with pytest.raises(RunError, match="symbolic link"), FolderLock(tmp_path):
        pass
    assert (tmp_path / "file").read_text() == "x"


def test_other_objects_with_the_name_of_the_lock_are_named_and_kept(tmp_path):
    path = tmp_path / LOCK
    for make, kind in (
        (path.mkdir, "folder"),
        (lambda: os.mkfifo(path), "special file"),
        (lambda: path.symlink_to("nowhere"), "symbolic link"),
    ):
        make()
        before = path.lstat()
        with (
            pytest.raises(RunError, match=rf"{LOCK}: is a {kind}.*move it away") as caught,
            FolderLock(tmp_path),
        ):
            pass
        assert "free space" not in str(caught.value)
        assert os.path.samestat(path.lstat(), before)
        path.rmdir() if kind == "folder" else path.unlink()


def test_a_hard_linked_file_is_not_overwritten(tmp_path):
    other, folder = tmp_path / "precious", tmp_path / "f"
    folder.mkdir()
    other.write_text("mine")
    os.link(other, folder / LOCK)
    with FolderLock(folder):
        assert str(os.getpid()) in (folder / LOCK).read_text()
        assert (other.read_text(), other.stat().st_nlink) == ("mine", 1)
    assert os.listdir(folder) == []


def test_a_held_lock_with_a_hard_link_is_respected(tmp_path, holder):
    os.link(tmp_path / "f" / LOCK, tmp_path / "copy")
    with pytest.raises(RunError, match=f"in use by process {holder.pid}"), FolderLock(tmp_path / "f"):
        pass
    assert (tmp_path / "f" / LOCK).stat().st_nlink == 2


def test_a_full_disk_leaves_no_empty_lock(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "f").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for folder in (tmp_path / "f", tmp_path / "new"):
            with pytest.raises(RunError, match="No space left"), FolderLock(folder):
                pass
    assert os.listdir(tmp_path) == ["f"]
    assert os.listdir(tmp_path / "f") == []
