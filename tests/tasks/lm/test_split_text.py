"""A text split into training, held-out and test parts."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from unrolled.data import open_documents
from unrolled.errors import DataError
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.hold_out import resolve_hold_out
from unrolled.tasks.lm.split_text import split_text


def split(corpus, folder):
    documents = open_documents(corpus.data)
    resolved = replace(corpus, hold_out=resolve_hold_out(corpus.hold_out, len(documents)))
    return split_text(resolved, documents, folder)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(f"line number {i}\n" for i in range(100)))
    return CorpusConfig(data=str(path))


def read_parts(parts):
    return [Path(name).read_bytes().decode() for name in (parts.data, parts.valid, parts.test)]


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.3])
def test_the_parts_add_up_to_the_text(tmp_path, corpus, fraction):
    parts, note = split(replace(corpus, valid_fraction=fraction), tmp_path / "parts")
    train, valid, test = read_parts(parts)
    assert train + valid + test == (tmp_path / "text.txt").read_text()
    for part, expected_fraction in ((train, 1 - 2 * fraction), (valid, fraction), (test, fraction)):
        assert part.startswith("line")
        assert part.endswith("\n")
        assert part.count("\n") == pytest.approx(100 * expected_fraction, abs=2)
    assert f"last {100 * fraction:g}%" in note
    assert "held out" in note


def test_the_default_test_part_is_a_tenth(tmp_path, corpus):
    parts, _ = split(replace(corpus, valid_fraction=0.0), tmp_path / "parts")
    assert [part.count("\n") for part in read_parts(parts)] == pytest.approx([80, 10, 10], abs=2)


def test_given_held_out_text_is_kept(tmp_path, corpus):
    held_out = tmp_path / "held out.txt"
    held_out.write_text("something else\n")
    parts, note = split(replace(corpus, valid=str(held_out)), tmp_path / "parts")
    train, valid, test = read_parts(parts)
    assert (parts.valid, valid) == (str(held_out), "something else\n")
    assert train + test == (tmp_path / "text.txt").read_text()
    assert test.count("\n") == pytest.approx(10, abs=2)
    assert "held out" not in note


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for i in range(20):
        (folder / f"{i:02}.txt").write_text(f"text {i}\nends\n\n" + "line\n" * 37)
    return folder


def test_documents_may_be_joined(tmp_path, folder):
    parts, _ = split(CorpusConfig(data=str(folder), hold_out="end"), tmp_path / "parts")
    full_text = "".join((folder / f"{i:02}.txt").read_text() for i in range(20))
    assert "".join(read_parts(parts)) == full_text


def test_many_documents_are_held_out_as_documents(tmp_path, folder):
    parts, note = split(CorpusConfig(data=str(folder)), tmp_path / "parts")
    names = [
        [d.text.split("\n")[0] for d in open_documents(s)] for s in (parts.data, parts.valid, parts.test)
    ]
    assert [len(part) for part in names] == [16, 2, 2]
    assert sorted(itertools.chain(*names)) == sorted(f"text {i}" for i in range(20))
    assert "2 of 20 documents, evenly spread is the test" in note


def test_few_documents_are_held_out_by_their_ends(tmp_path, folder):
    for i in range(4, 20):
        (folder / f"{i:02}.txt").unlink()
    parts, note = split(CorpusConfig(data=str(folder)), tmp_path / "parts")
    for i in range(4):
        texts = [open_documents(s)[i].text for s in (parts.data, parts.valid, parts.test)]
        assert "".join(texts) == (folder / f"{i:02}.txt").read_text()
        assert [part.count("\n") for part in texts] == pytest.approx([32, 4, 4], abs=1)
    assert "the last 10% of each of the 4 documents is the test" in note
    # Splitting again with fewer documents removes the earlier files.
    (folder / "03.txt").unlink()
    parts, _ = split(CorpusConfig(data=str(folder)), tmp_path / "parts")
    assert len(open_documents(parts.data)) == 3


def test_a_text_of_one_line_is_cut_within_the_line(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("word " * 200)
    parts, _ = split(CorpusConfig(data=str(path)), tmp_path / "parts")
    assert [len(part) for part in read_parts(parts)] == pytest.approx([800, 100, 100], abs=2)


@pytest.mark.parametrize(("text", "fraction"), [("a\n", 0.1), ("a\nb\n", 0.1), ("a\nb\nc\nd\n", 0.7)])
def test_a_short_text_is_refused(tmp_path, text, fraction):
    path = tmp_path / "text.txt"
    path.write_text(text)
    with pytest.raises(
        DataError, match=rf"text\.txt: too short to split off {fraction:g} of it .* or a test"
    ):
        split(CorpusConfig(data=str(path), valid_fraction=fraction), tmp_path / "parts")
    assert not (tmp_path / "parts").exists()
