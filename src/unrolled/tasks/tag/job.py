"""Batches and loss of a tagger, for the training loop."""

import dataclasses
from collections.abc import Iterator

import torch

from unrolled.data import IGNORE
from unrolled.data.noise import drop_tokens
from unrolled.layers.output import token_losses
from unrolled.models.tagger import RecurrentTagger
from unrolled.tasks.tag.batches import TaggedBatch, make_batches
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.data import TaggerData
from unrolled.tasks.tag.predicting import score_sentences
from unrolled.text import EOS_ID, UNK_ID
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.job import CarriedState


class TaggerJob:
    """The training job of a tagger: batches, loss and validation."""

    def __init__(self, model: RecurrentTagger, data: TaggerData, config: TaggerConfig) -> None:
        self.model = model
        self._data, self._config = data, config

    def batches(self, epoch: int) -> Iterator[TaggedBatch]:
        """See :meth:`Job.batches`."""
        training = self._config.training
        seed = training.seed * 1_000_003 + epoch
        return (batch for _, batch in make_batches(self._data.train, training.batch, seed))

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        return -(-len(self._data.train) // self._config.training.batch)

    def loss(self, batch: TaggedBatch, state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`."""
        sentences = batch.sentences
        rate = self._config.dropout.dropout_word
        if self.model.training and rate:
            words = drop_tokens(sentences.words, rate, UNK_ID, keep=EOS_ID)
            sentences = dataclasses.replace(sentences, words=words)
        smoothing = self._config.training.label_smoothing
        scores = self.model(sentences)
        total = self.model.loss_from_scores(
            scores, sentences, batch.tags, ignore=IGNORE, label_smoothing=smoothing
        )
        nats = total.detach()
        if smoothing:
            detached = scores.detach()
            nats = self.model.loss_from_scores(
                detached, sentences, batch.tags, ignore=IGNORE, label_smoothing=0.0
            )
        count = int(sentences.lengths.sum())
        return StepLoss(total / count, nats, count, None)

    def step_losses(self, batch: TaggedBatch, state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`: one loss per word; with a CRF one per sentence, at its last step."""
        scores, lengths = self.model(batch.sentences), batch.sentences.lengths
        if self.model.crf is None:
            times = torch.arange(len(scores), device=scores.device)
            return StepLosses(token_losses(scores, batch.tags, IGNORE), times)
        return StepLosses(self.model.crf(scores, batch.tags, lengths)[None], lengths[None] - 1)

    def first_rows(self, batch: TaggedBatch, rows: int) -> TaggedBatch:
        """See :meth:`Job.first_rows`."""
        return batch.first_rows(rows)

    def validate(self) -> Validation | None:
        """Score the held-out sentences by the metric that ``select`` names."""
        valid = self._data.valid
        if valid is None:
            return None
        score = score_sentences(self.model, valid, self._data.tags)
        metrics = {"accuracy": score.accuracy}
        if score.has_spans:
            metrics["span_f1"] = score.span_f1
        select = self._config.tags.select
        select = ("span_f1" if score.has_spans else "accuracy") if select == "auto" else select
        if select == "span_f1":
            metrics[select] = score.span_f1  # 0 if there are no spans
        return Validation(score.nats if select == "loss" else 1 - metrics[select], score.nats, metrics)
