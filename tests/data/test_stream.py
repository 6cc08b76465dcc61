"""A corpus as a token stream: every prediction once, in order."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import IGNORE, TokenStream, join_documents
from unrolled.errors import DataError

EOS = 0
documents = st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=15), min_size=1, max_size=6)
small = st.integers(1, 7)


def arrays(parts):
    return [np.array(p, dtype=np.int64) for p in parts]


def make_stream(parts, ends_lines=False) -> TokenStream:
    return join_documents(arrays(parts), EOS, ends_lines=ends_lines)


def pairs(stream):
    """Return every prediction of a stream as (input, target), in order."""
    return list(zip(stream.ids[:-1].tolist(), stream.ids[1:].tolist(), strict=True))


def test_documents_of_characters_are_separated_by_one_eos():
    stream = make_stream([[1, 2], [3], [4, 5, 6]])
    assert stream.ids.tolist() == [EOS, 1, 2, EOS, 3, EOS, 4, 5, 6]
    assert stream.starts.tolist() == [0, 3, 5]
    assert stream.predictions == 8
    assert stream.ids.dtype == np.int64


def test_documents_of_lines_keep_their_own_eos():
    stream = make_stream([[1, EOS, 2, EOS], [3], [], [4, EOS]], ends_lines=True)
    assert stream.ids.tolist() == [EOS, 1, EOS, 2, EOS, 3, EOS, EOS, 4, EOS]
    assert stream.starts.tolist() == [0, 4, 6, 7]
    assert all(stream.ids[stream.starts] == EOS)


@given(documents, st.booleans())
def test_joining_keeps_every_token_in_order(parts, ends_lines):
    stream = make_stream(parts, ends_lines)
    assert [i for i in stream.ids.tolist() if i != EOS] == [i for p in parts for i in p]
    assert (stream.ids == EOS).sum() == len(parts) + ends_lines
    assert len(stream.starts) == len(parts)
    for start, part in zip(stream.starts, parts, strict=True):
        assert stream.ids[start : start + 1 + len(part)].tolist() == [EOS, *part]


@given(documents, small, small)
def test_chunks_contain_every_prediction_once_in_order(parts, batch, steps):
    stream = make_stream(parts)
    length = stream.predictions // batch
    if not length:
        with pytest.raises(DataError, match=f"too few for {batch} rows"):
            list(stream.chunks(batch, steps))
        return
    chunks = list(stream.chunks(batch, steps))
    assert len(chunks) == stream.chunk_count(batch, steps)
    assert all(c.inputs.shape == c.targets.shape == (len(c.inputs), batch) for c in chunks)
    assert all(len(c.inputs) == steps for c in chunks[:-1])
    assert all(c.lengths is None for c in chunks)
    inputs = torch.cat([c.inputs for c in chunks])
    targets = torch.cat([c.targets for c in chunks])
    expected = pairs(stream)
    assert len(expected) - length * batch < batch  # predictions left out at the end
    for row in range(batch):
        row_pairs = list(zip(inputs[:, row].tolist(), targets[:, row].tolist(), strict=True))
        assert row_pairs == expected[row * length : (row + 1) * length]
    # Targets are the inputs shifted by one step, across chunk borders too.
    assert torch.equal(inputs[1:], targets[:-1])


@given(documents, small, small)
def test_resets_mark_exactly_the_starts_of_documents(parts, batch, steps):
    stream = make_stream(parts)
    length = stream.predictions // batch
    if not length:
        return
    marks = []
    for c in stream.chunks(batch, steps):
        assert c.reset_mask is None or (c.reset_mask.dtype == torch.bool and bool(c.reset_mask.any()))
        marks.append(torch.zeros_like(c.inputs, dtype=torch.bool) if c.reset_mask is None else c.reset_mask)
    positions = torch.cat(marks).t().flatten().nonzero().flatten().tolist()
    assert positions == [s for s in stream.starts.tolist() if s < length * batch]


@given(documents, st.floats(0, 1, exclude_max=True))
def test_a_split_partitions_the_predictions(parts, fraction):
    stream = make_stream(parts)
    first, second = stream.split(fraction)
    assert pairs(first) + pairs(second) == pairs(stream)
    assert abs(second.predictions - stream.predictions * fraction) <= 1
    assert second.starts[0] == 0
    moved = [s + first.predictions for s in second.starts[1:].tolist()]
    other_starts = [s for s in stream.starts.tolist() if s != first.predictions]
    assert first.starts.tolist() + moved == other_starts


def test_a_split_at_a_document_border_starts_a_document():
    first, second = make_stream([[1, 2], [3, 4]]).split(0.4)
    assert (first.predictions, second.predictions) == (3, 2)
    assert first.starts.tolist() == second.starts.tolist() == [0]
    assert second.ids.tolist() == [EOS, 3, 4]


@given(documents, small, small)
def test_documents_in_parallel_contain_each_prediction_once(parts, rows, steps):
    stream = make_stream(parts)
    edges = [*stream.starts.tolist(), stream.predictions]
    expected = [tuple(pairs(stream)[b:e]) for b, e in pairwise(edges)]
    documents_read = []
    for group in stream.documents(rows, steps):
        columns_read: list[list] = []
        width = None
        for chunk in group:
            steps_here, columns = chunk.inputs.shape
            assert steps_here <= steps
            if width is None:
                assert columns <= rows
                columns_read = [[] for _ in range(columns)]
            else:
                assert columns <= width  # only the first rows continue
            width = columns
            lengths = [steps_here] * columns if chunk.lengths is None else chunk.lengths.tolist()
            assert max(lengths) == steps_here
            assert chunk.reset_mask is None
            for column, n in enumerate(lengths):
                assert n > 0
                x, y = chunk.inputs[:n, column].tolist(), chunk.targets[:n, column].tolist()
                columns_read[column] += zip(x, y, strict=True)
                assert (chunk.targets[n:, column] == IGNORE).all()
                assert (chunk.targets[:n, column] != IGNORE).all()
        documents_read += map(tuple, columns_read)
    assert Counter(documents_read) == Counter(expected)


def test_too_short_a_text_is_an_error_with_its_numbers():
    stream = make_stream([[1, 2, 3]])
    with pytest.raises(DataError, match="3 tokens to predict, too few for 4 rows"):
        next(stream.chunks(4, 2))
