"""Batches and loss of a translator, for the training loop."""

from collections.abc import Callable, Iterator

import torch

from unrolled.data import IGNORE, PairBatch
from unrolled.layers.output import token_losses
from unrolled.models import EncoderDecoder
from unrolled.models.scheduled_sampling import sample_inputs
from unrolled.tasks.translate.config import TranslatorConfig
from unrolled.tasks.translate.data import TranslatorData
from unrolled.tasks.translate.predicting import score_pairs
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.job import CarriedState


class TranslationJob:
    """The training job of a translator: batches, loss and validation.

    Args:
        model: model to train.
        data: training and held-out pairs.
        config: configuration of the translator.
        bleu: function that returns the BLEU on the held-out pairs. If given, the weights with the best BLEU
            are kept; otherwise those with the lowest loss.
    """

    def __init__(
        self,
        model: EncoderDecoder,
        data: TranslatorData,
        config: TranslatorConfig,
        bleu: Callable[[], float] | None = None,
    ) -> None:
        self.model = model
        self._data, self._config, self._bleu = data, config, bleu

    def batches(self, epoch: int) -> Iterator[PairBatch]:
        """See :meth:`Job.batches`."""
        training = self._config.training
        seed = training.seed * 1_000_003 + epoch
        return self._data.train.batches(training.batch, seed, training.sampling_probability_in(epoch))

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        return self._data.train.batch_count(self._config.training.batch)

    def loss(self, batch: PairBatch, state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`."""
        target_count = batch.predictions
        source, inputs = batch.source, batch.inputs
        if batch.sampling:
            inputs = sample_inputs(self.model, source.tokens, source.lengths, inputs, batch.sampling)
        loss, row_losses = self.model.loss(
            source.tokens,
            source.lengths,
            inputs,
            batch.lengths,
            batch.targets,
            row_weights=torch.tensor(1 / target_count, device=inputs.device),
            ignore=IGNORE,
            label_smoothing=self._config.training.label_smoothing,
        )
        return StepLoss(loss, row_losses.sum(), target_count, None)

    def step_losses(self, batch: PairBatch, state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`: one loss per decoder step, with teacher forcing."""
        source = batch.source
        logits, _ = self.model(source.tokens, source.lengths, batch.inputs, batch.lengths)
        losses = token_losses(logits, batch.targets, IGNORE)
        return StepLosses(losses, torch.arange(len(losses), device=losses.device), "decoder.recurrent")

    def first_rows(self, batch: PairBatch, rows: int) -> PairBatch:
        """See :meth:`Job.first_rows`."""
        return batch.first_rows(rows)

    def validate(self) -> Validation | None:
        """Return the nats per token on the held-out pairs.

        The score is these nats, or −BLEU if there is a BLEU function.
        """
        valid = self._data.valid
        if valid is None:
            return None
        nats_per_token = score_pairs(self.model, valid, self._data.unknown_share) / valid.predictions
        if self._bleu is None:
            return Validation(nats_per_token, nats_per_token)
        bleu = self._bleu()
        return Validation(-bleu, nats_per_token, {"bleu": bleu})
