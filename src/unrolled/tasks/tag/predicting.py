"""Tags by a trained tagger, and their scores."""

import torch

from unrolled.data import IGNORE
from unrolled.devices import device_of, move
from unrolled.models.tagger import RecurrentTagger, Sentences
from unrolled.tasks.tag.data import EncodedSentences
from unrolled.tasks.tag.score import TaggerScore
from unrolled.training.waiting import Report, silent

PREDICTING_ROWS = 64


@torch.no_grad()
def tag_sentences(
    model: RecurrentTagger, sentences: EncodedSentences, tags: list[str], report: Report = silent
) -> tuple[list[list[str]], float]:
    """Return the best tags of each sentence, and the sum of −ln p of those that they are said to have."""
    model.eval()
    found: list[list[str]] = [[] for _ in range(len(sentences))]
    nats = 0.0
    for rows, encoded in sentences.batches(PREDICTING_ROWS):
        batch = move(encoded, device_of(model))
        scores = model(batch.sentences)
        nats += float(model.loss_of(scores, batch.sentences, batch.tags, ignore=IGNORE, label_smoothing=0.0))
        _take(model.best_of(scores, batch.sentences), rows.tolist(), batch.sentences, tags, found)
        report(int(batch.sentences.lengths.sum()))
    return found, nats


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
    true = [[tags[i] for i in sentence.tolist()] for sentence in sentences.tags]
    return TaggerScore(tags, true, predicted, nats / sentences.word_count)
