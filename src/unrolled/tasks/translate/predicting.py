"""Scoring of a translator: the likelihood of the references, and the outputs compared with them."""

import time

import numpy as np
import torch

from unrolled.data import IGNORE, EncodedPairs, Pairs
from unrolled.devices import get_device, move
from unrolled.models import EncoderDecoder
from unrolled.tasks.base.unknown import mix_unknown_losses
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslatorConfig
from unrolled.tasks.translate.data import encode
from unrolled.tasks.translate.generator import TranslationGenerator
from unrolled.tasks.translate.score import TranslationScore, lead_outputs, score_outputs
from unrolled.tasks.translate.torch_model import TorchTranslationModel
from unrolled.training.progress_display import ProgressCallback, ignore_progress
from unrolled.unknown import get_unknown_share

BATCH_SIZE = 64
SAMPLE_COUNT = 10
SAMPLE_PARTS = ("source", "reference", "lead", "output")


@torch.no_grad()
def score_pairs(
    model: EncoderDecoder,
    pairs: EncodedPairs,
    unknown_share: float = 0.0,
    report: ProgressCallback = ignore_progress,
) -> float:
    """Return the sum of −ln p over the target tokens, with teacher forcing.

    Args:
        model: trained model.
        pairs: pairs to score.
        unknown_share: weight of ``<unk>`` if a target contains it; see :mod:`unrolled.unknown`.
        report: called with the number of pairs of each finished batch.
    """
    model.eval()
    nats = 0.0
    share = get_unknown_share(np.concatenate(pairs.targets), unknown_share) if len(pairs) else 0.0
    for cpu_batch in pairs.batches(BATCH_SIZE):
        batch = move(cpu_batch, get_device(model))
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


def translate_and_score(
    model: EncoderDecoder,
    pairs: Pairs,
    artifacts: TranslatorArtifacts,
    config: TranslatorConfig,
    report: ProgressCallback = ignore_progress,
) -> tuple[TranslationScore, list[str]]:
    """Generate an output for each source with the search of the configuration; return scores and outputs."""
    limit, lowercase = config.corpus.read_at_most, config.text.lowercase
    encoded = encode(pairs, artifacts.tokenizer, limit)
    nats = score_pairs(model, encoded, artifacts.unknown_share, report)
    began = time.perf_counter()
    generator = TranslationGenerator(TorchTranslationModel(model), artifacts, config.search, limit)
    generated = generator.generate(pairs.sources, report)
    seconds = time.perf_counter() - began
    outputs = [best.text for best, *_ in generated]
    score = score_outputs(
        pairs.sources,
        outputs,
        pairs.targets,
        nats=nats,
        tokens=encoded.predictions,
        seconds=seconds,
        lead_words=artifacts.target_words,
        lowercase=lowercase,
        cut=sum(best.cut for best, *_ in generated),
    )
    return score, outputs


def make_samples(pairs: Pairs, outputs: list[str], artifacts: TranslatorArtifacts) -> list[dict[str, str]]:
    """Return the first few pairs with the outputs of the model and the start of the source."""
    sources = pairs.sources[:SAMPLE_COUNT]
    leads = next(iter(lead_outputs(sources, artifacts.target_words).values()))
    columns = (sources, pairs.targets, leads, outputs)
    return [dict(zip(SAMPLE_PARTS, row, strict=True)) for row in zip(*columns, strict=False)]
