"""Lines of files of pairs and tags: ends of old Macs, encodings with a mark, lines that lack a separator."""

from pathlib import Path

import pytest
from unrolled.data.pairs import PairForm, read_pairs
from unrolled.data.tagged import open_tagged
from unrolled.errors import DataError

COLUMNS = "the\tDET\ndog\tNOUN\n\na\tDET\ncat\tNOUN\n"
PAIRS = [(f"ein hund {i}", f"a dog, number {i}") for i in range(20)]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_tags_of_old_macs_are_read_and_written_with_their_line_ends(tmp_path: Path) -> None:
    raw = COLUMNS.replace("\n", "\r")
    file = open_tagged(written(tmp_path / "mac.conll", raw.encode()))
    assert file.words == [["the", "dog"], ["a", "cat"]]
    assert file.with_tags([["X", "Y"], ["X", "Y"]]) == raw.replace("DET", "X").replace("NOUN", "Y")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_tags_with_a_byte_order_mark_are_read(tmp_path: Path, encoding: str) -> None:
    file = open_tagged(written(tmp_path / "a.conll", COLUMNS.encode(encoding)))
    assert file.words == [["the", "dog"], ["a", "cat"]]


def test_two_files_of_old_macs_have_their_lines(tmp_path: Path) -> None:
    one = written(tmp_path / "a.de", "".join(a + "\r" for a, _ in PAIRS).encode())
    two = written(tmp_path / "a.en", "".join(b + "\r" for _, b in PAIRS).encode())
    assert len(read_pairs(f"{one},{two}", PairForm())) == len(PAIRS)


@pytest.mark.parametrize("ending", ["tsv", "txt"])
def test_a_line_that_lacks_its_tab_is_an_error_also_where_every_line_has_a_comma(
    tmp_path: Path, ending: str
) -> None:
    text = "".join(f"{a}\t{b}\n" for a, b in PAIRS).replace("2\ta", "2 a", 1)
    path = written(tmp_path / f"pairs.{ending}", text.encode())
    with pytest.raises(DataError, match="line 3 "):
        read_pairs(path, PairForm())
