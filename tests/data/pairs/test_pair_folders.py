"""Folders with training, held-out and test pairs."""

import pytest

from unrolled.data.pairs import open_folder
from unrolled.errors import DataError


@pytest.fixture
def write(tmp_path):
    """``write("a.tsv", text)`` returns the path of a file."""

    def put(name, text):
        path = tmp_path / name
        raw = text.encode() if isinstance(text, str) else text
        path.write_bytes(raw)
        return path

    return put


def relative_parts(folder, parts):
    return tuple(part.replace(f"{folder}/", "") for part in parts)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train.de", "train.en"], ("train.de,train.en", "", "")),
        (
            ["train.de", "train.en", "val.de", "val.en", "test_2016.de", "test_2016.en", "README"],
            ("train.de,train.en", "val.de,val.en", "test_2016.de,test_2016.en"),
        ),
        (["train.tsv", "dev.tsv", "test.tsv"], ("train.tsv", "dev.tsv", "test.tsv")),
        (
            ["src-train.txt", "tgt-train.txt", "src-val.txt", "tgt-val.txt"],
            ("src-train.txt,tgt-train.txt", "src-val.txt,tgt-val.txt", ""),
        ),
        (["train.source", "train.target"], ("train.source,train.target", "", "")),
        (["train.de.gz", "train.en.gz"], ("train.de.gz,train.en.gz", "", "")),
        (["pairs.tsv", "README.md", "LICENSE"], ("pairs.tsv", "", "")),
        (["corpus.de", "corpus.en", "readme.txt"], ("corpus.de,corpus.en", "", "")),
        (
            ["B.en-de.de", "B.en-de.en", "B.en-de.ids", "LICENSE", "README"],
            ("B.en-de.en,B.en-de.de", "", ""),
        ),
    ],
)
def test_the_only_pair_of_each_part_is_used(write, tmp_path, names, expected):
    for name in names:
        write(name, "x\n")
    assert relative_parts(tmp_path, open_folder(tmp_path)) == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train.de", "train.en", "train.fr"], "any two of train.de, train.en, train.fr; .*--data .*,"),
        (["train.de", "train.tsv"], "any two of"),
        (["a.txt", "b.txt"], "holds no train.SOURCE .* but a.txt, b.txt"),
        ([], "but no files"),
    ],
)
def test_ambiguous_folders_are_refused(write, tmp_path, names, message):
    for name in names:
        write(name, "x\n")
    with pytest.raises(DataError, match=message):
        open_folder(tmp_path)


@pytest.mark.parametrize("names", [("source.txt", "target.txt"), ("trg.txt", "src.txt")])
def test_a_folder_with_one_source_and_one_target_file(tmp_path, names):
    for name in (*names, "README", "SOURCE"):
        (tmp_path / name).write_text("a b\n" * 3)
    source, target = sorted(names, key=lambda name: name.startswith("t"))
    assert open_folder(tmp_path).train == f"{tmp_path / source},{tmp_path / target}"
