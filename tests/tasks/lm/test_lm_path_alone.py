"""``unrolled train lm`` needs only a path; the first output lines tell how the data were read."""

import gzip

import pytest

SHORT = ("--max-steps", 2, "--hidden", 8, "--embedding", 4, "--batch", 4, "--steps", 8, "--threads", 1)
PROSE = "the quick brown fox jumps over the lazy dog\nand runs away, Ä\n" * 30


@pytest.fixture
def train(tmp_path, command):
    def run(data, *options):
        outcome = command("train", "lm", "--data", data, "--out", tmp_path / "run", *SHORT, *options)
        assert outcome.status == 0, outcome.err
        return [
            line for line in outcome.err.splitlines() if "thread" not in line and not line.startswith("step ")
        ]

    return run


def write_bytes(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("plain.txt", PROSE.encode(), ""),
        ("no ending", PROSE.encode(), ""),
        ("windows.txt", PROSE.replace("\n", "\r\n").encode(), ""),
        ("marked.txt", PROSE.encode("utf-8-sig"), ""),
        ("wide.txt", PROSE.encode("utf-16"), "read as utf-16, by its byte order mark"),
        ("wider.txt", PROSE.encode("utf-32"), "read as utf-32, by its byte order mark"),
        ("packed.txt.gz", gzip.compress(PROSE.encode(), mtime=0), ""),
        ("a,b [1].txt", PROSE.encode(), ""),
    ],
)
def test_training_on_one_file(tmp_path, train, name, content, note):
    notes = train(write_bytes(tmp_path / name, content))
    assert len(notes) == bool(note)
    assert not note or note in notes[0]


@pytest.mark.parametrize("source_kind", ["folder", "list", "pattern", "deep pattern"])
def test_training_on_several_files(tmp_path, train, source_kind):
    for name in ("a.txt", "b.txt", "in/c.txt"):
        write_bytes(tmp_path / "books" / name, PROSE.encode())
    write_bytes(tmp_path / "books" / "empty.txt", b" \n")
    books = tmp_path / "books"
    sources = {
        "folder": (books, 3),
        "list": (f"{books}/a.txt, {books}/b.txt,{books}/empty.txt", 2),
        "pattern": (f"{books}/*.txt", 2),
        "deep pattern": (f"{books}/**/*.txt", 3),
    }
    source, count = sources[source_kind]
    notes = train(source)
    assert f"1 of {count + 1} files is empty and left out: {books}/empty.txt" in notes
    held_out = (
        f"held out: the last 10% of each of the {count} documents (--hold-out, --valid-fraction, --valid)"
    )
    assert held_out in notes


def test_another_encoding(tmp_path, command, train):
    path = write_bytes(tmp_path / "latin.txt", PROSE.encode("latin-1"))
    error = command("train", "lm", "--data", path, "--out", tmp_path / "run").error
    assert "is not UTF-8 (byte 0xc4 on line 2)" in error
    assert "--encoding cp1252 or latin-1" in error
    train(path, "--encoding", "latin-1")
    assert "Ä" in command("score", tmp_path / "run", "--data", path, "--per", "line").out
    utf8 = write_bytes(tmp_path / "utf8.txt", PROSE.encode())
    note = command("evaluate", tmp_path / "run", "--data", utf8).err
    assert "utf8.txt: read as latin-1, though it is valid UTF-8 (--encoding)" in note
    unknown_encoding = command(
        "train", "lm", "--data", path, "--out", tmp_path / "r2", "--encoding", "klingon"
    ).error
    assert "--encoding klingon: is not an encoding" in unknown_encoding


def test_a_pattern_without_matches_is_refused(tmp_path, command):
    error = command("train", "lm", "--data", tmp_path / "*.txt", "--out", tmp_path / "run").error
    assert "no file matches this pattern" in error


def test_compare_needs_only_a_path(tmp_path, command):
    # The last tenth has a character that occurs nowhere else.
    path = write_bytes(tmp_path / "novel.txt", (PROSE + "x = y\n" * 3).encode())
    options = ("--models", "kn3", "lstm", "--out", tmp_path / "c", *SHORT)
    outcome = command("compare", "lm", "--data", path, *options)
    assert outcome.status == 0, outcome.err
    assert "are unknown to the model ('='" in outcome.err
    assert "unknown" in outcome.err.lower()


def test_names_that_are_not_utf8(tmp_path, train, command):
    path = write_bytes(tmp_path / "caf\udce9.txt", PROSE.encode())
    assert train(path) == []
    outcome = command("next", tmp_path / "run", "--prompt", "caf\udce9")
    assert outcome.status == 0
    assert "1 of 4 characters are unknown to the model" in outcome.err
