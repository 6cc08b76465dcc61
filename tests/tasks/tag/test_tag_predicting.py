"""Scores of sentences in which some tags are unknown."""

import itertools
import math

import pytest
import torch

import unrolled as ur
from unrolled.data.tagged import Tagged
from unrolled.tasks.tag.data import encode_tagged
from unrolled.tasks.tag.predicting import score_sentences

WORDS = [["a", "b", "c"], ["b", "d"]]
TRAIN = Tagged(WORDS * 4, [["X", "Y", "X"], ["Y", "Z"]] * 4)


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_unknown_tags_are_marginalised(output):
    model = ur.Tagger(hidden=4, embedding=4, characters=0, epochs=1, threads=1, output=output)
    model.fit(TRAIN, progress=False)
    tags = ["X", "new", "Y"]
    encoded = encode_tagged(Tagged(WORDS[:1], [tags]), model.vocabularies, "t")
    score = score_sentences(model.model, encoded, model.vocabularies.tags)
    candidates = [["X", tag, "Y"] for tag in model.vocabularies.tags]
    total = sum(math.exp(-_nats(model, tag)) for tag in candidates)
    assert score.nats == pytest.approx(-math.log(total) / 2, rel=1e-4)
    assert score.unseen == 1
    assert score.accuracy <= 2 / 3
    assert score.labels == ["X", "Y", "Z", "new"]
    assert score.confusion.sum() == 3


def test_probabilities_of_all_sequences_sum_to_one():
    model = ur.Tagger(hidden=4, embedding=4, characters=0, epochs=1, threads=1, output="crf")
    model.fit(TRAIN, progress=False)
    sequences = itertools.product(model.vocabularies.tags, repeat=3)
    assert sum(math.exp(-_nats(model, [*sequence])) for sequence in sequences) == pytest.approx(1, rel=1e-4)


def _nats(model, tags):
    encoded = encode_tagged(Tagged(WORDS[:1], [tags]), model.vocabularies, "t")
    with torch.no_grad():
        return 3 * score_sentences(model.model, encoded, model.vocabularies.tags).nats
