"""Only known files are removed from folders, and links to folders are not followed."""

import os

import pytest

from unrolled.errors import RunError
from unrolled.storage.folder import (
    check_folder,
    is_earlier_leftover,
    list_folder,
    make_folder,
    make_inner_folder,
    remove_files,
    remove_temporary_files,
)
from unrolled.storage.lock import LOCK

LEFTOVER = ".unrolled-0123456789abcdef.tmp"


def test_our_leftovers_are_not_listed(tmp_path):
    for name in (LEFTOVER, LOCK, "thesis.tmp", "a"):
        (tmp_path / name).write_text("x")
    assert list_folder(tmp_path) == ["a", "thesis.tmp"]
    assert list_folder(tmp_path / "none") == []


def test_paths_that_are_not_folders_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    cases = {"file": "is a file", "lost": "is a link to a folder that does not", "x" * 300: "name too long"}
    cases |= {"a\0b": "null", "file/in": "Not a directory"}
    for name, message in cases.items():
        with pytest.raises(RunError, match=message):
            list_folder(tmp_path / name)
    for name in ("file", "x" * 300, "a\0b"):
        with pytest.raises(RunError, match="cannot be made or read as a folder"):
            make_folder(tmp_path / name)


def test_only_our_unfinished_files_are_cleared(tmp_path):
    names = [LEFTOVER, "thesis.tmp", "config.json.abcd1234.tmp", "other.json.abcd1234.tmp", "config.json"]
    for name in names:
        (tmp_path / name).write_text("x")
    (tmp_path / LEFTOVER.replace("0", "f")).mkdir()
    remove_temporary_files(tmp_path, ("config.json",))
    remaining = [LEFTOVER.replace("0", "f"), "config.json", "other.json.abcd1234.tmp", "thesis.tmp"]
    assert sorted(os.listdir(tmp_path)) == remaining
    assert not is_earlier_leftover("config.json.ABCD1234.tmp", ("config.json",))


def test_links_to_folders_are_not_followed(tmp_path):
    pictures, own = tmp_path / "pictures", tmp_path / "own"
    for folder in (pictures, own, own / "deep"):
        folder.mkdir()
    for path in (pictures / "a.png", pictures / LEFTOVER, own / "b", own / "deep" / "a.png"):
        path.write_text("x")
    (own / "plots").symlink_to(pictures)
    (own / "c").symlink_to(pictures / "a.png")
    remove_files(own, ("plots/a.png", "deep/a.png", "b", "c", "missing", "deep"))
    remove_temporary_files(own / "plots")
    assert sorted(os.listdir(pictures)) == [LEFTOVER, "a.png"]
    assert sorted(os.listdir(own)) == ["deep", "plots"]
    assert os.listdir(own / "deep") == []
    make_inner_folder(own / "plots")
    assert not (own / "plots").is_symlink()
    assert (pictures / "a.png").exists()


def test_a_write_protected_folder_is_refused_before_the_work(tmp_path, monkeypatch):
    for folder in (tmp_path, tmp_path / "new" / "deep"):
        check_folder(folder)
    assert os.listdir(tmp_path) == []
    monkeypatch.setattr(os, "access", lambda place, how: str(place) != str(tmp_path))
    for folder in (tmp_path, tmp_path / "new" / "deep"):
        with pytest.raises(RunError, match=rf"{folder}: cannot be written \({tmp_path} is write-protected\)"):
            check_folder(folder)
