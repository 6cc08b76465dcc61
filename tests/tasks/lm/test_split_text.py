"""A text cut into parts, and what is left of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from unrolled.errors import DataError
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.split_text import split_text


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(f"line number {i}\n" for i in range(100)))
    return CorpusConfig(data=str(path))


def parts_of(found):
    return [Path(name).read_bytes().decode() for name in (found.data, found.valid, found.test)]


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.3])
def test_the_parts_are_the_text(tmp_path, corpus, fraction):
    found, said = split_text(replace(corpus, valid_fraction=fraction), tmp_path / "parts")
    train, valid, test = parts_of(found)
    assert train + valid + test == (tmp_path / "text.txt").read_text()
    for part, share in ((train, 1 - 2 * fraction), (valid, fraction), (test, fraction)):
        assert part.startswith("line")
        assert part.endswith("\n")
        assert part.count("\n") == pytest.approx(100 * share, abs=2)
    assert f"last {100 * fraction:g}%" in said
    assert "held out" in said


def test_without_a_share_it_is_a_tenth(tmp_path, corpus):
    found, _ = split_text(replace(corpus, valid_fraction=0.0), tmp_path / "parts")
    assert [part.count("\n") for part in parts_of(found)] == pytest.approx([80, 10, 10], abs=2)


def test_given_held_out_text_stays(tmp_path, corpus):
    held_out = tmp_path / "held out.txt"
    held_out.write_text("something else\n")
    found, said = split_text(replace(corpus, valid=str(held_out)), tmp_path / "parts")
    train, valid, test = parts_of(found)
    assert (found.valid, valid) == (str(held_out), "something else\n")
    assert train + test == (tmp_path / "text.txt").read_text()
    assert test.count("\n") == pytest.approx(10, abs=2)
    assert "held out" not in said


def test_documents_become_one(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for i in range(20):
        (folder / f"{i:02}.txt").write_text(f"text {i}\nends\n\n")
    found, _ = split_text(CorpusConfig(data=str(folder)), tmp_path / "parts")
    assert "".join(parts_of(found)) == "".join(f"text {i}\nends\n" for i in range(20))


def test_a_text_of_one_line_is_cut_within_it(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("word " * 200)
    found, _ = split_text(CorpusConfig(data=str(path)), tmp_path / "parts")
    assert [len(part) for part in parts_of(found)] == pytest.approx([800, 100, 100], abs=2)


@pytest.mark.parametrize(("text", "fraction"), [("a\n", 0.1), ("a\nb\n", 0.1), ("a\nb\nc\nd\n", 0.7)])
def test_too_short_a_text_is_refused(tmp_path, text, fraction):
    path = tmp_path / "text.txt"
    path.write_text(text)
    with pytest.raises(
        DataError, match=rf"text\.txt: too short to put {fraction:g} of it aside .* or a test"
    ):
        split_text(CorpusConfig(data=str(path), valid_fraction=fraction), tmp_path / "parts")
    assert not (tmp_path / "parts").exists()
