"""Output paths given by the user: links are followed, modes kept, pipes and devices written to."""

import gzip
import os
import re
import stat
import threading

import pytest

from unrolled.atomic import UNFINISHED, write_atomically
from unrolled.errors import RunError
from unrolled.reading import read_bytes
from unrolled.storage import output
from unrolled.storage.output import check_output, parse_output_path, write_output

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, modes and pipes of POSIX")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_is_followed_and_its_target_replaced(tmp_path):
    target, link, second = tmp_path / "deep" / "target", tmp_path / "link", tmp_path / "second"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to("deep/target")
    second.symlink_to(link)
    write_output(second, b"new")
    assert (link.is_symlink(), second.is_symlink(), target.read_bytes()) == (True, True, b"new")
    assert mode(target) == 0o600
    assert sorted(os.listdir(target.parent)) == ["target"]


def test_a_link_to_a_missing_file_creates_it(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_output(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"new"
    (tmp_path / "lost").symlink_to(tmp_path / "no" / "target")
    with pytest.raises(RunError, match="no does not exist"):
        write_output(tmp_path / "lost", b"new")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(RunError, match="loop: cannot be a file"):
        write_output(tmp_path / "loop", b"new")


@pytest.mark.parametrize("file_mode", [0o600, 0o640, 0o755, 0o444])
def test_modes_are_kept(tmp_path, file_mode):
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(file_mode)
    write_atomically(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", file_mode)


def test_a_private_file_is_never_readable_by_others(tmp_path, monkeypatch):
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o600)
    modes = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (modes.append(os.fstat(handle).st_mode), fsync(handle)))
    write_atomically(path, b"new")
    assert stat.S_IMODE(modes[0]) == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")
    os.chown(path, 12345, 54321)
    path.chmod(0o640)
    write_atomically(path, b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode(path)) == (12345, 54321, 0o640)


def test_the_umask_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("it is the whole process's"))
    write_atomically(tmp_path / "f", b"x")


def test_the_folder_is_flushed_after_the_rename(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, n=name, r=real: (calls.append(n), r(*a))[1])
    write_atomically(tmp_path / "f", b"x")
    assert calls == ["fsync", "replace", "fsync"]


def test_the_longest_possible_name_is_written(tmp_path):
    path = tmp_path / ("x" * 255)
    write_output(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(RunError, match=r"cannot be a file \(File name too long\)"):
        write_output(tmp_path / ("x" * 256), b"new")


def test_temporary_files_have_recognisable_names(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(os, "replace", lambda source, target: names.append(os.path.basename(source)))
    write_atomically(tmp_path / "f", b"x")
    assert UNFINISHED.fullmatch(names[0])
    assert not UNFINISHED.fullmatch("thesis.tmp")


def test_a_pipe_is_written_to(tmp_path):
    path, received = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    write_output(path, b"x" * 200_000)
    reader.join(10)
    assert received == [b"x" * 200_000]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_pipe_without_a_reader_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "READER_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match="no program reads from this pipe"):
        write_output(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_devices_stay_devices():
    write_output(output.Path(os.devnull), b"x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_device_is_an_error():
    with pytest.raises(RunError, match=r"/dev/full: could not be written \(No space left"):
        write_output(output.Path("/dev/full"), b"x")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files as paths, as Linux has them")
def test_dev_stdout_is_written_to_even_if_it_is_a_file(tmp_path, capfd):
    link = tmp_path / "link"
    link.symlink_to("/dev/stdout")
    print("before")
    write_output(output.Path("/dev/stdout"), b"one\n")
    write_output(link, b"two\n")
    print("after")
    assert capfd.readouterr().out.split() == ["before", "one", "two", "after"]
    with pytest.raises(RunError, match=r"could not be written \(Bad file descriptor\)"):
        write_output(output.Path("/dev/fd/987"), b"x")


def test_unwritable_outputs_are_refused_before_the_work(tmp_path, monkeypatch):
    path = tmp_path / "f"
    path.write_text("old")
    with pytest.raises(RunError, match=r"f: exists already; .*--overwrite"):
        check_output(path, overwrite=False)
    with pytest.raises(RunError, match="is a folder"):
        check_output(tmp_path)
    with pytest.raises(RunError, match="no does not exist"):
        check_output(tmp_path / "no" / "f")
    with pytest.raises(RunError, match=r"cannot be a file \(embedded null byte\)"):
        check_output(tmp_path / "a\0b")
    os.mkfifo(tmp_path / "pipe")
    for special in (tmp_path / "pipe", output.Path(os.devnull)):
        check_output(special, overwrite=False)  # special files are not replaced
    monkeypatch.setattr(os, "access", lambda path, how: False)
    with pytest.raises(RunError, match="write-protected"):
        write_output(path, b"new")
    assert path.read_text() == "old"


@pytest.mark.parametrize("name", ["f.txt/", "f.txt//", "f.txt/.", "new/", "./"])
def test_the_name_of_a_folder_is_refused_as_a_file(name):
    with pytest.raises(
        RunError, match=rf"^{re.escape(name)}: ends like the name of a folder; give the name of a file"
    ):
        parse_output_path(name)


@pytest.mark.parametrize("name", ["f", "a/f", "../f", ".f", "f.", "/dev/stdout", output.Path("f")])
def test_other_names_are_paths(name):
    assert parse_output_path(name) == output.Path(name)


@pytest.mark.parametrize("file_exists", [False, True])
def test_a_write_protected_folder_is_refused_before_the_work(tmp_path, monkeypatch, file_exists):
    path, link = tmp_path / "f", tmp_path / "link"
    link.symlink_to(path)
    if file_exists:
        path.write_text("old")
    monkeypatch.setattr(os, "access", lambda place, how: str(place) != str(tmp_path))
    for name in (path, link):
        with pytest.raises(RunError, match=rf"{name.name}: the folder {tmp_path} is write-protected"):
            check_output(name)
    check_output(output.Path(os.devnull))  # no temporary file is created


def test_gz_outputs_are_compressed_reproducibly(tmp_path):
    first, second = tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"
    write_output(first, b"a,b\n" * 100)
    write_output(second, b"a,b\n" * 100)
    assert gzip.decompress(first.read_bytes()) == read_bytes(first) == b"a,b\n" * 100
    assert first.read_bytes() == second.read_bytes()  # the gzip header has no time and no name
    assert output.get_extension("run/A.CSV.gz") == output.get_extension(tmp_path / "a.csv") == ".csv"
