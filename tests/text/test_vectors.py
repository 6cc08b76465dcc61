"""Word vectors from files that these tests write themselves."""

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
KNOWN = {1: "<unk>", 2: "cat", 4: "the"}


def glove_text() -> str:
    return "".join(f"{w} {' '.join(str(x) for x in v)}\n" for w, v in VECTORS.items())


def save(path, kind):
    text = glove_text().encode()
    if kind == "word2vec text":
        text = b"4 4\n" + text
    if kind == "word2vec binary":
        from gensim.models import KeyedVectors

        made = KeyedVectors(4)
        made.add_vectors(list(VECTORS), np.array(list(VECTORS.values()), dtype=np.float32))
        made.save_word2vec_format(str(path), binary=True)
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
    matrix, found = read_vectors(path, TOKENS)
    assert matrix.dtype == np.float32
    assert matrix.shape == (5, 4)
    assert found == 3
    for row, word in KNOWN.items():
        np.testing.assert_array_equal(matrix[row], VECTORS[word])


def test_tokens_that_the_file_lacks_start_with_its_spread(tmp_path):
    save(tmp_path / "v.txt", "glove")
    tokens = ["the", *(f"unheard{i}" for i in range(2000))]
    first, found = read_vectors(tmp_path / "v.txt", tokens)
    again, _ = read_vectors(str(tmp_path / "v.txt"), tokens)
    spread = np.array(list(VECTORS.values())).std()
    assert found == 1
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
