"""What a language model hands to the training loop, and how it is scored."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data import IGNORE, Chunk, Sentences, TokenStream
from unrolled.devices import device_of, move
from unrolled.layers.output import token_losses
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.data import Corpus, Tokens
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.gradients import rows_suffice
from unrolled.training.job import Carried
from unrolled.training.waiting import Report, silent

SCORING_STEPS = 1000


@dataclass(frozen=True)
class LanguageScore:
    """How well a text is predicted, and what was counted."""

    nats: float
    """Sum of −ln p over all predictions."""
    tokens: int
    """Predictions: all tokens, ``<eos>`` and ``<unk>`` included."""
    characters: int
    """Characters of the text as decoded from its tokens."""
    eos: int
    unknown: int
    vocabulary: int

    @property
    def nats_per_token(self) -> float:
        """Cross-entropy, E = (1/T) Σ −ln p."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """Exp of the nats a token."""
        return math.exp(min(self.nats_per_token, 700.0))

    @property
    def bits_per_character(self) -> float:
        """Bits of the whole text over its characters."""
        return self.nats / math.log(2) / max(self.characters, 1)

    def to_json(self) -> dict[str, float | int]:
        """Return every figure."""
        return {
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
            "bits_per_character": self.bits_per_character,
            "tokens": self.tokens,
            "characters": self.characters,
            "eos": self.eos,
            "unknown": self.unknown,
            "vocabulary": self.vocabulary,
        }

    def __str__(self) -> str:
        return (
            f"{self.nats_per_token:.4f} nats/token, perplexity {self.perplexity:.2f}, "
            f"{self.bits_per_character:.4f} bits/character "
            f"({self.tokens:,} tokens with {self.eos:,} <eos> and {self.unknown:,} <unk>, "
            f"{self.characters:,} characters, vocabulary {self.vocabulary:,})"
        )


class LanguageJob:
    """The batches and the loss of a language model."""

    def __init__(self, model: RecurrentLanguageModel, corpus: Corpus, config: LanguageModelConfig) -> None:
        self.model = model
        self._corpus, self._config = corpus, config
        sentence = config.corpus.mode == "sentence"
        chosen = config.training.loss
        self._reduction = ("sentence" if sentence else "token") if chosen == "auto" else chosen

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

    def loss(self, batch: Chunk, state: Carried) -> StepLoss:
        """See :meth:`Job.loss`."""
        tokens = int((batch.targets != IGNORE).sum())
        loss, nats, next_state = self.model.loss(
            batch.inputs,
            batch.targets,
            state,
            lengths=batch.lengths,
            fresh=batch.fresh,
            row_weights=self._row_weights(batch, tokens),
            ignore=IGNORE,
            label_smoothing=self._config.training.label_smoothing,
            row_sparse=rows_suffice(self._config.optimizer),
        )
        carried = None if batch.lengths is not None else tuple(s.detach() for s in next_state)
        return StepLoss(loss, nats.sum(), tokens, carried)

    def step_losses(self, batch: Chunk, state: Carried) -> StepLosses:
        """See :meth:`Job.step_losses`; all logits of the batch are held."""
        logits, _ = self.model(batch.inputs, state, lengths=batch.lengths, fresh=batch.fresh)
        times = torch.arange(len(logits), device=logits.device)
        return StepLosses(token_losses(logits, batch.targets, IGNORE), times)

    def _row_weights(self, batch: Chunk, tokens: int) -> Tensor:
        """Return the weight of each prediction in the loss, of a shape that expands to (T, B)."""
        rows, device = batch.targets.shape[1], batch.targets.device
        if self._reduction == "token":
            return torch.tensor(1 / tokens, device=device)
        if self._reduction == "steps":
            return torch.tensor(1 / rows, device=device)
        assert batch.lengths is not None
        return 1 / (batch.lengths * rows)

    def validate(self) -> Validation | None:
        """Score the held-out text by its nats a token, read in as many rows as in training."""
        valid = self._corpus.valid
        if valid is None:
            return None
        rows = min(self._config.training.batch, valid.predictions)
        nats, predictions = score_rows(self.model, valid, rows)
        return Validation(nats / predictions, nats / predictions)


def score_rows(
    model: RecurrentLanguageModel, tokens: Tokens, rows: int, report: Report = silent
) -> tuple[float, int]:
    """Return (nats, predictions) of a text cut into so many rows: fast, each row starting from zeros."""
    if isinstance(tokens, TokenStream):
        return _total(_losses(model, tokens.chunks(rows, max(1, SCORING_STEPS // rows)), report))
    return _total(_losses(model, tokens.chunks(rows), report, carry=False))


def score_documents(
    model: RecurrentLanguageModel, tokens: Tokens, rows: int, report: Report = silent
) -> tuple[float, int]:
    """Return (nats, predictions) of a text, each document read in one pass from its beginning."""
    return _total(_document_losses(model, tokens, rows, report))


def score_tokens(
    model: RecurrentLanguageModel, tokens: Tokens, rows: int, report: Report = silent
) -> NDArray[np.float64]:
    """Return −ln p (N,) of every token in reading order, each document read as in :func:`score_documents`."""
    nats = np.full(tokens.predictions, np.nan)
    for chunk, losses in _document_losses(model, tokens, rows, report):
        assert chunk.places is not None
        counted = chunk.targets != IGNORE
        nats[chunk.places[counted].cpu().numpy()] = losses[counted].double().cpu().numpy()
    assert not np.isnan(nats).any()
    return nats


def _document_losses(
    model: RecurrentLanguageModel, tokens: Tokens, rows: int, report: Report
) -> Iterator[tuple[Chunk, Tensor]]:
    if isinstance(tokens, TokenStream):
        for chunks in tokens.documents(rows, SCORING_STEPS):
            yield from _losses(model, chunks, report)
    else:
        yield from _losses(model, tokens.chunks(rows), report, carry=False)


def _total(scored: Iterable[tuple[Chunk, Tensor]]) -> tuple[float, int]:
    nats, predictions = 0.0, 0
    for chunk, losses in scored:
        nats += float(losses.double().sum())
        predictions += int((chunk.targets != IGNORE).sum())
    return nats, predictions


@torch.no_grad()
def _losses(
    model: RecurrentLanguageModel, chunks: Iterator[Chunk], report: Report, *, carry: bool = True
) -> Iterator[tuple[Chunk, Tensor]]:
    """Yield consecutive chunks with −ln p of each target; rows that have ended are not in the later ones."""
    model.eval()
    state: Carried = None
    for read in chunks:
        chunk = move(read, device_of(model))
        if state is not None:
            state = tuple(s[..., : chunk.inputs.shape[1], :] for s in state)
        _, losses, next_state = model.loss(
            chunk.inputs,
            chunk.targets,
            state,
            lengths=chunk.lengths,
            fresh=chunk.fresh,
            ignore=IGNORE,
        )
        state = next_state if carry else None
        yield chunk, losses
        report(int((chunk.targets != IGNORE).sum()))
