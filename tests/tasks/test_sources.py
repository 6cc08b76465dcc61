"""Paths of data files in a configuration."""

import os

import pytest

from unrolled.errors import DataError
from unrolled.tasks.base.sources import make_absolute
from unrolled.tasks.translate.config import PairsConfig


def test_paths_become_absolute_and_data_set_names_are_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert make_absolute("a.txt") == str(tmp_path.resolve() / "a.txt")
    assert make_absolute("good=a,bad=b") == f"good={tmp_path.resolve() / 'a'},bad={tmp_path.resolve() / 'b'}"
    assert make_absolute("@ptb/train") == "@ptb/train"


@pytest.mark.parametrize("name", ["a\0b", "good=a\0b", "circle"])
def test_impossible_file_names_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.symlink("circle", "circle")
    with pytest.raises(DataError, match="is not the name of a file"):
        make_absolute(name)
    with pytest.raises(DataError, match="is not the name of a file"):
        PairsConfig().with_sources(name.removeprefix("good="), None)
