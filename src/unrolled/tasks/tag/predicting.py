"""Predicted tags of a trained tagger, and their scores."""

import torch

from unrolled.data import IGNORE
from unrolled.devices import get_device, move
from unrolled.models.tagger import RecurrentTagger, Sentences
from unrolled.tasks.tag.data import EncodedSentences, TaggedBatch
from unrolled.tasks.tag.score import TaggerScore
from unrolled.training.progress_display import ProgressCallback, ignore_progress

BATCH_SIZE = 64


@torch.no_grad()
def tag_sentences(
    model: RecurrentTagger,
    sentences: EncodedSentences,
    tags: list[str],
    report: ProgressCallback = ignore_progress,
) -> tuple[list[list[str]], float]:
    """Return the predicted tags of each sentence, and the mean −ln p of the true tags.

    Words without a true tag, or with one that did not occur in training, do not count in the mean.
    """
    model.eval()
    predicted: list[list[str]] = [[] for _ in range(len(sentences))]
    nats, words = 0.0, 0
    for rows, cpu_batch in sentences.batches(BATCH_SIZE):
        batch = move(cpu_batch, get_device(model))
        scores = model(batch.sentences)
        batch_nats, batch_words = _sum_nats(model, scores, batch)
        nats, words = nats + batch_nats, words + batch_words
        _store_tags(model.best_tags(scores, batch.sentences), rows.tolist(), batch.sentences, tags, predicted)
        report(int(batch.sentences.lengths.sum()))
    return predicted, nats / max(words, 1)


def _sum_nats(model: RecurrentTagger, scores: torch.Tensor, batch: TaggedBatch) -> tuple[float, int]:
    """Return the sum of −ln p over the true tags that occur in the training data, and the number of these.

    A CRF sums over all possible tags at the other words:
    ln p = ln Z(sequences with the known true tags) − ln Z(all sequences).
    """
    lengths, count = batch.sentences.lengths, int((batch.tags != IGNORE).sum())
    if model.crf is None or count == int(lengths.sum()):
        nats = model.loss_from_scores(scores, batch.sentences, batch.tags, ignore=IGNORE, label_smoothing=0.0)
        return float(nats), count
    wrong_tags = torch.ones_like(scores, dtype=torch.bool)
    wrong_tags.scatter_(2, batch.tags.clamp(min=0)[..., None], value=False)
    wrong_tags &= (batch.tags != IGNORE)[..., None]
    log_known = model.crf.log_partition(scores.masked_fill(wrong_tags, -torch.inf), lengths)
    return float((model.crf.log_partition(scores, lengths) - log_known).sum()), count


def _store_tags(
    best: torch.Tensor, rows: list[int], batch: Sentences, tags: list[str], predicted: list[list[str]]
) -> None:
    """Write the tags of a batch into ``predicted``, at the rows of their sentences."""
    for column, (row, length) in enumerate(zip(rows, batch.lengths.tolist(), strict=True)):
        predicted[row] = [tags[i] for i in best[:length, column].tolist()]


def score_sentences(
    model: RecurrentTagger,
    sentences: EncodedSentences,
    tags: list[str],
    report: ProgressCallback = ignore_progress,
) -> TaggerScore:
    """Return the scores of a model on tagged sentences."""
    predicted, nats = tag_sentences(model, sentences, tags, report)
    return TaggerScore(tags, sentences.text.tags, predicted, nats)
