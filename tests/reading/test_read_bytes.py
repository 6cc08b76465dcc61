"""Bytes of files: bounded decompression, and errors that name the file."""

import gzip
import os

import pytest

from unrolled.errors import DataError, RunError
from unrolled.reading import decode_utf8, open_file, read_bytes
from unrolled.reading.raw import ALWAYS, EXPANSION


def test_plain_and_gzipped_files_are_read(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x00\xffabc")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"\x00\xffabc" * 9))
    assert read_bytes(tmp_path / "a.bin") == b"\x00\xffabc"
    assert read_bytes(str(tmp_path / "a.gz")) == b"\x00\xffabc" * 9


def test_a_small_file_with_a_high_compression_ratio_is_read(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    assert len(read_bytes(tmp_path / "a.gz")) == 1 << 20


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("unrolled.reading.raw.ALWAYS", 1 << 16)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"a" * (1 << 20)))
    with pytest.raises(
        DataError, match=rf"bomb\.gz: unpacks to more than .* {EXPANSION} times its size.*gunzip"
    ):
        read_bytes(tmp_path / "bomb.gz")
    assert 1 << 20 <= ALWAYS <= 1 << 23


@pytest.mark.parametrize(
    "damage",
    [lambda b: b[:-9], lambda b: b[:5], lambda b: b[:20] + b"\xff\xff" + b[22:], lambda b: b"plain text"],
)
def test_a_damaged_gzip_file_is_named(tmp_path, damage):
    compressed = gzip.compress(b"some text that is packed, 1 2 3 4 5 6 7" * 40)
    (tmp_path / "a.gz").write_bytes(damage(compressed))
    with pytest.raises(RunError, match=r"a\.gz: is damaged, or not packed by gzip"):
        read_bytes(tmp_path / "a.gz", RunError)


def test_paths_that_are_not_files_are_named(tmp_path):
    for name, message in (
        ("none", "none: no such file"),
        (".", "is a folder"),
        ("x" * 300, "cannot be read .File name too long"),
        ("a\0b", "is not the name of a file"),
    ):
        with pytest.raises(DataError, match=message):
            read_bytes(tmp_path / name)


def test_an_endless_stream_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("unrolled.reading.raw.LONGEST_STREAM", 1 << 16)
    with pytest.raises(DataError, match=r"/dev/zero: gives more than 0 MiB; save it as a file"):
        read_bytes("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    if not os.fork():
        with open(tmp_path / "pipe", "wb") as file:
            file.write(b"through a pipe")
        os._exit(0)
    assert read_bytes(tmp_path / "pipe") == b"through a pipe"
    os.wait()


def test_an_error_while_a_file_is_open_names_it(tmp_path):
    (tmp_path / "a").write_bytes(b"1")

    def fail():
        with open_file(tmp_path / "a"):
            raise OSError(5, "Input/output error")

    with pytest.raises(DataError, match=r"a: cannot be read .Input/output error"):
        fail()


def test_a_file_that_does_not_fit_into_memory_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"1")

    def fail():
        with open_file(tmp_path / "a", RunError):
            raise MemoryError

    with pytest.raises(RunError, match=r"a: does not fit into memory"):
        fail()


def test_text_is_utf8_with_or_without_a_byte_order_mark():
    assert decode_utf8("\ufeffnaïve".encode(), "a") == "naïve"
    with pytest.raises(RunError, match=r"a: is not UTF-8 .byte 0xe9 on line 2"):
        decode_utf8(b"one\n\xe9", "a", RunError)
