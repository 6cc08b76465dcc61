"""Training job of a language model: batches and loss for the training loop."""

from collections.abc import Iterator

import torch
from torch import Tensor

from unrolled.data import IGNORE, Chunk, Sentences
from unrolled.layers.output import token_losses
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import Corpus, TextToScore, all_ids
from unrolled.tasks.lm.score import score_rows
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.gradients import can_use_sparse_gradients
from unrolled.training.job import CarriedState
from unrolled.unknown import get_unknown_share


class LanguageJob:
    """The batches and the loss of a language model."""

    def __init__(self, model: RecurrentLanguageModel, corpus: Corpus, config: LanguageModelConfig) -> None:
        self.model = model
        self._corpus, self._config = corpus, config
        sentence = config.corpus.mode == "sentence"
        loss = config.training.loss
        self._reduction = ("sentence" if sentence else "token") if loss == "auto" else loss

    def batches(self, epoch: int) -> Iterator[Chunk]:
        """See :meth:`Job.batches`."""
        training, train = self._config.training, self._corpus.train
        if isinstance(train, Sentences):
            return train.chunks(training.batch, seed=training.seed * 1_000_003 + epoch)
        return train.chunks(training.batch, training.steps)

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        training, train = self._config.training, self._corpus.train
        if isinstance(train, Sentences):
            return train.chunk_count(training.batch)
        return train.chunk_count(training.batch, training.steps)

    def loss(self, batch: Chunk, state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`."""
        tokens = int((batch.targets != IGNORE).sum())
        loss, nats, next_state = self.model.loss(
            batch.inputs,
            batch.targets,
            state,
            lengths=batch.lengths,
            reset_mask=batch.reset_mask,
            row_weights=self._row_weights(batch, tokens),
            ignore=IGNORE,
            label_smoothing=self._config.training.label_smoothing,
            row_sparse=can_use_sparse_gradients(self._config.optimizer),
        )
        carried = None if batch.lengths is not None else tuple(s.detach() for s in next_state)
        return StepLoss(loss, nats.sum(), tokens, carried)

    def step_losses(self, batch: Chunk, state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`; keeps all logits of the batch in memory."""
        logits, _ = self.model(batch.inputs, state, lengths=batch.lengths, reset_mask=batch.reset_mask)
        times = torch.arange(len(logits), device=logits.device)
        return StepLosses(token_losses(logits, batch.targets, IGNORE), times)

    def first_rows(self, batch: Chunk, rows: int) -> Chunk:
        """See :meth:`Job.first_rows`."""
        return batch.first_rows(rows)

    def _row_weights(self, batch: Chunk, tokens: int) -> Tensor:
        """Return the weight of each prediction in the loss, broadcastable to (T, B)."""
        rows, device = batch.targets.shape[1], batch.targets.device
        if self._reduction == "token":
            return torch.tensor(1 / tokens, device=device)
        if self._reduction == "steps":
            return torch.tensor(1 / rows, device=device)
        assert batch.lengths is not None
        return 1 / (batch.lengths * rows)

    def validate(self) -> Validation | None:
        """Return nats per token of the held-out text, read in as many rows as in training."""
        valid = self._corpus.valid
        if valid is None:
            return None
        rows = min(self._config.training.batch, valid.predictions)
        share = get_unknown_share(all_ids(valid)[1:], self._corpus.share)
        nats, predictions = score_rows(self.model, TextToScore(valid, share), rows)
        return Validation(nats / predictions, nats / predictions)
