"""The catalogue: every entry is complete."""

import re
from pathlib import Path

import pytest

from unrolled.data.catalogue import CATALOGUE, labelled, music, pairs, series, tagged, text, vectors
from unrolled.data.catalogue.dataset import LABELLED, PLAIN, TAGGED, LabelledSet

MODULES = (text, series, music, pairs, vectors, labelled, tagged)
ENTRIES = list(CATALOGUE.values())
FILES = [file for entry in ENTRIES for part in entry.parts.values() for file in part]


def test_names_are_unique_and_well_formed():
    assert len(ENTRIES) == sum(len(module.SETS) for module in MODULES)
    for name, entry in CATALOGUE.items():
        assert name == entry.name
        assert re.fullmatch(r"[a-z0-9_-]+", name)
        assert all(re.fullmatch(r"[a-z0-9_.-]+", part) for part in entry.parts)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_complete(entry):
    assert entry.kind in (*PLAIN, LABELLED, TAGGED)
    assert isinstance(entry, LabelledSet) == (entry.kind is LABELLED)
    for description in (entry.content, entry.form, entry.licence):
        assert len(description) > 2
        assert description == description.strip(" .")
    assert entry.source.startswith("https://")
    assert entry.parts or entry.name == "stdlib"
    for part, files in entry.parts.items():
        assert files, part
        assert len(files) == 1 or entry.kind is LABELLED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_complete(file):
    assert file.url.startswith("https://")
    for name, sha256 in ((file.name, file.sha256), *file.equal):
        assert name == name.rpartition("/")[2] != ""
        assert re.fullmatch(r"[0-9a-f]{64}", sha256)


def test_no_two_files_have_the_same_path_or_content():
    paths = [(entry.name, file.name) for entry in ENTRIES for part in entry.parts.values() for file in part]
    assert len(set(paths)) == len(paths)
    assert len({file.sha256 for file in FILES}) == len(FILES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_docs_list_every_data_set(entry):
    page = Path(__file__).parents[3] / "docs" / "data-sets.md"
    (row,) = [
        line for line in page.read_text(encoding="utf-8").splitlines() if f"| `@{entry.name}` |" in line
    ]
    assert row.endswith(f"| `{entry.kind.used_by.removeprefix('unrolled ')}` | {entry.licence} |")
    assert all(f"`{part}`" in row for part in entry.parts if entry.name != "multi30k")
