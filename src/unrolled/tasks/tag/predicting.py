"""Predicted tags of a trained tagger, and their scores."""

import torch

from unrolled.data import IGNORE
from unrolled.devices import get_device, move
from unrolled.models.tagger import RecurrentTagger, SentenceBatch
from unrolled.tasks.tag.batches import TaggedBatch, make_batches
from unrolled.tasks.tag.data import EncodedSentences
from unrolled.tasks.tag.score import TaggerScore
from unrolled.training.progress_display import ProgressCallback, ignore_progress

BATCH_SIZE = 64


@torch.no_grad()
def tag_and_score(
    model: RecurrentTagger,
    sentences: EncodedSentences,
    tags: list[str],
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[list[list[str]], float]:
    """Return the predicted tags of each sentence, and the mean −ln p of the true tags.

    Words without a true tag, or with one that did not occur in training, do not count in the mean.
    """
    model.eval()
    predicted: list[list[str]] = [[] for _ in range(len(sentences))]
    nats, words = 0.0, 0
    for sentence_indices, cpu_batch in make_batches(sentences, BATCH_SIZE):
        batch = move(cpu_batch, get_device(model))
        emissions = model(batch.sentences)
        batch_nats, batch_words = _sum_nats(model, emissions, batch)
        nats, words = nats + batch_nats, words + batch_words
        _store_tags(
            model.best_tags(emissions, batch.sentences),
            sentence_indices.tolist(),
            batch.sentences,
            tags,
            predicted,
        )
        on_progress(int(batch.sentences.lengths.sum()))
    return predicted, nats / max(words, 1)


def _sum_nats(model: RecurrentTagger, emissions: torch.Tensor, batch: TaggedBatch) -> tuple[float, int]:
    """Return the sum of −ln p over the words whose true tag occurs in training, and their number.

    In a CRF, words whose true tag is missing or does not occur in training are summed out:
    ln p = ln Z over the sequences that agree with the known tags − ln Z over all sequences.
    """
    lengths, count = batch.sentences.lengths, int((batch.tags != IGNORE).sum())
    if model.crf is None or count == int(lengths.sum()):
        nats = model.loss_from_scores(
            emissions, batch.sentences, batch.tags, ignore=IGNORE, label_smoothing=0.0
        )
        return float(nats), count
    ruled_out = torch.ones_like(emissions, dtype=torch.bool)
    ruled_out.scatter_(2, batch.tags.clamp(min=0)[..., None], value=False)
    ruled_out &= (batch.tags != IGNORE)[..., None]
    log_known = model.crf.log_partition(emissions.masked_fill(ruled_out, -torch.inf), lengths)
    return float((model.crf.log_partition(emissions, lengths) - log_known).sum()), count


def _store_tags(
    best: torch.Tensor,
    sentence_indices: list[int],
    batch: SentenceBatch,
    tags: list[str],
    predicted: list[list[str]],
) -> None:
    """Write the tags of a batch into ``predicted``, at the indices of its sentences."""
    for column, (i, length) in enumerate(zip(sentence_indices, batch.lengths.tolist(), strict=True)):
        predicted[i] = [tags[tag] for tag in best[:length, column].tolist()]


def score_sentences(
    model: RecurrentTagger,
    sentences: EncodedSentences,
    tags: list[str],
    on_progress: ProgressCallback = ignore_progress,
) -> TaggerScore:
    """Return the scores of a model on tagged sentences."""
    predicted, nats = tag_and_score(model, sentences, tags, on_progress)
    return TaggerScore(tags, sentences.text.tags, predicted, nats)
