"""Tags by a trained tagger, and their scores."""

import torch

from unrolled.data import IGNORE
from unrolled.devices import device_of, move
from unrolled.models.tagger import RecurrentTagger, Sentences
from unrolled.tasks.tag.data import EncodedSentences, TaggedBatch
from unrolled.tasks.tag.score import TaggerScore
from unrolled.training.waiting import Report, silent

PREDICTING_ROWS = 64


@torch.no_grad()
def tag_sentences(
    model: RecurrentTagger, sentences: EncodedSentences, tags: list[str], report: Report = silent
) -> tuple[list[list[str]], float]:
    """Return the best tags of each sentence, and the mean −ln p of a word's true tag, of known ones."""
    model.eval()
    found: list[list[str]] = [[] for _ in range(len(sentences))]
    nats, words = 0.0, 0
    for rows, encoded in sentences.batches(PREDICTING_ROWS):
        batch = move(encoded, device_of(model))
        scores = model(batch.sentences)
        lost, counted = _nats(model, scores, batch)
        nats, words = nats + lost, words + counted
        _take(model.best_of(scores, batch.sentences), rows.tolist(), batch.sentences, tags, found)
        report(int(batch.sentences.lengths.sum()))
    return found, nats / max(words, 1)


def _nats(model: RecurrentTagger, scores: torch.Tensor, batch: TaggedBatch) -> tuple[float, int]:
    """Return the sum of −ln p of the tags that are known, and how many these are.

    Of a sentence with unknown tags a CRF gives the probability of the known ones, summed over all others.
    """
    lengths, count = batch.sentences.lengths, int((batch.tags != IGNORE).sum())
    if model.crf is None or count == int(lengths.sum()):
        lost = model.loss_of(scores, batch.sentences, batch.tags, ignore=IGNORE, label_smoothing=0.0)
        return float(lost), count
    others = torch.ones_like(scores, dtype=torch.bool)
    others.scatter_(2, batch.tags.clamp(min=0)[..., None], value=False)
    others &= (batch.tags != IGNORE)[..., None]
    agreeing = model.crf.log_partition(scores.masked_fill(others, -torch.inf), lengths)
    return float((model.crf.log_partition(scores, lengths) - agreeing).sum()), count


def _take(
    best: torch.Tensor, rows: list[int], batch: Sentences, tags: list[str], found: list[list[str]]
) -> None:
    """Put the tags of a batch where their sentences are."""
    for column, (row, length) in enumerate(zip(rows, batch.lengths.tolist(), strict=True)):
        found[row] = [tags[i] for i in best[:length, column].tolist()]


def score_sentences(
    model: RecurrentTagger, sentences: EncodedSentences, tags: list[str], report: Report = silent
) -> TaggerScore:
    """Return the figures of a model on tagged sentences."""
    predicted, nats = tag_sentences(model, sentences, tags, report)
    return TaggerScore(tags, sentences.text.tags, predicted, nats)
