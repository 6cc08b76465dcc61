"""A corpus as sentences: each sentence once per epoch, padded, with its length."""

from collections import Counter

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import IGNORE, Sentences

EOS = 0
sentence_lists = st.lists(st.lists(st.integers(1, 9), max_size=7), min_size=1, max_size=30)


def make_corpus(sentences):
    return Sentences([np.array(s, dtype=np.int64) for s in sentences], EOS)


def read_back(chunk):
    """Return the sentences of a batch, after checking inputs, targets, lengths and padding."""
    rows = []
    assert chunk.reset_mask is None
    assert len(chunk.inputs) == int(chunk.lengths.max())
    for column, n in enumerate(chunk.lengths.tolist()):
        targets = chunk.targets[:, column]
        assert targets[n - 1] == EOS
        assert (targets[n:] == IGNORE).all()
        assert chunk.inputs[0, column] == EOS
        assert torch.equal(chunk.inputs[1:n, column], targets[: n - 1])
        rows.append(tuple(targets[: n - 1].tolist()))
    return rows


@given(sentence_lists, st.integers(1, 5), st.none() | st.integers(0, 99))
def test_every_sentence_occurs_once_per_epoch(sentences, batch, seed):
    corpus = make_corpus(sentences)
    chunks = list(corpus.chunks(batch, seed))
    assert len(chunks) == corpus.chunk_count(batch)
    assert all(1 <= c.inputs.shape[1] <= batch for c in chunks)
    batched = Counter(row for c in chunks for row in read_back(c))
    assert batched == Counter(map(tuple, sentences))
    counted = sum(int((c.targets != IGNORE).sum()) for c in chunks)
    assert counted == corpus.predictions == sum(len(s) + 1 for s in sentences)


def order(corpus, seed):
    return [row for c in corpus.chunks(4, seed) for row in read_back(c)]


def test_the_seed_determines_the_order():
    rng = np.random.default_rng(0)
    corpus = make_corpus([rng.integers(1, 99, n).tolist() for n in rng.integers(1, 20, 200)])
    assert order(corpus, 5) == order(corpus, 5)
    assert order(corpus, 5) != order(corpus, 6)
    assert order(corpus, None) != order(corpus, 5)


def test_sentences_of_a_batch_have_similar_lengths():
    rng = np.random.default_rng(1)
    corpus = make_corpus([[1] * n for n in rng.integers(1, 60, 800)])
    for seed in (None, 3):
        padding = sum(int((c.targets == IGNORE).sum()) for c in corpus.chunks(8, seed))
        assert padding < 0.1 * corpus.predictions
    shuffled = [len(c.inputs) for c in corpus.chunks(8, 3)]
    assert shuffled != sorted(shuffled)
    lengths = [len(c.inputs) for c in corpus.chunks(8)]
    assert lengths == sorted(lengths)


@given(sentence_lists, st.floats(0, 1, exclude_max=True))
def test_a_split_keeps_the_order(sentences, fraction):
    first, second = make_corpus(sentences).split(fraction)
    assert len(second.items) == int(len(sentences) * fraction)
    assert [s.tolist() for s in first.items + second.items] == sentences
    assert first.eos == second.eos == EOS
