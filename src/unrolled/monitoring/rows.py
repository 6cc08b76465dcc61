"""The first rows of a batch, for a look that costs little."""

import dataclasses
from functools import singledispatch
from typing import Any

import numpy as np

from unrolled.data import Chunk, PairBatch
from unrolled.data.pair_batches import SourceBatch
from unrolled.tasks.classify.data import LabelledBatch
from unrolled.tasks.forecast.job import Pieces
from unrolled.tasks.tag.data import TaggedBatch
from unrolled.training.job import Carried


@singledispatch
def first_rows(batch: Any, rows: int) -> Any:
    """Return the first rows of a batch, in the same form, without padding that none of them needs.

    Raises:
        TypeError: for batches of a kind that is not known here.
    """
    raise TypeError(f"no way is known to take rows of a {type(batch).__name__}")


def first_states(state: Carried, rows: int) -> Carried:
    """Return the carried states, each (…, B, size), of the first rows."""
    return None if state is None else tuple(s[..., :rows, :] for s in state)


@first_rows.register
def _(batch: Chunk, rows: int) -> Chunk:
    lengths = None if batch.lengths is None else batch.lengths[:rows]
    steps = len(batch.inputs) if lengths is None else int(lengths.max())
    fresh = None if batch.fresh is None else batch.fresh[:steps, :rows]
    return Chunk(batch.inputs[:steps, :rows], batch.targets[:steps, :rows], fresh, lengths)


@first_rows.register
def _(batch: LabelledBatch, rows: int) -> LabelledBatch:
    lengths = batch.lengths[:rows]
    return LabelledBatch(batch.sequences[: int(lengths.max()), :rows], lengths, batch.labels[:rows])


@first_rows.register
def _(batch: TaggedBatch, rows: int) -> TaggedBatch:
    s = batch.sentences
    lengths = s.lengths[:rows]
    steps = int(lengths.max())
    words, kinds = s.words[:steps, :rows], s.kinds[:steps, :rows]
    present, local = np.unique(kinds.numpy(), return_inverse=True)
    spelled = s.spelling_lengths[present]
    sentences = dataclasses.replace(
        s,
        words=words,
        lengths=lengths,
        spellings=s.spellings[: int(spelled.max()), present],
        spelling_lengths=spelled,
        kinds=s.kinds.new_tensor(local.reshape(kinds.shape)),
    )
    return TaggedBatch(sentences, batch.tags[:steps, :rows])


@first_rows.register
def _(batch: PairBatch, rows: int) -> PairBatch:
    sources, lengths = batch.source.lengths[:rows], batch.lengths[:rows]
    steps = int(lengths.max())
    source = SourceBatch(batch.source.tokens[: int(sources.max()), :rows], sources)
    return PairBatch(source, batch.inputs[:steps, :rows], batch.targets[:steps, :rows], lengths)


@first_rows.register
def _(batch: tuple, rows: int) -> tuple[Pieces, ...]:
    return tuple(Pieces(p.inputs[:, :rows], p.targets[:, :rows], p.known[:, :rows]) for p in batch)


@first_rows.register
def _(batch: list, rows: int) -> list[Any]:
    return batch[:rows]
