"""Batches and loss of a classifier, for the training loop."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.data.noise import drop_tokens
from unrolled.devices import move
from unrolled.models.classifier import RecurrentClassifier
from unrolled.tasks.classify.batches import LabelledBatch, make_batches
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import ClassifierData
from unrolled.tasks.classify.predicting import score_examples
from unrolled.text import EOS_ID, UNK_ID
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.job import CarriedState


class ClassifierJob:
    """The training job of a classifier: batches, loss and validation."""

    def __init__(self, model: RecurrentClassifier, data: ClassifierData, config: ClassifierConfig) -> None:
        self.model = model
        self._data, self._config = data, config
        self._weights = (
            _balanced_weights(data.data_info["class_counts"])
            if config.head.class_weights == "balanced"
            else None
        )

    def batches(self, epoch: int) -> Iterator[LabelledBatch]:
        """See :meth:`Job.batches`."""
        training = self._config.training
        seed = training.seed * 1_000_003 + epoch
        return (batch for _, batch in make_batches(self._data.train, training.batch, seed))

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        return -(-len(self._data.train) // self._config.training.batch)

    def loss(self, batch: LabelledBatch, state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`."""
        sequences = batch.sequences
        if self.model.training and self._config.dropout.dropout_word:
            sequences = drop_tokens(sequences, self._config.dropout.dropout_word, UNK_ID, keep=EOS_ID)
        logits = self.model(sequences, batch.lengths)
        smoothing = self._config.training.label_smoothing
        weights = move(self._weights, logits.device)
        loss = F.cross_entropy(logits, batch.labels, weights, label_smoothing=smoothing)
        nats = F.cross_entropy(logits.detach(), batch.labels, reduction="sum")
        return StepLoss(loss, nats, len(batch.labels), None)

    def step_losses(self, batch: LabelledBatch, state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`: one loss per row, assigned to its last step."""
        logits = self.model(batch.sequences, batch.lengths)
        losses = F.cross_entropy(logits, batch.labels, reduction="none")
        return StepLosses(losses[None], batch.lengths[None] - 1, "reader.recurrent")

    def first_rows(self, batch: LabelledBatch, rows: int) -> LabelledBatch:
        """See :meth:`Job.first_rows`."""
        return batch.first_rows(rows)

    def validate(self) -> Validation | None:
        """Score the held-out examples by the metric that ``select`` names."""
        valid = self._data.valid
        if valid is None:
            return None
        score = score_examples(self.model, valid, self._data.class_names)
        metrics = {"accuracy": score.accuracy, "macro_f1": score.macro_f1}
        select = self._config.head.select
        return Validation(score.nats if select == "loss" else 1 - metrics[select], score.nats, metrics)


def _balanced_weights(class_counts: list[int]) -> Tensor:
    """Return N / (classes × count) for each class."""
    counts = torch.tensor(class_counts, dtype=torch.get_default_dtype())
    return counts.sum() / (len(class_counts) * counts)
