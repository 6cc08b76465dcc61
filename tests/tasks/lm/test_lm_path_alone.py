"""A path and nothing else trains a language model; the first lines say what was taken for what."""

import gzip

import pytest

SHORT = ("--max-steps", 2, "--hidden", 8, "--embedding", 4, "--batch", 4, "--steps", 8, "--threads", 1)
PROSE = "the quick brown fox jumps over the lazy dog\nand runs away, Ä\n" * 30


@pytest.fixture
def train(tmp_path, command):
    def run(data, *options):
        out = command("train", "lm", "--data", data, "--out", tmp_path / "run", *SHORT, *options)
        assert out.status == 0, out.err
        return [
            line for line in out.err.splitlines() if "thread" not in line and not line.startswith("step ")
        ]

    return run


def write(path, content):
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
def test_a_file(tmp_path, train, name, content, note):
    notes = train(write(tmp_path / name, content))
    assert len(notes) == bool(note)
    assert not note or note in notes[0]


@pytest.mark.parametrize("form", ["folder", "list", "pattern", "deep pattern"])
def test_several_files(tmp_path, train, form):
    for name in ("a.txt", "b.txt", "in/c.txt"):
        write(tmp_path / "books" / name, PROSE.encode())
    write(tmp_path / "books" / "empty.txt", b" \n")
    books = tmp_path / "books"
    sources = {
        "folder": (books, 3),
        "list": (f"{books}/a.txt, {books}/b.txt,{books}/empty.txt", 2),
        "pattern": (f"{books}/*.txt", 2),
        "deep pattern": (f"{books}/**/*.txt", 3),
    }
    source, count = sources[form]
    notes = train(source)
    assert f"1 of {count + 1} files is empty and left out: {books}/empty.txt" in notes
    held_out = (
        f"held out: the last 10% of each of the {count} documents (--hold-out, --valid-fraction, --valid)"
    )
    assert held_out in notes


def test_another_encoding(tmp_path, command, train):
    path = write(tmp_path / "latin.txt", PROSE.encode("latin-1"))
    error = command("train", "lm", "--data", path, "--out", tmp_path / "run").error
    assert "is not UTF-8 (byte 0xc4 on line 2)" in error
    assert "--encoding cp1252 or latin-1" in error
    train(path, "--encoding", "latin-1")
    assert "Ä" in command("score", tmp_path / "run", "--data", path, "--per", "line").out
    utf8 = write(tmp_path / "utf8.txt", PROSE.encode())
    told = command("evaluate", tmp_path / "run", "--data", utf8).err
    assert "utf8.txt: read as latin-1, though it is valid UTF-8 (--encoding)" in told
    wrong = command("train", "lm", "--data", path, "--out", tmp_path / "r2", "--encoding", "klingon").error
    assert "--encoding klingon: is not an encoding" in wrong


def test_a_pattern_that_fits_nothing(tmp_path, command):
    error = command("train", "lm", "--data", tmp_path / "*.txt", "--out", tmp_path / "run").error
    assert "no file matches this pattern" in error


def test_a_comparison_by_path_alone(tmp_path, command):
    # The last tenth has a sign that occurs nowhere else.
    path = write(tmp_path / "novel.txt", (PROSE + "x = y\n" * 3).encode())
    options = ("--models", "kn3", "lstm", "--out", tmp_path / "c", *SHORT)
    out = command("compare", "lm", "--data", path, *options)
    assert out.status == 0, out.err
    assert "are unknown to the model ('='" in out.err
    assert "unknown" in out.err.lower()


def test_names_in_bytes_that_are_no_utf8(tmp_path, train, command):
    path = write(tmp_path / "caf\udce9.txt", PROSE.encode())
    assert train(path) == []
    found = command("next", tmp_path / "run", "--prompt", "caf\udce9")
    assert found.status == 0
    assert "1 of 4 characters are unknown to the model" in found.err
