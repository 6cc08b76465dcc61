"""Files are replaced atomically, and damaged files raise an error that names them."""

import errno
import json
import os
import stat

import pytest
import torch

from unrolled.errors import RunError
from unrolled.training.tensor_files import (
    read_json,
    read_shapes,
    read_tensors,
    write_atomically,
    write_json,
    write_tensors,
)


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "f"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["f"]


def test_file_mode_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "f", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("call", "earlier"),
    [
        ("replace", None),
        ("fsync", None),
        ("replace", b"the earlier one"),
        ("fsync", b"the earlier one"),
        ("chmod", b"the earlier one"),
    ],
)
def test_a_failed_write_leaves_the_earlier_file(tmp_path, monkeypatch, call, earlier):
    path = tmp_path / "f.bin"
    if earlier is not None:
        path.write_bytes(earlier)

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(RunError, match=r"f\.bin: could not be written \(No space left") as error:
        write_atomically(path, b"the new one")
    monkeypatch.undo()
    assert ("the earlier f.bin is unchanged" in str(error.value)) == (earlier is not None)
    assert os.listdir(tmp_path) == ([] if earlier is None else ["f.bin"])
    assert earlier is None or path.read_bytes() == earlier


def test_an_interrupted_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "f"
    path.write_bytes(b"earlier")

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert os.listdir(tmp_path) == ["f"]
    assert path.read_bytes() == b"earlier"


def test_data_is_synced_before_the_rename(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, n=name, r=real: (calls.append(n), r(*a))[1])
    write_atomically(tmp_path / "f", b"x")
    assert calls[:2] == ["fsync", "replace"]


def test_missing_folder_is_named_in_the_error(tmp_path):
    with pytest.raises(RunError, match=r"the folder .*nowhere does not exist"):
        write_atomically(tmp_path / "nowhere" / "f", b"x")


def test_json_round_trip(tmp_path):
    values = {"a": [1, 2.5, None, True], "text": "世界 \udc80 \n", "deep": {"b": {}}}
    write_json(tmp_path / "v.json", values)
    assert read_json(tmp_path / "v.json") == values
    assert (tmp_path / "v.json").read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": 1', b"[1]", b"3", b"null", b"\xff\xfe{}", b'{"a": 1}{']
)
def test_damaged_json_is_refused(tmp_path, content):
    path = tmp_path / "v.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"v\.json: damaged"):
        read_json(path)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(RunError, match=r"v\.json: missing"):
        read_json(tmp_path / "v.json")
    with pytest.raises(RunError, match=r"t\.safetensors: missing"):
        read_tensors(tmp_path / "t.safetensors")


@pytest.fixture
def tensors():
    generator = torch.Generator().manual_seed(0)
    return {
        "a": torch.randn(3, 4, generator=generator),
        "turned": torch.randn(2, 5, generator=generator).t(),
        "double": torch.tensor([1e-300, -0.0], dtype=torch.float64),
        "bytes": torch.arange(7, dtype=torch.uint8),
        "scalar": torch.tensor(3.0),
        "empty": torch.zeros(0, 4),
    }


def test_tensor_round_trip_is_exact(tmp_path, tensors):
    meta = {"step": 3, "best": float("inf"), "text": "é", "exact": 0.1 + 0.2}
    write_tensors(tmp_path / "t", tensors, meta)
    loaded, loaded_meta = read_tensors(tmp_path / "t")
    assert loaded_meta == meta
    assert loaded.keys() == tensors.keys()
    for name, t in tensors.items():
        assert loaded[name].dtype == t.dtype
        assert torch.equal(loaded[name], t)


def test_equal_tensors_give_equal_bytes(tmp_path, tensors):
    write_tensors(tmp_path / "one", tensors, {"a": 1})
    write_tensors(tmp_path / "two", dict(reversed(tensors.items())), {"a": 1})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_truncated_file_is_refused(tmp_path, tensors):
    path = tmp_path / "t"
    write_tensors(path, tensors, {"a": 1})
    complete = path.read_bytes()
    for length in [0, 1, 7, 8, 9, 50, len(complete) // 2, len(complete) - 1]:
        path.write_bytes(complete[:length])
        with pytest.raises(RunError, match="t: damaged"):
            read_tensors(path)


def test_a_damaged_header_is_refused(tmp_path, tensors):
    path = tmp_path / "t"
    write_tensors(path, tensors, {})
    contents = bytearray(path.read_bytes())
    size = int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8 : 8 + size])
    assert header["a"]["shape"] == [3, 4]
    contents[10:14] = b"\x00\xff{}"
    path.write_bytes(contents)
    with pytest.raises(RunError, match="damaged"):
        read_tensors(path)
    path.write_bytes(b"\xff" * 8 + bytes(contents[8:]))
    with pytest.raises(RunError, match="damaged"):
        read_tensors(path)


def test_a_failed_mmap_is_reported_as_out_of_memory(tmp_path, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("unable to mmap 322122547200 bytes from file <m>: Cannot allocate memory (12)")

    path = tmp_path / "model.safetensors"
    write_tensors(path, {"a": torch.ones(2)}, {})
    monkeypatch.setattr("unrolled.training.tensor_files.safe_open", fail)
    for read in (read_tensors, read_shapes):
        with pytest.raises(RunError, match=r"model\.safetensors: does not fit into memory"):
            read(path)
