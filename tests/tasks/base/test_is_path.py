"""``is_path``: a value is the name of a file or the data itself."""

import pytest

from unrolled.errors import DataError
from unrolled.tasks.base.sources import is_path


def test_names_of_data_are_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a text.txt").write_text("x")
    for value in ("a text.txt", tmp_path, tmp_path / "missing", str(tmp_path), "@ptb/train"):
        assert is_path(value), value


def test_data_are_not_paths():
    for value in ("two\nlines", "word " * 100, ["a", "b"], [1.0], "é" * 128, "a\0b"):
        assert not is_path(value), value


@pytest.mark.parametrize("value", ["corpus.txt", "Once upon a time", ""])
def test_ambiguous_text_is_refused(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"no such file or folder; to give a text itself, .*\[text\]"):
        is_path(value)
