"""Reading files and folders of text; unusable files are named in the error."""

import os

import pytest

from unrolled.data import Document, read_documents, read_text
from unrolled.data.documents import open_texts
from unrolled.errors import DataError


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"one line", "one line"),
        ("naïve 世界 😀\n".encode(), "naïve 世界 😀\n"),
        (b"\xef\xbb\xbfmarked\n", "marked\n"),
        (b"a\r\nb\r\n\r\nc", "a\nb\n\nc"),
        (b"a\rb\n\tc  \n", "a\rb\n\tc  \n"),
    ],
)
def test_text_is_read(tmp_path, content, text):
    path = write(tmp_path, "a.txt", content)
    assert read_text(path) == text
    assert read_text(str(path)) == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\t\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"GIF89a\x01\x00\x7f", "is binary .a zero byte at offset 7"),
        ("two words".encode("utf-16-le"), "if it is UTF-16 .*: --encoding utf-16-le"),
        (b"one\ntwo\nthree \xe9t\xe9\n", "not UTF-8 .byte 0xe9 on line 3.*--encoding cp1252 or latin-1"),
        (b"\xff", "byte 0xff on line 1"),
        (b"cut \xe4\xb8", "byte 0xe4 on line 1"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path, content, message):
    path = write(tmp_path, "a.txt", content)
    with pytest.raises(DataError, match=f"a.txt: .*{message}"):
        read_text(path)


def test_a_missing_file_and_a_folder_have_different_errors(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.txt: no such file"):
        read_text(tmp_path / "nothing.txt")
    with pytest.raises(DataError, match="is a folder"):
        read_text(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_read_permission_is_named(tmp_path):
    path = write(tmp_path, "secret.txt", b"text")
    path.chmod(0)
    with pytest.raises(DataError, match=r"secret\.txt: cannot be read \(Permission denied\)"):
        read_text(path)


def test_a_read_error_is_named(tmp_path, monkeypatch):
    path = write(tmp_path, "a.txt", b"text")

    def fail(path, mode):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("builtins.open", fail)
    with pytest.raises(DataError, match=r"a\.txt: cannot be read \(Input/output error\)"):
        read_text(path)


def test_a_file_is_one_document(tmp_path):
    assert read_documents(write(tmp_path, "a.txt", b"text")) == [Document("a.txt", "text")]


def test_a_folder_is_read_recursively_in_order_of_names(tmp_path):
    write(tmp_path, "b.txt", b"B")
    write(tmp_path, "a/z.md", b"Z")
    write(tmp_path, "a/deep/y", b"Y")
    write(tmp_path, ".hidden", b"no")
    write(tmp_path, ".git/config", b"\x00 no")
    write(tmp_path, "a/.cache/x.txt", b"no")
    (tmp_path / "c").mkdir()
    documents = read_documents(tmp_path)
    assert documents == [
        Document(os.path.join("a", "deep", "y"), "Y"),
        Document(os.path.join("a", "z.md"), "Z"),
        Document("b.txt", "B"),
    ]


def test_a_folder_inside_a_hidden_one_is_read(tmp_path):
    folder = tmp_path / ".mine"
    write(folder, "a.txt", b"A")
    assert read_documents(folder) == [Document("a.txt", "A")]


def test_a_bad_file_in_a_folder_is_named_not_skipped(tmp_path):
    write(tmp_path, "a.txt", b"good")
    write(tmp_path, "b.png", b"\x89PNG\x00")
    with pytest.raises(DataError, match=r"b\.png: is binary"):
        read_documents(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    write(tmp_path, ".hidden", b"no")
    (tmp_path / "sub").mkdir()
    with pytest.raises(DataError, match="contains no files"):
        read_documents(tmp_path)


def test_binary_files_of_a_folder_are_left_out_and_named(tmp_path):
    folder, png = tmp_path / "docs", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    folder.mkdir()
    (folder / "a.md").write_text("some text\n")
    (folder / "logo.png").write_bytes(png)
    texts = open_texts(folder)
    assert [d.name for d in texts.documents] == ["a.md"]
    assert texts.notes == (f"1 of 2 files is binary and left out: {folder}/logo.png",)
    with pytest.raises(DataError, match=r"logo\.png: is binary"):
        open_texts(folder / "logo.png")
    (folder / "a.md").unlink()
    with pytest.raises(DataError, match=r"logo\.png: is binary"):
        open_texts(folder)
