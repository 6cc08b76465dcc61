"""Commas separate files but may also be part of a path."""

import pytest

from cases import CASES, write_labelled
from unrolled.data.labelled import read_labelled
from unrolled.data.pairs import PairForm, read_pairs
from unrolled.data.path_lists import split_paths
from unrolled.experiments.variant import parse_variant
from unrolled.tasks.base.sources import make_absolute


@pytest.fixture
def folder(tmp_path):
    inner = tmp_path / "two, or three, words"
    inner.mkdir()
    for name in ("a.de", "a.en", "good.txt", "bad.txt"):
        (inner / name).write_text("a line\nanother\n", encoding="utf-8")
    return inner


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("", [""]),
        ("a,b", ["a", "b"]),
        ("a, b,,c", ["a", " b", "", "c"]),
        ("x=1,y=2,3", ["x=1", "y=2", "3"]),
        ("{0}/a.de", ["{0}/a.de"]),
        ("{0}/a.de,{0}/a.en", ["{0}/a.de", "{0}/a.en"]),
        ("{0}/a.de, {0}/a.en", ["{0}/a.de", " {0}/a.en"]),
        ("{0}/no.de", ["{0}/no.de"]),
        ("{0}/no.de,{0}/no.en", ["{0}/no.de", "{0}/no.en"]),
        ("{0}/no.de,{0}/a.en", ["{0}/no.de", "{0}/a.en"]),
        ("g={0}/no.txt,b={0}/bad.txt", ["g={0}/no.txt", "b={0}/bad.txt"]),
        ("g={0}/good.txt,b={0}/bad.txt", ["g={0}/good.txt", "b={0}/bad.txt"]),
        ("lr=0.1,pretrain={0}/a.de,hidden=3", ["lr=0.1", "pretrain={0}/a.de", "hidden=3"]),
        ("a" * 5000 + "," + "b" * 5000, ["a" * 5000, "b" * 5000]),
    ],
)
def test_split_paths(text, parts, folder):
    assert split_paths(text.format(folder)) == [part.format(folder) for part in parts]


def test_two_files_in_a_folder_with_commas(folder):
    assert len(read_pairs(f"{folder}/a.de,{folder}/a.en", PairForm()).sources) == 2
    table = CASES["translate"].write(folder)
    assert read_pairs(table, PairForm()).sources


def test_files_by_label_in_a_folder_with_commas(folder, monkeypatch):
    source = f"good={folder}/good.txt,bad={folder}/bad.txt"
    assert read_labelled(source).labels == ["good"] * 2 + ["bad"] * 2
    monkeypatch.chdir(folder)
    assert make_absolute("good=good.txt,bad=bad.txt") == source
    assert make_absolute(source) == source
    assert make_absolute(write_labelled(folder)) == str(folder / "labelled.tsv")


def test_a_variant_with_commas_in_a_path(folder):
    text = f"hidden=3,pretrain={folder}/a.de"
    assert parse_variant(text).options == {"hidden": 3, "pretrain": f"{folder}/a.de"}
