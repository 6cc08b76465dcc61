"""How well a translator predicts given targets, token by token."""

import torch

from unrolled.data import IGNORE, EncodedPairs
from unrolled.devices import device_of, move
from unrolled.models import EncoderDecoder
from unrolled.training.waiting import Report

SCORING_PAIRS = 64


@torch.no_grad()
def score_pairs(model: EncoderDecoder, pairs: EncodedPairs, report: Report = lambda count: None) -> float:
    """Return the sum of −ln p over the targets, each token after the true ones before it."""
    model.eval()
    nats = 0.0
    for encoded in pairs.batches(SCORING_PAIRS):
        batch = move(encoded, device_of(model))
        _, losses = model.loss(
            batch.source.tokens,
            batch.source.lengths,
            batch.inputs,
            batch.lengths,
            batch.targets,
            ignore=IGNORE,
        )
        nats += float(losses.double().sum())
        report(len(batch.lengths))
    return nats
