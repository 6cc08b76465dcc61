"""Lines of pair and tag files: CR line ends, byte order marks, and lines without a separator."""

from pathlib import Path

import pytest

from unrolled.data.pairs import PairForm, open_folder, read_pairs
from unrolled.data.tagged import open_tagged
from unrolled.errors import DataError

COLUMNS = "the\tDET\ndog\tNOUN\n\na\tDET\ncat\tNOUN\n"
PAIRS = [(f"ein hund {i}", f"a dog, number {i}") for i in range(20)]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_tags_with_cr_line_ends_are_read_and_written(tmp_path: Path) -> None:
    raw = COLUMNS.replace("\n", "\r")
    file = open_tagged(write(tmp_path / "mac.conll", raw.encode()))
    assert file.words == [["the", "dog"], ["a", "cat"]]
    assert file.with_tags([["X", "Y"], ["X", "Y"]]) == raw.replace("DET", "X").replace("NOUN", "Y")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_tags_with_a_byte_order_mark_are_read(tmp_path: Path, encoding: str) -> None:
    file = open_tagged(write(tmp_path / "a.conll", COLUMNS.encode(encoding)))
    assert file.words == [["the", "dog"], ["a", "cat"]]


def test_two_files_with_cr_line_ends(tmp_path: Path) -> None:
    one = write(tmp_path / "a.de", "".join(a + "\r" for a, _ in PAIRS).encode())
    two = write(tmp_path / "a.en", "".join(b + "\r" for _, b in PAIRS).encode())
    assert len(read_pairs(f"{one},{two}", PairForm())) == len(PAIRS)


@pytest.mark.parametrize("ending", ["tsv", "txt"])
def test_a_line_without_a_tab_is_an_error_even_if_every_line_has_a_comma(tmp_path: Path, ending: str) -> None:
    text = "".join(f"{a}\t{b}\n" for a, b in PAIRS).replace("2\ta", "2 a", 1)
    path = write(tmp_path / f"pairs.{ending}", text.encode())
    with pytest.raises(DataError, match="line 3 "):
        read_pairs(path, PairForm())


def test_tags_before_words_are_detected_by_their_spans(tmp_path: Path) -> None:
    raw = "O\tshow\nB-ACTOR\tbrad\nI-ACTOR\tpitt\n\nO\tfind\nB-ACTOR\tanna\n"
    file = open_tagged(write(tmp_path / "train.bio", raw.encode()))
    assert file.words == [["show", "brad", "pitt"], ["find", "anna"]]
    assert file.tags == [["O", "B-ACTOR", "I-ACTOR"], ["O", "B-ACTOR"]]
    assert any("tags come first" in note for note in file.notes)
    assert file.with_tags([["O", "O", "O"], ["O", "O"]]) == raw.replace("B-ACTOR", "O").replace(
        "I-ACTOR", "O"
    )


def test_a_row_with_fewer_tags_than_words_is_an_error(tmp_path: Path) -> None:
    rows = ["the dog\tDET NOUN"] * 9
    path = write(tmp_path / "rows.tsv", "\n".join([*rows[:3], "the cat\tDET", *rows[3:]]).encode())
    with pytest.raises(DataError, match="line 4 has 2 words and 1 tag"):
        open_tagged(path)


def test_an_exact_source_column_name_takes_precedence(tmp_path: Path) -> None:
    text = "src\tsrc_prompt\ttrg\ttrg_prompt\n" + "".join(f"{a}\t<de> {a}\t{b}\t<en> {b}\n" for a, b in PAIRS)
    pairs = read_pairs(write(tmp_path / "dev.tsv", text.encode()), PairForm())
    assert (pairs.sources[0], pairs.targets[0]) == PAIRS[0]
    assert pairs.columns == ("src", "trg")


def test_held_out_pairs_have_the_file_extensions_of_the_training_pairs(tmp_path: Path) -> None:
    for name in ("train.de", "train.en", "dev.de", "dev.en", "dev.tsv"):
        write(tmp_path / name, b"a\tb\n")
    parts = open_folder(tmp_path)
    assert parts.train == f"{tmp_path / 'train.de'},{tmp_path / 'train.en'}"
    assert parts.valid == f"{tmp_path / 'dev.de'},{tmp_path / 'dev.en'}"
