"""Word vectors from files written by these tests."""

import gzip
import sys

import numpy as np
import pytest

from unrolled.errors import DataError
from unrolled.text.vectors import read_all_vectors, read_vectors

VECTORS = {
    "the": [0.5, -1.0, 0.25, 2.0],
    "cat": [1.5, 0.125, -0.75, 0.0],
    "dog": [-1.0, 0.5, 0.5, 1.0],
    "<unk>": [0.0, 0.25, 0.0, -0.5],
}
TOKENS = ["<eos>", "<unk>", "cat", "sat", "the"]
TOKENS_IN_FILE = {1: "<unk>", 2: "cat", 4: "the"}


def glove_text() -> str:
    return "".join(f"{w} {' '.join(str(x) for x in v)}\n" for w, v in VECTORS.items())


def save(path, kind):
    text = glove_text().encode()
    if kind == "word2vec text":
        text = b"4 4\n" + text
    if kind == "word2vec binary":
        from gensim.models import KeyedVectors

        keyed_vectors = KeyedVectors(4)
        keyed_vectors.add_vectors(list(VECTORS), np.array(list(VECTORS.values()), dtype=np.float32))
        keyed_vectors.save_word2vec_format(str(path), binary=True)
        return
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wb") as file:
        file.write(text)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("glove.txt", "glove"),
        ("glove.txt.gz", "glove"),
        ("w2v.txt", "word2vec text"),
        ("w2v.vec.gz", "word2vec text"),
        ("w2v.bin", "word2vec binary"),
        ("w2v.bin.gz", "word2vec binary"),
    ],
)
def test_every_format_gives_the_vectors(tmp_path, name, kind):
    path = tmp_path / name
    save(path, kind)
    matrix, count = read_vectors(path, TOKENS)
    assert matrix.dtype == np.float32
    assert matrix.shape == (5, 4)
    assert count == 3
    for row, word in TOKENS_IN_FILE.items():
        np.testing.assert_array_equal(matrix[row], VECTORS[word])


def test_tokens_missing_in_the_file_are_initialised_with_its_spread(tmp_path):
    save(tmp_path / "v.txt", "glove")
    tokens = ["the", *(f"unheard{i}" for i in range(2000))]
    first, count = read_vectors(tmp_path / "v.txt", tokens)
    again, _ = read_vectors(str(tmp_path / "v.txt"), tokens)
    spread = np.array(list(VECTORS.values())).std()
    assert count == 1
    assert first[1:].std() == pytest.approx(spread, rel=0.05)
    assert abs(first[1:].mean()) < 0.05
    np.testing.assert_array_equal(first, again)
    small, _ = read_vectors(tmp_path / "v.txt", tokens, spread=0.1)
    np.testing.assert_allclose(small[1:], 0.1 * first[1:], rtol=1e-5)
    np.testing.assert_array_equal(small[0], first[0])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.txt: no such file"):
        read_vectors(tmp_path / "nowhere.txt", TOKENS)
    with pytest.raises(DataError, match=r"nowhere\.txt: no such file"):
        read_all_vectors(tmp_path / "nowhere.txt")


def test_no_known_token_is_an_error(tmp_path):
    save(tmp_path / "v.txt", "glove")
    with pytest.raises(DataError, match="none of the 2 tokens"):
        read_vectors(tmp_path / "v.txt", ["Katze", "Hund"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ragged.txt", b"the 0.5 1.0 2.0\ncat 0.5 1.0\n"),
        ("words.txt", b"the cat sat on\nthe mat with me\n"),
        ("promises.txt", b"9 4\n" + glove_text().encode()),
        ("empty.txt", b""),
        ("noise.bin", b"\x93\x00\xffnothing of the kind" * 9),
        ("cut.bin", b"4 4\nthe \x00\x00"),
        ("not-gzip.txt.gz", b"the 0.5 1.0\n"),
    ],
)
def test_malformed_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        read_vectors(tmp_path / name, TOKENS)


def test_gensim_is_not_needed(tmp_path, monkeypatch):
    save(tmp_path / "v.txt", "glove")
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    assert read_vectors(tmp_path / "v.txt", TOKENS)[1] == 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.bin", b"1000000000 300\nthe " + b"\0" * 1200, "ends inside word 2 of the 1,000,000,000"),
        ("v.bin", b"3 1000000000\nthe " + b"\0" * 12, "vectors of 1,000,000,000 values"),
        (
            "v.txt",
            b"99999999999999999999 3\nthe 1 2 3\n",
            "announces 99,999,999,999,999,999,999 words, .* 1$",
        ),
        ("v.txt", b"1 3\nthe 1 2 3\ncat 1 2 3\n", "announces 1 word, but it has more"),
        ("v.txt", b"the 1 2 3\ncat 1 2_0 3\n", "line 2 has a value that is not a number"),
        ("v.txt", b"the 1 2 3\ncat 1 nan 3\n", "line 2 has a value that is not a number"),
        ("v.txt", "the 1 2 3\ncat 1 ٣ 3\n".encode(), "line 2 has a value that is not a number"),
        ("v.txt", b"the 1 2 3\ncat 1 1e99 3\n", "the vector of 'cat' is not finite"),
        ("v.txt", b"the 1 2 3\n\xff 1 2 3\n", "line 2 is not UTF-8"),
        ("v.txt", b"x" * (1 << 21), "line 1 is longer than 1 MiB"),
        ("v.txt.gz", gzip.compress(b"the" + b" 1" * (1 << 22), mtime=0), "line 1 is longer than 1 MiB"),
        ("v.txt.gz", gzip.compress(b"the 1 2 3\n" * 50, mtime=0)[:-30], "damaged"),
    ],
)
def test_sizes_claimed_by_a_file_allocate_no_memory(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_all_vectors(tmp_path / name)


def test_a_repeated_word_keeps_its_first_vector(tmp_path):
    (tmp_path / "v.txt").write_text("3 2\nthe 1 2\ncat 3 4\nthe 5 6\n")
    words, vectors = read_all_vectors(tmp_path / "v.txt")
    assert words == ["the", "cat"]
    assert vectors.tolist() == [[1, 2], [3, 4]]


def test_published_vectors_agree_with_gensim(published, tmp_path):
    from gensim.models import KeyedVectors

    expected = KeyedVectors.load_word2vec_format(
        str(published("word-vectors/glove.6B.50d.2987.word2vec-text.txt"))
    )
    expected.save_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    for path in (published("word-vectors/glove.6B.50d.2987.word2vec-text.txt"), tmp_path / "v.bin"):
        words, vectors = read_all_vectors(path)
        assert words == expected.index_to_key
        np.testing.assert_array_equal(vectors, expected.vectors)
