"""How well a translator predicts given targets token by token, and what it writes itself."""

import time

import numpy as np
import torch

from unrolled.data import IGNORE, EncodedPairs, Pairs
from unrolled.devices import device_of, move
from unrolled.models import EncoderDecoder
from unrolled.tasks.base.unknown import mix_unknown_losses
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslatorConfig
from unrolled.tasks.translate.data import encode
from unrolled.tasks.translate.score import TranslationScore, lead, score_outputs
from unrolled.tasks.translate.writer import TranslationWriter
from unrolled.training.waiting import Report, silent
from unrolled.unknown import share_for

SCORING_PAIRS = 64
SAMPLES = 10
SAMPLE_PARTS = ("source", "reference", "lead", "output")


@torch.no_grad()
def score_pairs(
    model: EncoderDecoder, pairs: EncodedPairs, unknown_share: float = 0.0, report: Report = silent
) -> float:
    """Return the sum of −ln p over the targets, each token after the true ones before it.

    Args:
        model: trained.
        pairs: to score.
        unknown_share: of ``<unk>``, where it is in a target; see :mod:`unrolled.unknown`.
        report: told of the pairs that are done.
    """
    model.eval()
    nats = 0.0
    share = share_for(np.concatenate(pairs.targets), unknown_share) if len(pairs) else 0.0
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
        nats += float(mix_unknown_losses(losses.double(), batch.targets, share, IGNORE).sum())
        report(len(batch.lengths))
    return nats


def write_and_score(
    model: EncoderDecoder,
    pairs: Pairs,
    known: TranslatorArtifacts,
    config: TranslatorConfig,
    report: Report = silent,
) -> tuple[TranslationScore, list[str]]:
    """Write an output for each source as the configuration says; return the scores and the outputs."""
    limit, lowercase = config.corpus.read_at_most, config.text.lowercase
    encoded = encode(pairs, known.tokenizer, limit)
    nats = score_pairs(model, encoded, known.unknown_share, report)
    began = time.perf_counter()
    written = TranslationWriter(model, known, config.search, limit).write(pairs.sources, report)
    seconds = time.perf_counter() - began
    outputs = [best.text for best, *_ in written]
    score = score_outputs(
        pairs.sources,
        outputs,
        pairs.targets,
        nats=nats,
        tokens=encoded.predictions,
        seconds=seconds,
        lead_words=known.target_words,
        lowercase=lowercase,
        cut=sum(best.cut for best, *_ in written),
    )
    return score, outputs


def samples_of(pairs: Pairs, outputs: list[str], known: TranslatorArtifacts) -> list[dict[str, str]]:
    """Return the first few pairs with the outputs of the model and the beginning of the source."""
    sources = pairs.sources[:SAMPLES]
    begins = next(iter(lead(sources, known.target_words).values()))
    columns = (sources, pairs.targets, begins, outputs)
    return [dict(zip(SAMPLE_PARTS, row, strict=True)) for row in zip(*columns, strict=False)]
