"""Training word vectors, nearest neighbours, and projections onto a plane."""

import random

import numpy as np
import pytest

from unrolled.errors import ConfigError, DataError
from unrolled.text.neighbours import nearest_words, plot_words, project_to_plane
from unrolled.text.vectors import read_all_vectors, write_vectors
from unrolled.text.word2vec import Word2VecConfig, train_word2vec


def two_topics(count=400):
    """Return sentences, each with words of one of two topics."""
    rng = random.Random(0)
    topics = [["sea", "ship", "wave", "sail", "fish"], ["bread", "oven", "flour", "salt", "crust"]]
    return [rng.choices(rng.choice(topics), k=8) for _ in range(count)]


@pytest.fixture(scope="module")
def vectors():
    return train_word2vec(two_topics(), Word2VecConfig(size=12, passes=10))


@pytest.mark.parametrize("method", ["skip-gram", "cbow"])
def test_words_of_one_topic_are_neighbours(method):
    trained = train_word2vec(two_topics(), Word2VecConfig(method=method, size=12, passes=12))
    near = [word for word, _ in nearest_words(trained.index_to_key, trained.vectors, "ship", 4)]
    assert set(near) == {"sea", "wave", "sail", "fish"}


def test_the_same_seed_gives_the_same_bits(vectors):
    passes = []
    again = train_word2vec(two_topics(), Word2VecConfig(size=12, passes=10), passes.append)
    assert (again.vectors == vectors.vectors).all()
    assert passes == [1] * 10
    other = train_word2vec(two_topics(), Word2VecConfig(size=12, passes=10, seed=1))
    assert not (other.vectors == vectors.vectors).all()


def test_neighbours_agree_with_gensim(vectors):
    ours = nearest_words(vectors.index_to_key, vectors.vectors, "oven", 5)
    expected = vectors.most_similar("oven", topn=5)
    assert [word for word, _ in ours] == [word for word, _ in expected]
    np.testing.assert_allclose([c for _, c in ours], [c for _, c in expected], rtol=1e-5)
    with pytest.raises(DataError, match=r"'ovn' has no vector \(did you mean 'oven'"):
        nearest_words(vectors.index_to_key, vectors.vectors, "ovn")


def test_files_keep_every_bit(vectors, tmp_path):
    path = tmp_path / "v.txt"
    path.write_text(write_vectors(vectors.index_to_key, vectors.vectors), encoding="utf-8")
    words, matrix = read_all_vectors(path)
    assert words == vectors.index_to_key
    assert (matrix == vectors.vectors).all()


@pytest.mark.draws
@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_topics_are_separate_in_the_plane(vectors, tmp_path, method):
    points = project_to_plane(vectors.vectors, method)
    assert points.shape == (10, 2)
    sea = np.array([w in ("sea", "ship", "wave", "sail", "fish") for w in vectors.index_to_key])
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    inside = distance[np.ix_(sea, sea)].sum() / 20
    assert inside < distance[np.ix_(sea, ~sea)].mean()
    picture = plot_words([*vectors.index_to_key[:-1], "$5_{bad"], points, tmp_path / "a" / "p.png", "title")
    assert picture.stat().st_size > 5000


def test_too_little_text_is_named():
    with pytest.raises(DataError, match="no word occurs 5 times"):
        train_word2vec([["a", "b"]], Word2VecConfig())
    with pytest.raises(ConfigError, match="window=0: must be at least 1"):
        Word2VecConfig(window=0)
